"""What devices send each other: no gradient of a convolution needs another device's images."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import quick_compiling

ROOT = Path(__file__).parents[2]
PROGRAM = """
import json, sys
sys.path.insert(0, "benchmarks")
import collectives, jax, jax.numpy as jnp
import jax_slim as slim
from jax_slim.parallel.placing import everywhere, split_by_example

def net(images):
    made = slim.separable_conv2d(images, None, 3, 1, scope="by_channel")
    return jnp.sum(slim.conv2d(made, 64, 3, scope="by_products") ** 2)

mesh = slim.parallel.mesh(data=-1)
model = slim.Model(net)
images = jax.ShapeDtypeStruct((8, 56, 56, 64), "float32", sharding=split_by_example(mesh))
variables = {
    name: jax.ShapeDtypeStruct(spec.shape, spec.dtype, sharding=everywhere(mesh))
    for name, spec in model.specs(images).items()
}
step = slim.jit(jax.grad(model.apply), out_shardings=everywhere(mesh))
found = collectives.collectives(step.lower(variables, images).compile().as_text())
print(json.dumps([found, sum(spec.size * 4 for spec in variables.values())]))
"""


def test_collectives_are_read_from_a_program():
    spec = importlib.util.spec_from_file_location("collectives", ROOT / "benchmarks" / "collectives.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    text = """
      %a = (f32[3,4]{1,0}, bf16[5]{0}) all-reduce(%x, %y), replica_groups={{0,1}}, to_apply=%add
      %b = f32[8]{0} all-gather(%z), replica_groups=[1,2]<=[2], dimensions={0}
      %c = f32[2]{0} reduce-scatter(%z), replica_groups={{0,1,2,3}}, dimensions={0}
      %d = f32[8]{0} fusion(%z), metadata={op_name="all-reduce"}
    """
    assert module.collectives(text) == [("all-reduce", 58), ("all-gather", 32), ("reduce-scatter", 32)]


@pytest.mark.slow
def test_the_gradients_of_convolutions_gather_nothing():
    environment = os.environ | {
        "PYTHONPATH": str(ROOT),
        "JAX_PLATFORMS": "cpu",
        "XLA_FLAGS": quick_compiling.on_devices(2),
    }
    done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found, gradients = json.loads(done.stdout.splitlines()[-1])
    assert {kind for kind, _ in found} == {"all-reduce"}
    assert gradients <= sum(size for _, size in found) <= 1.02 * gradients
