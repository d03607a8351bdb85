"""`recompute_grad`: computing activations a second time instead of keeping them for the gradient."""

import functools
from collections.abc import Callable
from typing import Any

import jax

from jax_slim.core.inner import Body
from jax_slim.core.program import current, operation

_USE_DEFAULT = "__rev_block_lib_default"


def recompute_grad(
    fn: Callable[..., Any], use_data_dep: Any = _USE_DEFAULT, tupleize_grads: bool = False
) -> Callable[..., Any]:
    """Makes a function forget its activations: the gradient computes them again.

    Memory for the gradient then holds the function's inputs only, at the price of one more forward pass through it.
    The function may call layers: their variables, updates, losses and end points come out as without it, and dropout
    draws the same mask both times.

        @slim.recompute_grad
        def block(net):
            net = slim.conv2d(net, 64, 3, scope="a")
            return slim.conv2d(net, 64, 3, scope="b")

    It is `jax.checkpoint` for functions that call layers.

    Args:
      fn: arrays -> arrays, or trees of them. What is not an array among its arguments is passed as it is.
      use_data_dep, tupleize_grads: accepted, without meaning here.

    Returns:
      The function, with the same results.
    """
    del use_data_dep, tupleize_grads

    @functools.wraps(fn)
    @operation
    def recomputed(*args: Any, **kwargs: Any) -> Any:
        leaves, structure = jax.tree.flatten((args, kwargs))
        places = [index for index, leaf in enumerate(leaves) if hasattr(leaf, "shape") and hasattr(leaf, "dtype")]

        def of_arrays(arrays: list[Any]) -> Any:
            filled = list(leaves)
            for place, array in zip(places, arrays, strict=True):
                filled[place] = array
            args, kwargs = jax.tree.unflatten(structure, filled)
            return fn(*args, **kwargs)

        arrays = [leaves[place] for place in places]
        if current() is None:
            return jax.checkpoint(of_arrays)(arrays)
        body = Body("recompute_grad", of_arrays)
        outputs, made = jax.checkpoint(body.run)(arrays)
        body.hand_over(made)
        return outputs

    return recomputed
