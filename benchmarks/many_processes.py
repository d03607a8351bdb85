"""What `learning.train` costs over a bare compiled step, in a run of two processes of one thread each.

    python benchmarks/many_processes.py [--steps 15] [--rounds 6] [--batch 32]

The bare form is the compiled step alone, again and again on one batch that lies on the devices already: no input, no
progress, nothing read. The other is a whole run with everything that is on by default, batches that are new arrays each
time and a log directory. Both stay alive and take turns, some steps each, in the same two processes; the steps after
each change of turns are not counted. Each figure is the time between two moments at which all steps sent were done, by
the clock and of the processor (of all threads of the first process): the latter hardly depends on who else computes.
"""

import argparse
import collections
import itertools
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time

PROCESSES = 2
UNCOUNTED = 4  # steps after a change of turns: the batches that the loop has ready count as nothing


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def process(options):
    """One of the processes: prints its figures."""
    import jax
    import jax.numpy as jnp
    import numpy as np
    import optax

    import jax_slim as slim
    from jax_slim.parallel.placing import everywhere, place_batch

    slim.parallel.initialize()

    def loss_fn(batch):
        with slim.arg_scope(slim.nets.lenet.lenet_arg_scope(weight_decay=1e-4)):
            logits, _ = slim.nets.lenet.lenet(batch["image"].astype(jnp.float32) / 255, is_training=True)
        slim.losses.sparse_softmax_cross_entropy(logits, batch["label"])
        return slim.losses.get_total_loss()

    train_op = slim.learning.create_train_op(loss_fn, optax.sgd(0.01, momentum=0.9))
    digits = slim.data.digits.load("train")
    mesh = slim.parallel.mesh(data=-1)

    def bare():
        """A generator like `steps`, of the result of each step."""
        batch = {name: array[: options.batch] for name, array in digits.items()}
        placed = place_batch(batch, mesh)
        state = jax.jit(train_op.init, out_shardings=everywhere(mesh))(jax.random.key(0), placed)
        where = jax.tree.map(lambda leaf: leaf.sharding, state)
        step = slim.jit(train_op, donate_argnums=0, out_shardings=(where, everywhere(mesh)))
        while True:
            state, result = step(state, placed, np.bool_(False))
            yield result

    def run(logdir):
        batches = slim.data.Batches(digits, options.batch)
        for step in slim.learning.steps(train_op, logdir, batches):
            yield step.result

    def seconds(form):
        jax.block_until_ready(collections.deque(itertools.islice(form, UNCOUNTED), maxlen=1)[0])
        begun = time.perf_counter(), time.process_time()
        jax.block_until_ready(collections.deque(itertools.islice(form, options.steps), maxlen=1)[0])
        return [(time.perf_counter() - begun[0]) / options.steps, (time.process_time() - begun[1]) / options.steps]

    forms = {"bare": bare(), "train": run(options.logdir)}
    for form in forms.values():
        seconds(form)
    taken = {name: [] for name in forms}
    for turn in range(options.rounds):
        for name in list(forms)[:: 1 if turn % 2 else -1]:
            taken[name].append(seconds(forms[name]))
    if jax.process_index() == 0:
        print(json.dumps(taken), flush=True)
    forms["train"].close()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=15)
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--logdir", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.logdir is not None:
        process(options)
        return
    shared = {
        "JAX_PLATFORMS": "cpu",
        "JAX_COORDINATOR_ADDRESS": f"127.0.0.1:{free_port()}",
        "JAX_NUM_PROCESSES": str(PROCESSES),
        "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
    }
    with tempfile.TemporaryDirectory() as logdir:
        command = [sys.executable, __file__, *sys.argv[1:], f"--logdir={logdir}"]
        running = [
            subprocess.Popen(
                command, env=os.environ | shared | {"JAX_PROCESS_ID": str(index)}, stdout=subprocess.PIPE, text=True
            )
            for index in range(PROCESSES)
        ]
        try:
            told = [one.communicate()[0] for one in running]
        finally:
            for one in running:
                one.kill()
    if any(one.returncode for one in running):
        sys.exit("a process failed")
    taken = json.loads(told[0].splitlines()[-1])
    for index, what in enumerate(("wall", "processor")):
        times = {name: [pair[index] for pair in pairs] for name, pairs in taken.items()}
        for name, values in times.items():
            each = ", ".join(f"{1e3 * value:.1f}" for value in values)
            print(f"{what} time, {name:5}: median {1e3 * statistics.median(values):6.1f} ms a step, all: {each}")
        ratios = [train / bare for bare, train in zip(times["bare"], times["train"], strict=True)]
        each = ", ".join(f"{ratio:.3f}" for ratio in ratios)
        print(f"{what} time, train / bare: median {statistics.median(ratios):.3f} ({each})")


if __name__ == "__main__":
    main()
