"""What `repeat(..., scan=True)` saves: time to trace and to compile a training step of 4, 16 and 64 equal layers.

    python benchmarks/repeat_scan.py [--counts 4 16 64]

Both forms are traced and compiled in turn, in one process, without a compilation cache; then both run, to see that the
numbers are the same and what the scan costs there.
"""

import argparse
import time

import jax
import jax.numpy as jnp
import numpy as np

import jax_slim as slim


def gradients(count, scan):
    def net(x):
        net = slim.repeat(x, count, slim.conv2d, 32, [3, 3], normalizer_fn=slim.batch_norm, scope="conv", scan=scan)
        return jnp.mean(net**2)

    model = slim.Model(net)

    def loss(trained, variables, x):
        value, collected = model.collect(variables | trained, x)
        return value, collected.updates

    return model, jax.jit(jax.value_and_grad(loss, has_aux=True))


def measure(count, scan, x):
    """Seconds to trace, to compile, and for one step (the best of five); and the gradients."""
    model, step = gradients(count, scan)
    variables = model.init(jax.random.key(0), x)
    start = time.perf_counter()
    lowered = step.lower(variables.trainable, variables, x)
    traced = time.perf_counter()
    compiled = lowered.compile()
    done = time.perf_counter()
    runs = []
    for _ in range(5):
        begun = time.perf_counter()
        result = jax.block_until_ready(compiled(variables.trainable, variables, x))
        runs.append(time.perf_counter() - begun)
    return traced - start, done - traced, min(runs), result[1]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--counts", type=int, nargs="+", default=[4, 16, 64])
    options = parser.parse_args()
    jax.config.update("jax_enable_compilation_cache", False)
    x = np.random.default_rng(0).normal(size=(4, 16, 16, 32)).astype(np.float32)
    measure(2, False, x)
    print(f"jax {jax.__version__}, {jax.devices()[0].device_kind}; seconds, one by one / as a scan = ratio")
    print(f"{'layers':>6}  {'trace':>21}  {'compile':>21}  {'step':>23}  largest difference")
    for count in options.counts:
        plain, scanned = measure(count, False, x), measure(count, True, x)
        columns = [f"{a:.3f} / {b:.3f} = {a / b:5.2f}" for a, b in zip(plain[:3], scanned[:3], strict=True)]
        difference = max(float(np.abs(plain[3][name] - scanned[3][name]).max()) for name in plain[3])
        print(f"{count:6}  {columns[0]:>21}  {columns[1]:>21}  {columns[2]:>23}  {difference:.1e}")


if __name__ == "__main__":
    main()
