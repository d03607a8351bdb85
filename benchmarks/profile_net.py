"""Where the time of a net's training step or forward pass goes on this CPU, operation by operation.

    python benchmarks/profile_net.py inception_v3
    python benchmarks/profile_net.py resnet_v1_50 --what forward --forms lax

The compiled program is run under JAX's profiler; the times of its operations are summed by what they compute, by layer,
and one by one. An operation that the compiler made of several stands under the name of the last. Watching costs about a
tenth; operations that run side by side both count in full. Do not read layers of convolutions from it: JAX's profiler
counts those that Eigen computes where they are waited for, so that ResNet-50 seems to spend 5 ms under its mean pool.
`operations.py` times them one by one.
"""

import argparse
import collections
import re
import sys
import tempfile
from pathlib import Path

import jax
from peers import architectures, slim_nets

_INSTRUCTION = re.compile(r'^\s+(?:ROOT )?%?([\w.\-]+) = (\S+) .*?op_name="([^"]*)"', re.MULTILINE)
_NO_SCOPE = re.compile(r"(jit|jvp|transpose|vmap|checkpoint)\(|(while|body|cond|closed_call)$")


def main():
    """Runs the command."""
    options = _options()
    config = {
        "net": options.net, "size": options.size or architectures.NETS[options.net].size, "batch": options.batch,
        "forms": options.forms, "dtype": "float32",
    }  # fmt: skip
    peer = slim_nets.Peer(config)
    run = getattr(peer, options.what)
    run(1)
    run(1)
    milliseconds = _measured(run, options.steps)
    described = {name: (shape, path) for name, shape, path in _INSTRUCTION.findall(peer.compiled(options.what))}
    total = sum(milliseconds.values())
    print(f"{options.net}, {options.what}, batch {options.batch}: {total:.0f} ms of operations a step")
    by_kind, by_layer = collections.Counter(), collections.Counter()
    for operation, time in milliseconds.items():
        _, path = described.get(operation, ("", ""))
        by_kind[f"{_stem(operation)} {path.rpartition('/')[2]}"] += time
        by_layer[_layer(path)] += time
    for title, counted in (("by kind", by_kind), ("by layer", by_layer)):
        print(f"\n{title}")
        for name, time in counted.most_common(options.rows):
            print(f"  {time:9.2f} ms {100 * time / total:5.1f} %  {name}")
    print("\none by one")
    for operation, time in milliseconds.most_common(options.rows):
        shape, path = described.get(operation, ("", ""))
        print(f"  {time:9.2f} ms  {operation:32} {shape:32} {_layer(path)}")


def _measured(run, steps):
    """Operation -> milliseconds a step."""
    settings = jax.profiler.ProfileOptions()
    settings.python_tracer_level = 0
    settings.host_tracer_level = 1
    with tempfile.TemporaryDirectory() as folder:
        with jax.profiler.trace(folder, profiler_options=settings):
            run(steps)
        (path,) = Path(folder).rglob("*.xplane.pb")
        data = jax.profiler.ProfileData.from_file(str(path))
        found = collections.Counter()
        for plane in data.planes:
            for line in plane.lines:
                for event in line.events:
                    operation = dict(event.stats).get("hlo_op")
                    if operation:
                        found[operation] += event.duration_ns / 1e6 / steps
    if not found:
        sys.exit("The profiler told nothing of single operations: this version of JAX names them in another way.")
    return found


def _stem(operation):
    return re.sub(r"[.\d]+$", "", operation)


def _layer(path):
    """The scopes of an operation, without what JAX writes around them."""
    return "/".join(part for part in path.split("/")[:-1] if not _NO_SCOPE.match(part)) or "(whole step)"


def _options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("net", choices=tuple(architectures.NETS))
    add("--what", choices=("train", "forward"), default="train")
    add("--forms", choices=("fastest", "exact", "lax"), default="fastest", help="slim.kernel_forms (fastest)")
    add("--batch", type=int, default=8, help="images in a batch (8)")
    add("--size", type=int, help="pixels of an edge (what the net was made for)")
    add("--steps", type=int, default=3, help="steps that are watched (3)")
    add("--rows", type=int, default=25, help="lines of each table (25)")
    options = parser.parse_args()
    if min(options.batch, options.steps, options.rows, options.size or 1) < 1:
        parser.error("--batch, --size, --steps and --rows must be at least 1")
    return options


if __name__ == "__main__":
    main()
