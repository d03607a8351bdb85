"""Time against memory of a training step, with and without values that the gradient computes again.

    python benchmarks/memory.py                                         # ResNet-50 and Inception-v3, some minutes
    python benchmarks/memory.py --nets mobilenet_v2 --what none,half,cheap+half --batch 32 --steps 3

For each net a table: the bytes that XLA sets aside for the step (its own memory analysis), the processor time of a
step, and that of compiling. Steps of all forms are run in turn; the fastest of each counts. `--steps 0` only compiles.

    python benchmarks/memory.py --fit 8 --nets vgg_16                   # the largest batch in 8 GB, and PyTorch's

With `--fit` nothing of jax-slim's is run: what is given to a step, what XLA sets aside for it and what the process
holds after compiling are added up, for `--batch` and twice as many. PyTorch (of `--peer`, else of an environment that
is made) runs two steps of `--batch` and of half as many, and its peak is that of the process. A line through the two
says which batch fits.
"""

import argparse
import functools
import sys
import time
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

import jax_slim as slim

sys.path.insert(0, str(Path(__file__).parent))

from peers import environments
from peers.architectures import NETS
from peers.processes import Worker
from peers.worker import status

WHAT = "none, half (what is kept is bfloat16), what `create_model` takes as recompute, or that and +half"


def compiled_step(net, what, batch):
    """The compiled step, arrays for it that are all alike, and how long compiling took."""
    recompute = what.removesuffix("half").removesuffix("+")
    model = slim.nets.create_model(
        net,
        num_classes=1000,
        recompute=None if recompute in ("", "none") else recompute,
        kept_dtype=jnp.bfloat16 if what.endswith("half") else None,
    )

    def loss_fn(batch):
        logits, end_points = model.function(batch["image"], is_training=True)
        slim.losses.sparse_softmax_cross_entropy(logits, batch["label"])
        if "AuxLogits" in end_points:
            slim.losses.sparse_softmax_cross_entropy(end_points["AuxLogits"], batch["label"], weights=0.4)
        return slim.losses.get_total_loss()

    train_op = slim.learning.create_train_op(loss_fn, slim.optimizers.momentum(0.01, 0.9))
    images = jax.ShapeDtypeStruct((batch, *model.input_shape), jnp.float32)
    like = {"image": images, "label": jax.ShapeDtypeStruct((batch,), jnp.int32)}
    state = jax.eval_shape(lambda: train_op.init(jax.random.key(0), like))
    lowered = slim.jit(train_op, donate_argnums=0).lower(state, like)
    start = time.process_time()
    compiled = lowered.compile()
    return compiled, (state, like), time.process_time() - start


def filled(like):
    """Arrays instead of shapes: small numbers, which no initializer has to be compiled for."""

    def value(array):
        if jnp.issubdtype(array.dtype, jax.dtypes.prng_key):
            return jax.random.key(0)
        if jnp.issubdtype(array.dtype, jnp.floating):
            draw = np.random.default_rng(0).uniform(0.001, 0.02, array.shape)
            return jnp.asarray(draw.astype(array.dtype))
        return jnp.zeros(array.shape, array.dtype)

    return jax.tree.map(value, like)


def bytes_of_step(batch, net, what):
    """What a training step needs, without running it."""
    step, _, _ = compiled_step(net, what, batch)
    memory = step.memory_analysis()
    made = memory.output_size_in_bytes - memory.alias_size_in_bytes
    return memory.argument_size_in_bytes + memory.temp_size_in_bytes + made + status("VmRSS") * 2**20


def peak_of_pytorch(batch, net, python):
    """The peak of a process of PyTorch that trains, in bytes."""
    size = NETS[net].size
    config = {"module": "torch_nets", "net": net, "size": size, "batch": batch, "threads": None}
    worker = Worker(python, config, {})
    try:
        worker.ask(600, do="make")
        return worker.prepare("train", 600)["peak_mib"] * 2**20
    finally:
        worker.close()


def print_largest_batch(title, bytes_of, batches, limit):
    """How many images fit, by a line through what two batches need."""
    less, more = map(bytes_of, batches)
    of_one = (more - less) / (batches[1] - batches[0])
    sizes = f"{less / 1e6:.0f} MB for {batches[0]} images, {of_one / 1e6:.1f} for one more"
    print(f"  {title:12} {sizes}; {batches[0] + (limit - less) // of_one:.0f} fit into {limit / 1e9:g} GB", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nets", default="resnet_v1_50,inception_v3")
    parser.add_argument("--what", default="none,cheap,blocks,half,cheap+half", help=WHAT)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--fit", type=float, help="GB: print the largest batches that fit instead")
    parser.add_argument("--peer", help="a Python with PyTorch for --fit; '' for none")
    options = parser.parse_args()
    if options.fit:
        python = environments.python_of("torch", environments.CACHE) if options.peer is None else options.peer
        few, batch, limit = options.batch // 2, options.batch, 1e9 * options.fit
        for net in options.nets.split(","):
            print(f"\n{net}")
            for what in filter(None, options.what.split(",")):
                needed = functools.partial(bytes_of_step, net=net, what=what)
                print_largest_batch(what, needed, (batch, 2 * batch), limit)
            if python:
                peak = functools.partial(peak_of_pytorch, net=net, python=python)
                print_largest_batch("PyTorch", peak, (few, batch), limit)
        return
    for net in options.nets.split(","):
        made = {what: compiled_step(net, what, options.batch) for what in options.what.split(",")}
        seconds = {what: [] for what in made}
        states = {}
        for index in range(options.steps + 1 if options.steps else 0):
            for what, (step, arguments, _) in made.items():
                state, batch = (states.pop(what, None), filled(arguments[1]))
                state = filled(arguments[0]) if state is None else state
                start = time.process_time()
                states[what], _ = jax.block_until_ready(step(state, batch))
                if index:
                    seconds[what].append(time.process_time() - start)
        print(f"\n{net}, batch {options.batch}")
        for what, (step, _, compiling) in made.items():
            memory = step.memory_analysis()
            spent = f"{min(seconds[what]):.2f} processor s a step" if seconds[what] else ""
            sizes = (
                f"{memory.temp_size_in_bytes / 1e6:6.0f} MB beside {memory.argument_size_in_bytes / 1e6:.0f} MB given"
            )
            print(f"  {what:12} {sizes}; compiled in {compiling:.0f} processor s  {spent}")


if __name__ == "__main__":
    main()
