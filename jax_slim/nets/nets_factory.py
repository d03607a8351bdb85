"""Nets by name, as research/slim's scripts choose them.

network_fn = nets_factory.get_network_fn("mobilenet_v1_025", num_classes=10, is_training=True)
logits, end_points = network_fn(images)         # inside a slim program
"""

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, cast

from jax_slim.core.arg_scope import arg_scope
from jax_slim.nets import mobilenet
from jax_slim.nets.registry import NetFunction, OnUse, row_of

networks_map: Mapping[str, NetFunction] = cast(Mapping[str, NetFunction], OnUse("function"))
"""Name -> the net's function."""

arg_scopes_map: Mapping[str, Callable[..., Any]] = OnUse("arg_scope")
"""Name -> the function that makes its defaults, with an argument `weight_decay`."""


def get_network_fn(
    name: str,
    num_classes: int | None,
    weight_decay: float = 0.0,
    is_training: bool = False,
    batch_norm_decay: float | None = None,
) -> Callable[..., Any]:
    """Binds a net to its defaults, a number of classes and a mode.

    Args:
      name: one of `slim.nets.list_models()`.
      num_classes: how many classes; None or 0 leaves out the last layer where the net allows it.
      weight_decay: the scale of the L2 loss on weights.
      is_training: whether dropout is on and batch norm uses the batch's statistics.
      batch_norm_decay: how much the moving averages of batch norm keep of themselves at each step. None means the
        net's own, often 0.9997: made for hundreds of thousands of steps, after a few hundred it leaves averages that
        have hardly moved, and evaluation gives nonsense.

    Returns:
      network_fn(images, **kwargs) -> (logits, end points); `kwargs` are further arguments of the net. Its attribute
      `default_image_size` is the height and width in pixels that the net was made for.

    Raises:
      ValueError: there is no such net (the message has near names), or it has no batch norm to set the decay of.
    """
    row_of("get_network_fn", name)
    function, defaults = networks_map[name], arg_scopes_map[name]
    options: dict[str, Any] = {"weight_decay": weight_decay}
    if batch_norm_decay is not None:
        argument, _ = _decay_of(name)
        if argument is None:
            raise ValueError(f"get_network_fn: batch_norm_decay must be None for {name}: it has no batch norm.")
        options[argument] = batch_norm_decay

    @functools.wraps(function)
    def network_fn(images: Any, **kwargs: Any) -> Any:
        with arg_scope(defaults(**options)):
            return function(images, num_classes=num_classes, is_training=is_training, **kwargs)

    if hasattr(function, "default_image_size"):
        network_fn.default_image_size = function.default_image_size  # pyright: ignore[reportAttributeAccessIssue]
    return network_fn


def own_batch_norm_decay(name: str) -> float | None:
    """The decay of batch norm's moving averages that a net was published with; None where it has no batch norm."""
    return _decay_of(name)[1]


def _decay_of(name: str) -> tuple[str | None, float | None]:
    """What a net's function of defaults calls the decay, and which it has."""
    parameters = inspect.signature(arg_scopes_map[name]).parameters
    if "batch_norm_decay" in parameters:
        return "batch_norm_decay", parameters["batch_norm_decay"].default
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values()):
        # MobileNet v2 and v3 pass on what the common training_scope takes.
        return "bn_decay", inspect.signature(mobilenet.training_scope).parameters["bn_decay"].default
    return None, None
