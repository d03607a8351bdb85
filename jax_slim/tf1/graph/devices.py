"""Device names: '/job:worker/task:1/gpu:0' in TensorFlow's full spelling, merged along nested scopes. They place nothing: JAX does."""

import re
from collections.abc import Callable
from typing import Any

_PARTS = ("job", "replica", "task", "device")


class DeviceSpec:
    """`tf.DeviceSpec`: the parts of a device name."""

    def __init__(
        self, job: Any = None, replica: Any = None, task: Any = None, device_type: Any = None, device_index: Any = None
    ) -> None:
        self.job, self.replica, self.task = job, replica, task
        self.device_type, self.device_index = device_type, device_index

    @classmethod
    def from_string(cls, spec: str) -> "DeviceSpec":
        """The parts of a name.

        Raises:
          ValueError: a part is not one.
        """
        made = cls()
        for part in spec.split("/"):
            if not part:
                continue
            key, *rest = part.split(":")
            if key in ("job", "replica", "task") and len(rest) == 1:
                setattr(made, key, rest[0] if key == "job" else int(rest[0]))
            elif key == "device" and 1 <= len(rest) <= 2:
                made.device_type = rest[0]
                made.device_index = None if len(rest) == 1 or rest[1] == "*" else int(rest[1])
            elif re.fullmatch(r"(?i)(cpu|gpu|tpu|xla_\w+)", key) and len(rest) <= 1:
                made.device_type = key.upper()
                made.device_index = None if not rest or rest[0] == "*" else int(rest[0])
            else:
                raise ValueError(f"Unknown attribute: '{key}' in '{spec}'")
        return made

    parse_from_string = from_string

    def merge_from(self, other: "DeviceSpec") -> None:
        for name in ("job", "replica", "task", "device_type", "device_index"):
            if getattr(other, name) is not None:
                setattr(self, name, getattr(other, name))

    def to_string(self) -> str:
        text = "".join(
            f"/{key}:{getattr(self, key)}" for key in ("job", "replica", "task") if getattr(self, key) is not None
        )
        if self.device_type is not None:
            text += f"/device:{self.device_type}:{'*' if self.device_index is None else self.device_index}"
        return text


def canonical_name(device: Any) -> str:
    """A device's full name: '/gpu:0' is '/device:GPU:0'."""
    if device is None:
        return ""
    return (device if isinstance(device, DeviceSpec) else DeviceSpec.from_string(device)).to_string()


def merge_device(spec: Any) -> Callable[[Any], str]:
    """A device function that fills in what an operation's device does not say."""
    given = DeviceSpec.from_string(spec or "") if not isinstance(spec, DeviceSpec) else spec

    def device_setter(node: Any) -> str:
        merged = DeviceSpec.from_string(given.to_string())
        merged.merge_from(DeviceSpec.from_string(node.device or ""))
        return merged.to_string()

    return device_setter


def entry(device: Any) -> Any:
    """What a device scope keeps: None, a function of the operation, or a name."""
    if device is None or callable(device):
        return device
    return canonical_name(device)


def resolve(stack: list[Any], op: Any) -> str:
    """The device of a new operation: scopes from the innermost outward; inner ones win, None ends the search."""
    for scope in reversed(stack):
        if scope is None:
            break
        if callable(scope):
            found = scope(op)  # kept as the function spells it
            op._device = (found if isinstance(found, str) else canonical_name(found)) or op._device
        else:
            merged = DeviceSpec.from_string(scope)
            merged.merge_from(DeviceSpec.from_string(op._device or ""))
            op._device = merged.to_string()
    return op._device
