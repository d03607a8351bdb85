#!/bin/bash
# optax.inject_hyperparams, which makes a learning rate visible or settable, keeps all numbers of an optimizer in the widest
# dtype of the parameters. Where all are bfloat16, Adam's b2 = 0.999 becomes 1.0, the correction of its bias divides by
# 1 - 1.0 ** t = 0, and the first step is NaN. Plain optax.adam, whose numbers stay Python's, is right; and one float32 leaf
# among the parameters (a norm's scale) heals it, so the same training fails or not with what else is in the net.
# RMSprop makes no NaN: a decay of 0.999 becomes 1.0 as well, its average stays at 0 for ever, and a step is 10000 times as
# long as its learning rate, without a word. hyperparam_dtype=jnp.float32 keeps the numbers as given.
# Seen with optax 0.2.8, jax 0.10.2, learning rate 0.01, a gradient of one, first step of a bfloat16 parameter:
#   adam: -0.01001
#   adam injected: nan
#   adam injected, beside a float32 parameter: -0.01
#   adam injected, hyperparam_dtype=float32: -0.01
#   rmsprop: -0.3164
#   rmsprop injected: -100
# Exits 0 while that is so, 1 when it is no longer.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q jax==0.10.2 jaxlib==0.10.2 optax==0.2.8 numpy==2.4.6
JAX_PLATFORMS=cpu "$folder/venv/bin/python" - <<'PYTHON'
import importlib.metadata
import sys

import jax
import jax.numpy as jnp
import optax

for package in ("jax", "optax"):
    print(package, importlib.metadata.version(package))


def step(optimizer, **dtypes):
    """The first step of the leaf 'w', as a Python number."""
    parameters = {name: jnp.ones((), dtype) for name, dtype in dtypes.items()}
    gradients = jax.tree.map(jnp.ones_like, parameters)
    return float(optimizer.update(gradients, optimizer.init(parameters), parameters)[0]["w"])


adam, rmsprop = optax.inject_hyperparams(optax.adam), optax.inject_hyperparams(optax.rmsprop)
kept = optax.inject_hyperparams(optax.adam, hyperparam_dtype=jnp.float32)
half, full = jnp.bfloat16, jnp.float32
found = {
    "adam": step(optax.adam(0.01), w=half),
    "adam injected": step(adam(0.01), w=half),
    "adam injected, beside a float32 parameter": step(adam(0.01), w=half, scale=full),
    "adam injected, hyperparam_dtype=float32": step(kept(0.01), w=half),
    "rmsprop": step(optax.rmsprop(0.01, decay=0.999), w=half),
    "rmsprop injected": step(rmsprop(0.01, decay=0.999), w=half),
}
for name, value in found.items():
    print(f"{name}: {value:.4g}")
wrong = [name for name, value in found.items() if not -0.5 < value < 0]
sys.exit(wrong != ["adam injected", "rmsprop injected"])
PYTHON
