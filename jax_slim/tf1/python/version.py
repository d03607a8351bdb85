"""What programs ask of the version, and the switches between TF 1 and TF 2: here it is always TF 1."""

from typing import Any

GIT_VERSION = "v1.15.5"
COMPILER_VERSION = ""


def executing_eagerly() -> bool:
    """False: operations make graphs."""
    return False


def _nothing(name: str) -> Any:
    def function() -> None:
        return None

    function.__name__, function.__doc__ = name, "Nothing: this is TF 1."
    return function


disable_v2_behavior, disable_eager_execution = _nothing("disable_v2_behavior"), _nothing("disable_eager_execution")
disable_v2_tensorshape, disable_control_flow_v2 = (
    _nothing("disable_v2_tensorshape"),
    _nothing("disable_control_flow_v2"),
)
disable_tensor_equality = _nothing("disable_tensor_equality")


def _refused(name: str) -> Any:
    def function(*args: Any, **kwargs: Any) -> None:
        raise NotImplementedError(
            f"tf.{name}: jax-slim's TensorFlow 1 makes graphs; there is no eager execution. In JAX itself everything is: see docs/tf1_programs.md."
        )

    function.__name__, function.__doc__ = name, "Refused: there is no eager execution here."
    return function


enable_eager_execution, enable_v2_behavior = _refused("enable_eager_execution"), _refused("enable_v2_behavior")
enable_control_flow_v2 = _nothing("enable_control_flow_v2")
