#!/bin/bash
# On a CPU, XLA hands a sum over the last axis to the library YNNPACK together with all elementwise operations before
# it. Where these are many (a depthwise convolution of 7 x 7 written as 49 shifted copies times their weights, as of
# ConvNeXt, with the mean of layer norm behind it), the two take several times as long as either would say: the copies
# alone are fast, and so is the mean as a product with 1/n, or where the copies are an output as well. An option turns it off.
# Seen with jax 0.10.2, x86-64 Linux with AVX-512, processor time in milliseconds, the least of 7:
#   copies 5.6
#   mean of copies 40.6, with xla_cpu_experimental_ynn_fusion_type='' 6.1
#   mean of copies as a product 6.1
# Exits 0 while the mean takes more than twice the time of the product and of the option, 1 when it no longer does.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q jax==0.10.2 jaxlib==0.10.2 numpy==2.4.6
cat > "$folder/mean.py" <<'CODE'
import sys
import time

import jax
import jax.numpy as jnp
import numpy as np


def copies(x, w):
    padded, (_, height, width, _) = jnp.pad(x, ((0, 0), (3, 3), (3, 3), (0, 0))), x.shape
    return sum(padded[:, i : i + height, j : j + width] * w[i, j] for i in range(7) for j in range(7))


def mean(x, w):
    return copies(x, w).mean(-1)


def product(x, w):
    return copies(x, w) @ jnp.full(x.shape[-1], 1 / x.shape[-1])


rng = np.random.default_rng(0)
X, W = (rng.standard_normal(shape).astype(np.float32) for shape in ((2, 56, 56, 96), (7, 7, 96)))


def milliseconds(function, **options):
    compiled, times = jax.jit(function, compiler_options=options).lower(X, W).compile(), []
    for _ in range(8):
        start = time.process_time()
        compiled(X, W).block_until_ready()
        times.append(1e3 * (time.process_time() - start))
    return min(times[1:])


np.testing.assert_allclose(jax.jit(mean)(X, W), jax.jit(product)(X, W), atol=1e-4)
slow, by_product = milliseconds(mean), milliseconds(product)
off = milliseconds(mean, xla_cpu_experimental_ynn_fusion_type="")
print(f"copies {milliseconds(copies):.1f}")
print(f"mean of copies {slow:.1f}, with xla_cpu_experimental_ynn_fusion_type='' {off:.1f}")
print(f"mean of copies as a product {by_product:.1f}")
sys.exit(slow < 2 * max(by_product, off))
CODE
JAX_PLATFORMS=cpu "$folder/venv/bin/python" "$folder/mean.py"
