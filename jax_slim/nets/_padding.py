"""Padding of images by a mirror, which nets that draw images use at their borders."""

import jax
import jax.numpy as jnp

_MODES = {"REFLECT": "reflect", "SYMMETRIC": "symmetric", "CONSTANT": "constant"}


def padded(function: str, net: jax.Array, rows: tuple[int, int], columns: tuple[int, int], mode: str) -> jax.Array:
    """`net` [N, H, W, C] with rows above and below, columns left and right.

    `mode`, in upper or lower case: "REFLECT" mirrors at the outermost pixel, "SYMMETRIC" at its edge, "CONSTANT" is 0.
    """
    numpys = _MODES.get(str(mode).upper())
    if numpys is None:
        raise ValueError(f"{function}: pad_mode must be one of {', '.join(map(repr, _MODES))}, got {mode!r}.")
    spare = {"REFLECT": 1, "SYMMETRIC": 0}.get(str(mode).upper())
    if spare is not None and (max(rows) + spare > net.shape[1] or max(columns) + spare > net.shape[2]):
        raise ValueError(
            f"{function}: images must be larger where the net pads them by {max(*rows, *columns)} pixels with their "
            f"mirror image, got a map of {net.shape[1]} x {net.shape[2]}. Use larger images."
        )
    return jnp.pad(net, ((0, 0), rows, columns, (0, 0)), mode=numpys)
