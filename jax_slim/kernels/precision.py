"""How exact products and convolutions are.

TF-Slim's float32 was float32. JAX's default is not: on a TPU it multiplies in bfloat16, on recent NVIDIA GPUs in TF32,
with errors of about 1e-3. So the kernels ask for full precision, unless the user says otherwise in JAX's own way:

    with jax.default_matmul_precision("tensorfloat32"):    # or "bfloat16"; or jax.config.update("jax_default_...", ...)
        train_op(...)

or by computing in bfloat16, which is faster still. On a CPU all settings are the same, but for `slim.predictor` with
native kernels, which then multiplies bfloat16.
"""

import jax
from jax import lax


def precision_for_products() -> lax.Precision | None:
    """The `precision` argument for `lax`: the highest, or None (JAX's default) when the user has set that default."""
    chosen = jax.config.jax_default_matmul_precision  # pyright: ignore[reportAttributeAccessIssue]
    return lax.Precision.HIGHEST if chosen is None else None
