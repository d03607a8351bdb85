"""Whether a GPU computes what the CPU does: layers with their gradients, and whole nets against TensorFlow 1.15.

    python benchmarks/gpu_checks.py [--minutes 1.5] [--platform cpu]

Layers run in float32 at the highest precision, once on each device, on the same inputs; outputs, moving averages and
the gradients of inputs and variables must agree within 1e-4 of the largest. Nets run on the GPU and are held against
the references in `tests/goldens`. Each check prints a line that begins with OK, FAIL, or SKIP where the time is
over; the command fails if one does. It needs JAX, NumPy and this checkout.
"""

import argparse
import importlib
import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

import jax
import jax.numpy as jnp
import numpy as np
from peers.bare import load_nets

import golden
import jax_slim as slim

GOLDENS = ("lenet_eval", "lenet_train", "cifarnet_eval", "mobilenet_v1_eval", "resnet_v1_50_eval")
TOLERANCE = 1e-4


def normalized(x):
    return slim.batch_norm(x, decay=0.9, scale=True, activation_fn=jax.nn.relu)


def linear(function, *args, **kwargs):
    return lambda x: function(x, *args, activation_fn=None, **kwargs)


# name -> shape of the inputs, program. Small whole numbers in place of random inputs where the name says "ties".
LAYERS = {
    "conv2d 3x3": ((4, 17, 18, 24), linear(slim.conv2d, 40, 3)),
    "conv2d 3x3, stride 2": ((4, 17, 18, 24), linear(slim.conv2d, 40, 3, stride=2)),
    "conv2d 1x1": ((4, 14, 14, 64), linear(slim.conv2d, 96, 1)),
    "conv2d 5x5, VALID, one channel": ((4, 28, 28, 1), linear(slim.conv2d, 32, 5, padding="VALID")),
    "conv2d 7x7, stride 2, three channels": ((2, 64, 64, 3), linear(slim.conv2d, 64, 7, stride=2)),
    "conv2d 3x3, rate 2": ((2, 16, 16, 16), linear(slim.conv2d, 24, 3, rate=2)),
    "conv2d 1x7": ((2, 17, 17, 32), linear(slim.conv2d, 32, [1, 7])),
    "conv2d_transpose 3x3, stride 2": ((2, 9, 9, 16), linear(slim.conv2d_transpose, 24, 3, stride=2)),
    "depthwise 3x3": ((2, 28, 28, 64), linear(slim.separable_conv2d, None, 3, 1)),
    "depthwise 3x3, stride 2": ((2, 29, 28, 64), linear(slim.separable_conv2d, None, 3, 1, stride=2)),
    "separable_conv2d, multiplier 2": ((2, 14, 14, 16), linear(slim.separable_conv2d, 32, 3, 2)),
    "conv3d 3x3x3": ((2, 6, 8, 8, 4), linear(slim.conv3d, 8, 3)),
    "fully_connected": ((8, 300), linear(slim.fully_connected, 200)),
    "max_pool2d 2x2, ties": ((4, 16, 16, 8), lambda x: slim.max_pool2d(x, 2)),
    "max_pool2d 3x3, stride 2, SAME, ties": ((4, 17, 16, 8), lambda x: slim.max_pool2d(x, 3, 2, "SAME")),
    "max_pool2d 3x3, stride 1, SAME, ties": ((2, 12, 12, 8), lambda x: slim.max_pool2d(x, 3, 1, "SAME")),
    "avg_pool2d 3x3, stride 1, SAME": ((4, 17, 17, 8), lambda x: slim.avg_pool2d(x, 3, 1, "SAME")),
    "avg_pool2d 5x5, stride 3": ((2, 17, 17, 8), lambda x: slim.avg_pool2d(x, 5, 3)),
    "batch_norm, training": ((8, 14, 14, 32), normalized),
    "conv2d, batch_norm, relu6": (
        (4, 16, 16, 16), lambda x: slim.conv2d(x, 32, 3, normalizer_fn=slim.batch_norm, activation_fn=jax.nn.relu6),
    ),
}  # fmt: skip


def layer_error(name, device):
    """The largest difference to the CPU among results and gradients, beside the largest value of each."""
    shape, program = LAYERS[name]
    rng = np.random.default_rng(0)
    values = rng.integers(0, 3, shape) if "ties" in name else rng.standard_normal(shape)
    images = np.asarray(values, np.float32)
    model = slim.Model(program)
    variables = {
        key: np.asarray(rng.standard_normal(spec.shape) * 0.3 + ("variance" in key), np.float32)
        for key, spec in model.specs(images).items()
    }
    cotangent = np.asarray(rng.standard_normal(jax.eval_shape(model.collect, variables, images)[0].shape), np.float32)

    def run(forms, variables, images):
        def scalar(variables, images):
            with slim.kernel_forms(forms):
                outputs, collected = model.collect(variables, images)
            return jnp.sum(outputs * cotangent), (outputs, dict(collected.updates))

        return jax.value_and_grad(scalar, argnums=(0, 1), has_aux=True)(variables, images)

    found = []
    # A CPU in place of the GPU is given the forms that a GPU would get.
    for place, forms in (
        (device, "lax" if device.platform == "cpu" else "fastest"),
        (jax.devices("cpu")[0], "fastest"),
    ):
        on_device = jax.jit(run, static_argnums=0)
        (_, results), gradients = on_device(forms, *jax.device_put((variables, images), place))
        found.append(jax.tree.map(np.asarray, (results, gradients)))
    errors = jax.tree.map(lambda a, b: float(np.abs(a - b).max() / (np.abs(b).max() + 1e-30)), *found)
    return max(jax.tree.leaves(errors))


def check_layer(name, device):
    error = layer_error(name, device)
    return error < TOLERANCE, f"{error:.1e}"


def check_golden(name, device):
    harness = importlib.import_module("nets.harness")
    with jax.default_device(device):
        try:
            harness.check(golden.cases("nets")[name])
        except AssertionError as error:
            return False, " ".join(str(error).split())[:300]
    return True, "as TensorFlow 1.15"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=1.5, help="no check is begun after so long (1.5)")
    parser.add_argument("--platform", default="gpu", help="JAX's name: gpu, or cpu to try the command")
    options = parser.parse_args()
    start = time.monotonic()
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    jax.config.update("jax_default_matmul_precision", "highest")
    try:
        device = jax.devices(options.platform)[0]
    except RuntimeError as error:
        print(f"FAIL no device: {error}")
        return 1
    load_nets()
    # `nets` is also the name of the benchmark beside this file.
    sys.path[:] = [entry for entry in sys.path if Path(entry or ".").resolve() != Path(__file__).parent.resolve()]
    checks = [(check_layer, name) for name in LAYERS] + [(check_golden, name) for name in GOLDENS]
    counts = {"OK": 0, "FAIL": 0, "SKIP": 0}
    print(f"jax {jax.__version__}, {device.device_kind}", flush=True)
    for check, name in checks:
        if time.monotonic() - start > 60 * options.minutes:
            verdict, said = "SKIP", "the time is over"
        else:
            try:
                passed, said = check(name, device)
            except Exception as error:
                passed, said = False, f"{type(error).__name__}: {error}"[:300]
            verdict = "OK" if passed else "FAIL"
        counts[verdict] += 1
        print(f"{verdict} {name}: {said} ({time.monotonic() - start:.0f} s)", flush=True)
    print(", ".join(f"{count} {verdict}" for verdict, count in counts.items()))
    return 1 if counts["FAIL"] else 0


if __name__ == "__main__":
    sys.exit(main())
