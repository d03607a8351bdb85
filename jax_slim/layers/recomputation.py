"""`recompute_grad`: computing activations a second time instead of keeping them for the gradient."""

import functools
import re
from collections.abc import Callable
from typing import Any

import jax

from jax_slim.core.inner import Body
from jax_slim.core.model import arrays_apart
from jax_slim.core.program import current, operation
from jax_slim.kernels.program_parts import by_scopes, by_size, run_parts
from jax_slim.kernels.recomputing import recomputed as forgetful

_USE_DEFAULT = "__rev_block_lib_default"


def recompute_grad(
    fn: Callable[..., Any], use_data_dep: Any = _USE_DEFAULT, tupleize_grads: bool = False, what: str = "all"
) -> Callable[..., Any]:
    """Makes a function forget its activations: the gradient computes them again.

    Memory for the gradient then holds the function's inputs only, at the price of one more forward pass through it.
    The function may call layers: their variables, updates, losses and end points come out as without it, and dropout
    draws the same mask both times.

        @slim.recompute_grad
        def block(net):
            net = slim.conv2d(net, 64, 3, scope="a")
            return slim.conv2d(net, 64, 3, scope="b")

        net = slim.recompute_grad(vgg.vgg_16, what="blocks")       # a whole net, as it is, block by block

    It is `jax.checkpoint` for functions that call layers, and works on a CPU too, where XLA finds what `jax.checkpoint`
    computes again and computes it once after all. (There it has no derivative in forward mode, but under
    `kernel_forms("lax")`, which is `jax.checkpoint` everywhere.)

    Args:
      fn: arrays -> arrays, or trees of them. What is not an array among its arguments is passed as it is.
      use_data_dep, tupleize_grads: accepted, without meaning here.
      what: what is computed again. "all": everything, out of the function's inputs. "cheap": everything but products,
        convolutions and sums, whose results are kept: normalization, activations, pooling, padding; about half of the
        memory for little time. "blocks": the function is cut where few bytes go on, into blocks each of which keeps its
        inputs only, so that these and the largest block's activations are few bytes together; least memory, for one
        more forward pass. Anything else is a regular expression that is searched in the names of scopes: operations
        that follow one another and for which it finds the same text are a block (r"block\\d/unit_\\d+"), all others
        are kept.

    Returns:
      The function, with the same results.

    Raises:
      ValueError: `what` is no regular expression, or, when the function is run, no scope is found by it.
    """
    del use_data_dep, tupleize_grads
    check_what("recompute_grad", "what", what)

    @functools.wraps(fn)
    @operation
    def recomputed(*args: Any, **kwargs: Any) -> Any:
        arrays, rebuild = arrays_apart((args, kwargs))

        def of_arrays(arrays: list[Any]) -> Any:
            args, kwargs = rebuild(arrays)
            return fn(*args, **kwargs)

        if current() is None:
            return _recomputed(of_arrays, arrays, what)
        body = Body("recompute_grad", of_arrays)
        outputs, made = _recomputed(body.run, arrays, what)
        body.hand_over(made)
        return outputs

    return recomputed


def check_what(function: str, argument: str, what: Any) -> None:
    """Refuses what `recompute_grad` does not take for `what`, in the name of `function` and its `argument`.

    Raises:
      ValueError: it is no regular expression.
    """
    try:
        re.compile(what)
    except (re.error, TypeError) as error:
        raise ValueError(
            f"{function}: {argument} must be 'all', 'blocks', 'cheap' or a regular expression for scopes, got "
            f"{what!r}: {error}."
        ) from None


def _recomputed(function: Callable[[list[Any]], Any], arrays: list[Any], what: str) -> Any:
    closed, shapes = jax.make_jaxpr(function, return_shape=True)(arrays)
    if what in ("all", "cheap"):
        results = forgetful(closed, cheap_alone=what == "cheap")(*arrays)
    else:
        parts = by_size(closed) if what == "blocks" else by_scopes(closed, what)
        if not any(part.chosen for part in parts):
            raise ValueError(
                f"recompute_grad: what must be 'all', 'blocks', 'cheap' or found in a scope of the function, got "
                f"{what!r}."
            )
        results = run_parts(closed, parts, arrays, forgetful)
    return jax.tree.unflatten(jax.tree.structure(shapes), results)
