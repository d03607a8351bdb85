"""Nets by name, as research/slim's scripts choose them.

network_fn = nets_factory.get_network_fn("mobilenet_v1_025", num_classes=10, is_training=True)
logits, end_points = network_fn(images)         # inside a slim program
"""

import functools
from collections.abc import Callable, Mapping
from typing import Any

from jax_slim.core.arg_scope import arg_scope
from jax_slim.nets.registry import OnUse, row_of

networks_map: Mapping[str, Callable[..., Any]] = OnUse("function")
"""Name -> the net's function."""

arg_scopes_map: Mapping[str, Callable[..., Any]] = OnUse("arg_scope")
"""Name -> the function that makes its defaults, with an argument `weight_decay`."""


def get_network_fn(
    name: str, num_classes: int | None, weight_decay: float = 0.0, is_training: bool = False
) -> Callable[..., Any]:
    """Binds a net to its defaults, a number of classes and a mode.

    Args:
      name: one of `slim.nets.list_models()`.
      num_classes: how many classes; None or 0 leaves out the last layer where the net allows it.
      weight_decay: the scale of the L2 loss on weights.
      is_training: whether dropout is on and batch norm uses the batch's statistics.

    Returns:
      network_fn(images, **kwargs) -> (logits, end points); `kwargs` are further arguments of the net. Its attribute
      `default_image_size` is the height and width in pixels that the net was made for.

    Raises:
      ValueError: there is no such net; the message has near names.
    """
    row_of("get_network_fn", name)
    function, defaults = networks_map[name], arg_scopes_map[name]

    @functools.wraps(function)
    def network_fn(images: Any, **kwargs: Any) -> Any:
        with arg_scope(defaults(weight_decay=weight_decay)):
            return function(images, num_classes=num_classes, is_training=is_training, **kwargs)

    if hasattr(function, "default_image_size"):
        network_fn.default_image_size = function.default_image_size  # pyright: ignore[reportAttributeAccessIssue]
    return network_fn
