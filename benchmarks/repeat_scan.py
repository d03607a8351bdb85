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


def convolution(net, scope=None):
    return slim.conv2d(net, 32, [3, 3], normalizer_fn=slim.batch_norm, scope=scope)


def bottleneck(net, scope=None):
    """A residual block, with more operations than convolutions."""
    with slim.variable_scope(scope), slim.arg_scope([slim.conv2d], normalizer_fn=slim.group_norm):
        with slim.arg_scope([slim.group_norm], groups=4):
            residual = slim.conv2d(net, 16, 1, scope="conv1")
            residual = slim.conv2d(residual, 16, 3, scope="conv2")
            residual = slim.conv2d(residual, 32, 1, activation_fn=None, scope="conv3")
        weights = jax.nn.softmax(slim.fully_connected(jnp.mean(net, (1, 2)), 32, activation_fn=jnp.tanh, scope="gate"))
        return jax.nn.relu(net + residual * weights[:, None, None])


def gradients(layer, count, scan):
    def net(x):
        return jnp.mean(slim.repeat(x, count, layer, scope="net", scan=scan) ** 2)

    model = slim.Model(net)

    def loss(trained, variables, x):
        value, collected = model.collect(variables | trained, x)
        return value, collected.updates

    return model, jax.jit(jax.value_and_grad(loss, has_aux=True))


def measure(layer, count, scan, x):
    """Seconds to trace, to compile, and for one step (the best of five); and the gradients."""
    model, step = gradients(layer, count, scan)
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
    measure(convolution, 2, False, x)
    print(f"jax {jax.__version__}, {jax.devices()[0].device_kind}; seconds, one by one / as a scan = ratio")
    for layer in (convolution, bottleneck):
        print(f"{layer.__name__:>11}  {'trace':>21}  {'compile':>23}  {'step':>21}  largest difference")
        for count in options.counts:
            plain, scanned = measure(layer, count, False, x), measure(layer, count, True, x)
            columns = [f"{a:.3f} / {b:.3f} = {a / b:5.2f}" for a, b in zip(plain[:3], scanned[:3], strict=True)]
            difference = max(float(np.abs(plain[3][name] - scanned[3][name]).max()) for name in plain[3])
            print(f"{count:11}  {columns[0]:>21}  {columns[1]:>23}  {columns[2]:>21}  {difference:.1e}")


if __name__ == "__main__":
    main()
