"""`recompute_grad`: computing activations a second time instead of keeping them for the gradient; or keeping half."""

import functools
import re
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from jax_slim.core.inner import Body
from jax_slim.core.model import arrays_apart
from jax_slim.core.program import current, operation
from jax_slim.kernels.program_parts import by_scopes, by_size, run_parts
from jax_slim.kernels.recomputing import recomputed as forgetful

_USE_DEFAULT = "__rev_block_lib_default"


def recompute_grad(
    fn: Callable[..., Any],
    use_data_dep: Any = _USE_DEFAULT,
    tupleize_grads: bool = False,
    what: str = "all",
    kept_dtype: Any = None,
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
        net = slim.recompute_grad(vgg.vgg_16, what="nothing", kept_dtype=jnp.bfloat16)      # all kept, at half width

    It is `jax.checkpoint` for functions that call layers, and works on a CPU too, where XLA finds what `jax.checkpoint`
    computes again and computes it once after all. (There it has no derivative in forward mode, but under
    `kernel_forms("lax")`, which is `jax.checkpoint` everywhere; with `kept_dtype` it has none at all.)

    Args:
      fn: arrays -> arrays, or trees of them. What is not an array among its arguments is passed as it is.
      use_data_dep, tupleize_grads: accepted, without meaning here.
      what: what is computed again. "all": everything, out of the function's inputs. "cheap": everything but products,
        convolutions and sums, whose results are kept: normalization, activations, pooling, padding; about half of the
        memory for little time. "blocks": the function is cut where few bytes go on, into blocks each of which keeps its
        inputs only, so that these and the largest block's activations are few bytes together; least memory, for one
        more forward pass. Anything else is a regular expression that is searched in the names of scopes: operations
        that follow one another and for which it finds the same text are a block (r"block\\d/unit_\\d+"), all others
        are kept. "nothing": it is there for `kept_dtype` alone.
      kept_dtype: a floating dtype in which arrays wait for the gradient, such as jnp.bfloat16: half of float32's bytes.
        None: the dtype they have. All is computed as without it, forward and back, but for what the gradient reads
        being rounded: outputs, statistics of batch norm and masks of activations do not change (the masks take a bit
        each), and gradients have errors of about 2^-9 of the terms that they sum up. What is computed again
        begins with rounded arrays, its masks too. Vectors and arrays of less than 4096 numbers stay as they are, and so
        do variables.

    Returns:
      The function, with the same results.

    Raises:
      ValueError: `what` is no regular expression, or, when the function is run, no scope is found by it; or
        `kept_dtype` is no floating dtype.
    """
    del use_data_dep, tupleize_grads
    check_what("recompute_grad", "what", what)
    check_kept_dtype("recompute_grad", kept_dtype)

    @functools.wraps(fn)
    @operation
    def recomputed(*args: Any, **kwargs: Any) -> Any:
        arrays, rebuild = arrays_apart((args, kwargs))

        def of_arrays(arrays: list[Any]) -> Any:
            args, kwargs = rebuild(arrays)
            return fn(*args, **kwargs)

        if current() is None:
            return _recomputed(of_arrays, arrays, what, kept_dtype)
        body = Body("recompute_grad", of_arrays)
        outputs, made = _recomputed(body.run, arrays, what, kept_dtype)
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
            f"{function}: {argument} must be 'all', 'blocks', 'cheap', 'nothing' or a regular expression for scopes, "
            f"got {what!r}: {error}."
        ) from None


def check_kept_dtype(function: str, kept_dtype: Any) -> None:
    """Refuses what `recompute_grad` does not take for `kept_dtype`, in the name of `function`.

    Raises:
      ValueError: it is no floating dtype.
    """
    try:
        known = kept_dtype is None or jnp.issubdtype(jnp.dtype(kept_dtype), jnp.floating)
    except TypeError:
        known = False
    if not known:
        raise ValueError(
            f"{function}: kept_dtype must be a floating dtype such as jnp.bfloat16 or None, got {kept_dtype!r}."
        )


def _recomputed(function: Callable[[list[Any]], Any], arrays: list[Any], what: str, kept_dtype: Any) -> Any:
    closed, shapes = jax.make_jaxpr(function, return_shape=True)(arrays)
    if what in ("all", "cheap", "nothing"):
        results = forgetful(closed, what, kept_dtype)(*arrays)
    else:
        parts = by_size(closed) if what == "blocks" else by_scopes(closed, what)
        if not any(part.chosen for part in parts):
            raise ValueError(
                "recompute_grad: what must be 'all', 'blocks', 'cheap', 'nothing' or found in a scope of the function, "
                f"got {what!r}."
            )
        results = run_parts(closed, parts, arrays, functools.partial(forgetful, kept_dtype=kept_dtype))
    return jax.tree.unflatten(jax.tree.structure(shapes), results)
