"""What the devices of a training step send each other, counted in the compiled program: `python collectives.py`.

For each net, layout and number of simulated devices: how many collectives of each kind, and their bytes (of their
results, in one device; of a reduce-scatter, of what it takes). "large" are those of at least 64 KiB. Nothing is run,
and nothing depends on the machine. `--net=mobilenet_v1 --devices=2 --layout=data` takes some only; `--list` shows each.
"""

import argparse
import collections
import json
import os
import re
import subprocess
import sys

NETS = {"lenet": 28, "mobilenet_v1": 224, "resnet_v1_50": 224, "vgg_16": 224}
LAYOUTS = ("data", "sharded")
LARGE = 64 << 10
_KINDS = ("all-reduce", "all-gather", "reduce-scatter", "all-to-all", "collective-permute")
_LINE = re.compile(rf"= (\([^)]*\)|\S+) ({'|'.join(_KINDS)})(-start)?\(")
_ARRAY = re.compile(r"\b(pred|[subf]+\d+)\[([\d,]*)\]")
_BYTES = {"pred": 1, "s8": 1, "u8": 1, "s16": 2, "u16": 2, "f16": 2, "bf16": 2, "s64": 8, "u64": 8, "f64": 8}


def collectives(text):
    """(kind, bytes) of each collective in a compiled program's text."""
    found = []
    for line in text.splitlines():
        match = _LINE.search(line)
        if match is None:
            continue
        size = 0
        for dtype, dims in _ARRAY.findall(match[1]):
            count = 1
            for length in filter(None, dims.split(",")):
                count *= int(length)
            size += count * _BYTES.get(dtype, 4)
        if match[2] == "reduce-scatter":
            groups = re.search(r"replica_groups=(?:\{\{([\d,]*)\}|\[(\d+),(\d+)\])", line)
            size *= len(groups[1].split(",")) if groups and groups[1] else int(groups[3]) if groups else 1
        found.append((match[2], size))
    return found


def step_text(net, layout, batch_of_each=4):
    """The compiled step of `net` on all devices, and the bytes of its gradients."""
    import jax
    import optax

    import jax_slim as slim
    from jax_slim.learning.saving import named_as
    from jax_slim.learning.starting import layout as laid_out
    from jax_slim.parallel.placing import everywhere, split_by_example

    mesh = slim.parallel.mesh(data=-1)
    model = slim.nets.create_model(net, 10, weight_decay=0.0)
    size = NETS[net]

    def loss_fn(batch):
        logits, _ = model.function(batch["image"], is_training=True)
        slim.losses.sparse_softmax_cross_entropy(logits.reshape(logits.shape[0], -1), batch["label"])
        return slim.losses.get_total_loss()

    train_op = slim.learning.create_train_op(loss_fn, optax.sgd(0.1, momentum=0.9), check_numerics=False)
    count = batch_of_each * mesh.size
    cut = split_by_example(mesh)
    batch = {
        "image": jax.ShapeDtypeStruct((count, size, size, 1 if net == "lenet" else 3), "float32", sharding=cut),
        "label": jax.ShapeDtypeStruct((count,), "int32", sharding=cut),
    }
    template = jax.eval_shape(train_op.init, jax.random.key(0), batch)
    where = named_as(template, laid_out(template, mesh, slim.parallel.fully_sharded() if layout == "sharded" else None))
    state = jax.tree.map(
        lambda leaf, place: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=place), template, where
    )
    step = slim.jit(train_op, donate_argnums=0, out_shardings=(where, everywhere(mesh)))
    text = step.lower(state, batch, jax.ShapeDtypeStruct((), "bool")).compile().as_text()
    gradients = sum(leaf.size * leaf.dtype.itemsize for leaf in train_op.trained(template.variables).values())
    return text, gradients


def measured(net, layout):
    text, gradients = step_text(net, layout)
    found = collectives(text)
    report = {"net": net, "layout": layout, "gradients": gradients, "kinds": {}}
    for kind, size in found:
        row = report["kinds"].setdefault(kind, {"count": 0, "bytes": 0, "large": 0, "large_bytes": 0})
        row["count"] += 1
        row["bytes"] += size
        row["large"] += size >= LARGE
        row["large_bytes"] += size * (size >= LARGE)
    report["each"] = sorted(collections.Counter(f"{kind} {size}" for kind, size in found).items())
    return report


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--net", choices=NETS)
    parser.add_argument("--devices", type=int)
    parser.add_argument("--layout", choices=LAYOUTS)
    parser.add_argument("--list", action="store_true", help="show each collective")
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measured(options.net, options.layout)))
        return
    print(f"{'net':14} {'layout':8} devices  {'collective':20} count  MB     of 64 KiB and more  gradients MB")
    for net in [options.net] if options.net else NETS:
        for layout in [options.layout] if options.layout else LAYOUTS:
            for devices in [options.devices] if options.devices else (2, 4, 8):
                environment = os.environ | {
                    "JAX_PLATFORMS": "cpu",
                    "XLA_FLAGS": f"--xla_force_host_platform_device_count={devices}",
                }
                command = [sys.executable, __file__, "--one", f"--net={net}", f"--layout={layout}"]
                done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
                if done.returncode:
                    sys.exit(done.stderr)
                report = json.loads(done.stdout.splitlines()[-1])
                for kind, row in sorted(report["kinds"].items()):
                    print(
                        f"{net:14} {layout:8} {devices:7}  {kind:20} {row['count']:5}  {row['bytes'] / 1e6:7.2f}"
                        f"  {row['large']:4} {row['large_bytes'] / 1e6:9.2f}  {report['gradients'] / 1e6:11.2f}",
                        flush=True,
                    )
                if options.list:
                    print("\n".join(f"    {count} x {text} bytes" for text, count in report["each"]))


if __name__ == "__main__":
    main()
