"""What the last layers of several nets have in common."""

import jax
import jax.numpy as jnp


def squeezed(net: str, logits: jax.Array, inputs: jax.Array) -> jax.Array:
    """Drops the two spatial axes of logits: [N, 1, 1, num_classes] -> [N, num_classes].

    Raises:
      ValueError: they are not of size 1; says so for the net called `net`, run over `inputs`.
    """
    if logits.shape[1:3] != (1, 1):
        raise ValueError(
            f"{net}: spatial_squeeze needs logits of one pixel, got a map of {logits.shape[1:3]} from inputs of "
            f"shape {inputs.shape}. Use global_pool=True, or spatial_squeeze=False."
        )
    return jnp.squeeze(logits, (1, 2))


def check_images(net: str, inputs: jax.Array, argument: str = "inputs") -> None:
    """Refuses inputs that are no batch of images."""
    if inputs.ndim != 4:
        raise ValueError(f"{net}: {argument} must have rank 4 [N, H, W, C], got shape {inputs.shape}.")
