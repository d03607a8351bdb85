"""Single operations, forward and gradients: the kernels' choice over plain `lax`, and over the machine's best product.

    python benchmarks/operations.py [--only conv pool ...] [--batch 8] [--dtype float32] [--rounds 5] [--json FILE]

For each operation the forms run in turn in one process. Times are processor time over the number of cores, so that
what else runs on the machine counts less than it does in wall time; a round's figure is a mean, the table has medians.
"Peak" is the best of a few large matrix products in the same process. jax-slim's forms are compiled by
`slim.jit`, `lax` by `jax.jit`.
"""

import argparse
import json
import os
import platform
import resource
import statistics
import sys
import time

import jax
import jax.numpy as jnp
import numpy as np

from jax_slim import kernels

CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
KINDS = ("lax", "exact", "fastest")


def conv(size, channels, filters, window, stride=1, padding="SAME", rate=1):
    return (
        lambda x, w: kernels.convolution(x, w, stride, padding, rate),
        (size, size, channels),
        (window, window, channels, filters),
    )


def grouped(size, channels, filters, window, groups):
    return (
        lambda x, w: kernels.convolution(x, w),
        (size, size, channels),
        (window, window, channels // groups, filters),
    )


def depthwise(size, channels, window, stride=1, rate=1):
    return (
        lambda x, w: kernels.depthwise_convolution(x, w, stride, "SAME", rate),
        (size, size, channels),
        (window, window, channels, 1),
    )


def pooled(pool, size, channels, window, stride, padding="SAME"):
    return lambda x: pool(x, window, stride, padding), (size, size, channels), None


OPERATIONS = {
    "conv 3x3, 3 to 64, 224 px": conv(224, 3, 64, 3),
    "conv 3x3, 64, 224 px": conv(224, 64, 64, 3),
    "conv 3x3, 128, 112 px": conv(112, 128, 128, 3),
    "conv 3x3, 256, 56 px": conv(56, 256, 256, 3),
    "conv 3x3, 512, 28 px": conv(28, 512, 512, 3),
    "conv 3x3, 512, 14 px": conv(14, 512, 512, 3),
    "conv 3x3, 64, 56 px": conv(56, 64, 64, 3),
    "conv 3x3, 256, 14 px": conv(14, 256, 256, 3),
    "conv 3x3 stride 2, 128, 56 px": conv(56, 128, 128, 3, 2),
    "conv 3x3 rate 2, 256, 28 px": conv(28, 256, 256, 3, rate=2),
    "conv 7x7 stride 2, 3 to 64, 224 px": conv(224, 3, 64, 7, 2),
    "conv 5x5, 48 to 64, 35 px": conv(35, 48, 64, 5),
    "conv 7x7 VALID, 512 to 4096, 7 px": conv(7, 512, 4096, 7, 1, "VALID"),
    "conv 1x1, 64 to 256, 56 px": conv(56, 64, 256, 1),
    "conv 1x1, 512 to 128, 28 px": conv(28, 512, 128, 1),
    "conv 1x1, 256 to 1024, 14 px": conv(14, 256, 1024, 1),
    "conv 1x1 stride 2, 256 to 512, 56 px": conv(56, 256, 512, 1, 2),
    "grouped conv 3x3, 32 x 8, 28 px": grouped(28, 256, 256, 3, 32),
    "depthwise 3x3, 32, 112 px": depthwise(112, 32, 3),
    "depthwise 3x3 stride 2, 64, 112 px": depthwise(112, 64, 3, 2),
    "depthwise 3x3, 512, 14 px": depthwise(14, 512, 3),
    "depthwise 5x5, 240, 28 px": depthwise(28, 240, 5),
    "depthwise 7x7, 96, 56 px": depthwise(56, 96, 7),
    "transposed conv 4x4 stride 2, 128 to 64, 28 px": (
        lambda x, w: kernels.transposed_convolution(x, w, 2), (28, 28, 128), (4, 4, 64, 128),
    ),
    "conv 1-d 3, 256, 1024 steps": (
        lambda x, w: kernels.convolution(x, w, layout="NWC"), (1024, 256), (3, 256, 256),
    ),
    "conv 3-d 3x3x3, 64, 16 x 28 px": (
        lambda x, w: kernels.convolution(x, w, layout="NDHWC"), (16, 28, 28, 64), (3, 3, 3, 64, 64),
    ),
    "max pool 2x2 stride 2, 64, 224 px": pooled(kernels.max_pool, 224, 64, 2, 2),
    "max pool 3x3 stride 2, 64, 112 px": pooled(kernels.max_pool, 112, 64, 3, 2),
    "max pool 3x3, 288, 35 px": pooled(kernels.max_pool, 35, 288, 3, 1),
    "average pool 3x3, 288, 35 px": pooled(kernels.avg_pool, 35, 288, 3, 1),
    "batch norm, 64, 112 px": (
        lambda x, w: kernels.normalize_by_moments(x, (0, 1, 2), w[0], w[1], 1e-3)[0], (112, 112, 64), (2, 64),
    ),
    "batch norm, 256, 28 px": (
        lambda x, w: kernels.normalize_by_moments(x, (0, 1, 2), w[0], w[1], 1e-3)[0], (28, 28, 256), (2, 256),
    ),
    "dense, 4096 to 4096": (kernels.dense, (4096,), (4096, 4096)),
}  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", nargs="+", default=[""], help="operations whose names contain one of these")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.1, help="of each form in each round, at most about this")
    parser.add_argument("--json", help="write the figures to this file")
    args = parser.parse_args()

    dtype = jnp.dtype(args.dtype)
    peak = best_product(dtype)
    print(f"{jax.devices()[0].device_kind}, {CORES} cores, jax {jax.__version__}, batch {args.batch}, {dtype.name}")
    print(f"best matrix product: {peak / 1e9:.0f} GFLOP/s\n")
    print(
        f"{'operation':48} {'part':8}"
        + "".join(f"{kind + ' ms':>12}" for kind in KINDS)
        + f"{'gain':>7}{'GF/s':>7}  of peak"
    )
    rows = []
    for name, operation in OPERATIONS.items():
        if any(part in name for part in args.only):
            for row in measured(name, operation, args, dtype):
                row["of_peak"] = row["flops"] / row["seconds"]["fastest"] / peak
                rows.append(row)
                print_row(row)
    if args.json:
        facts = {
            "device": jax.devices()[0].device_kind, "machine": platform.machine(), "cores": CORES,
            "jax": jax.__version__, "batch": args.batch, "dtype": dtype.name, "peak_flops": peak, "operations": rows,
        }  # fmt: skip
        with open(args.json, "w", encoding="utf-8") as file:  # noqa: PTH123
            json.dump(facts, file, indent=1)


def measured(name, operation, args, dtype):
    """The rows of one operation: forward, and the gradients of each argument."""
    function, shape, weights = operation
    rng = np.random.default_rng(0)
    arrays = [jnp.asarray(rng.normal(size=(args.batch, *shape)), dtype)]
    if weights is not None:
        arrays.append(jnp.asarray(rng.normal(size=weights), dtype))
    outputs = jax.eval_shape(function, *arrays)
    given = jnp.asarray(rng.normal(size=outputs.shape), dtype)
    flops = 0
    if weights is not None and len(weights) > 1 and not name.startswith("batch norm"):
        # Each product of an input pixel, or transposed an output pixel, with all that a tap leads to.
        few = arrays[0] if name.startswith("transposed") else outputs
        per_pixel = weights[:-2] + ((weights[-2],) if not name.startswith("depthwise") else ())
        flops = 2 * few.size * int(np.prod(per_pixel))

    def part(argument, kind):
        def run(given, *arrays):
            with kernels.kernel_forms(kind):
                if argument is None:
                    return function(*arrays)
                rest = list(arrays)

                def of_one(array):
                    rest[argument] = array
                    return function(*rest)

                return jax.vjp(of_one, arrays[argument])[1](given)[0]

        return run

    for label, argument in [("forward", None), ("inputs", 0), ("weights", 1)][: 3 if weights is not None else 2]:
        # lax's transposes of products keep nothing of the forward pass, so that a gradient's time is its own.
        compiled, compiling = {}, {}
        for kind in KINDS:
            begun = processor_time()
            form = (jax.jit if kind == "lax" else kernels.jit)(part(argument, kind))
            compiled[kind] = form.lower(given, *arrays).compile()
            compiling[kind] = processor_time() - begun
        times = in_turn({kind: (form, (given, *arrays)) for kind, form in compiled.items()}, args)
        yield {
            "operation": name, "part": label, "seconds": times, "compile_seconds": compiling, "flops": flops,
            "gain": times["lax"] / times["fastest"],
        }  # fmt: skip


def in_turn(forms, args):
    """Median processor seconds over cores of one call of each form."""
    calls, seconds = {}, {kind: [] for kind in forms}
    for kind, (form, arrays) in forms.items():
        jax.block_until_ready(form(*arrays))
        begun = time.perf_counter()
        jax.block_until_ready(form(*arrays))
        calls[kind] = max(1, int(args.seconds / max(time.perf_counter() - begun, 1e-6)))
    for _ in range(args.rounds):
        for kind, (form, arrays) in forms.items():
            begun = processor_time()
            for _ in range(calls[kind]):
                outputs = form(*arrays)
            jax.block_until_ready(outputs)
            seconds[kind].append((processor_time() - begun) / CORES / calls[kind])
    return {kind: statistics.median(found) for kind, found in seconds.items()}


def best_product(dtype):
    """FLOP/s of the fastest of some large matrix products."""
    best = 0.0
    for m, n, k in [(2048, 2048, 2048), (4096, 1024, 1024), (6272, 512, 512)]:
        left, right = jnp.ones((m, k), dtype), jnp.ones((k, n), dtype)
        product = jax.jit(jnp.matmul)
        jax.block_until_ready(product(left, right))
        for _ in range(5):
            begun = processor_time()
            jax.block_until_ready(product(left, right))
            best = max(best, 2 * m * n * k * CORES / (processor_time() - begun))
    return best


def processor_time():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def print_row(row):
    times = "".join(f"{row['seconds'][kind] * 1e3:12.2f}" for kind in KINDS)
    speed = f"{row['flops'] / row['seconds']['fastest'] / 1e9:7.0f}  {row['of_peak']:.0%}" if row["flops"] else ""
    print(f"{row['operation']:48} {row['part']:8}{times}{row['gain']:7.1f}{speed}")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
