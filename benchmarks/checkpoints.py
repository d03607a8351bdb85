"""What it costs to open, list, read and write a TensorFlow checkpoint of 528 MB, and to load it into a model: VGG-16.

    python benchmarks/checkpoints.py [--tensorflow /path/to/python] [--rounds 3]

Each task runs in a process of its own, so that its peak of memory is its own; jax-slim and TensorFlow in turn. The
figures are medians: processor time (the wall clock says more of who else uses the machine) and memory above what the
imports took. Without `--tensorflow`, a Python that has it, plain reading of the same bytes is all there is to compare.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

# Each task begins after `prepare`, whose cost does not count.
OURS = {
    "prepare": """
        import jax, jax.numpy as jnp, numpy as np
        import jax_slim as slim
        from jax_slim.checkpoints.tensorflow import open_checkpoint, write_checkpoint
        jax.devices()
    """,
    "open": "open_checkpoint(path)",
    "list": "open_checkpoint(path).entries()",
    "read the largest": "kept = open_checkpoint(path)['vgg_16/fc6/weights']",
    "read all": "kept = dict(open_checkpoint(path))",
    "load into a model": """
        model = slim.Model(slim.nets.vgg.vgg_16)
        specs = model.specs(jnp.zeros([1, 224, 224, 3]))
        with open_checkpoint(path) as checkpoint:
            kept = slim.Variables({name: jax.device_put(checkpoint[name]) for name in specs})
        jax.block_until_ready(list(kept.values()))
    """,
    "write": "write_checkpoint(path + '-again', kept, update_state=False)",
}
THEIRS = {
    "prepare": """
        import numpy as np
        import tensorflow as tf
        tf.constant(0)
    """,
    "open": "tf.train.load_checkpoint(path)",
    "list": "tf.train.load_checkpoint(path).get_variable_to_shape_map()",
    "read the largest": "kept = tf.train.load_checkpoint(path).get_tensor('vgg_16/fc6/weights')",
    "read all": """
        reader = tf.train.load_checkpoint(path)
        kept = {name: reader.get_tensor(name) for name in reader.get_variable_to_shape_map()}
    """,
    # What a user does who has no object graph: a checkpoint of TF-Slim into variables of the same names.
    "load into a model": """
        reader = tf.train.load_checkpoint(path)
        kept = {name: tf.Variable(reader.get_tensor(name)) for name in reader.get_variable_to_shape_map()}
    """,
    "write": """
        tf.raw_ops.SaveV2(prefix=path + '-again', tensor_names=list(kept), shape_and_slices=[''] * len(kept),
                          tensors=list(kept.values()))
    """,
}
# Nothing but the bytes, for a scale that is always there.
PLAIN = {
    "prepare": "import numpy as np",
    "read all": "kept = np.fromfile(path + '.data-00000-of-00001', np.uint8)",
    "write": "kept.tofile(path + '-again')",
}
BEFORE = {"write": "read all"}

PROGRAM = """
import json, os, resource, sys, textwrap, time
path, prepare, before, task = sys.argv[1:]
space = {"path": path}
exec(textwrap.dedent(prepare), space)
if before:
    exec(textwrap.dedent(before), space)
def peak():
    with open("/proc/self/status") as status:  # getrusage counts the parent's peak too, when the child is a fork of it
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024
memory, times, start = peak(), os.times(), time.perf_counter()
exec(textwrap.dedent(task), space)
end = os.times()
print(json.dumps([end.user + end.system - times.user - times.system, time.perf_counter() - start, peak() - memory]))
"""


def run(python, tasks, task, path):
    """Processor seconds, seconds, and MB of memory of one task."""
    before = tasks.get(BEFORE.get(task), "")
    command = [python, "-c", PROGRAM, path, tasks["prepare"], before, tasks[task]]
    environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3", "JAX_PLATFORMS": "cpu"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return json.loads(done.stdout.splitlines()[-1])


def make(path):
    """Writes a checkpoint of VGG-16's variables, with random values, in a process that ends."""
    program = """
        import jax.numpy as jnp, numpy as np
        import jax_slim as slim
        from jax_slim.checkpoints.tensorflow import write_checkpoint
        specs = slim.Model(slim.nets.vgg.vgg_16).specs(jnp.zeros([1, 224, 224, 3]))
        rng = np.random.default_rng(0)
        write_checkpoint(path, {name: rng.random(spec.shape, np.float32) for name, spec in specs.items()})
    """
    run(sys.executable, {"prepare": "", "make": program}, "make", path)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tensorflow", metavar="PYTHON", help="a Python that can import tensorflow")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    rivals = {"jax-slim": (sys.executable, OURS), "plain": (sys.executable, PLAIN)}
    if options.tensorflow:
        rivals["TensorFlow"] = (options.tensorflow, THEIRS)
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "vgg_16.ckpt")
        make(path)
        size = Path(f"{path}.data-00000-of-00001").stat().st_size / 2**20
        print(f"{size:.0f} MB in {path}; median of {options.rounds}: processor s / s / MB above the imports\n")
        print(f"{'':18} " + "".join(f"{name:>26}" for name in rivals) + "   jax-slim / others: processor, memory")
        for task in list(OURS)[1:]:
            figures = {name: [] for name, (_, tasks) in rivals.items() if task in tasks}
            for _ in range(options.rounds):
                for name, found in figures.items():
                    found.append(run(*rivals[name], task, path))
            middle = {
                name: [statistics.median(column) for column in zip(*found, strict=True)]
                for name, found in figures.items()
            }
            columns = "".join(
                f"{middle[name][0]:10.4f} {middle[name][1]:8.3f} {middle[name][2]:6.0f}" if name in middle else " " * 26
                for name in rivals
            )
            seconds, _, memory = middle.pop("jax-slim")
            ratios = [
                f"{name} {seconds / max(found[0], 0.01):.2f}, {memory / max(found[2], 1):.2f}"
                for name, found in middle.items()
            ]
            print(f"{task:18} {columns}   {'; '.join(ratios)}", flush=True)


if __name__ == "__main__":
    main()
