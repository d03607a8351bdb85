"""`jax-slim inspect`: what a net, a checkpoint, a graph of TensorFlow or a file of records holds."""

import argparse
import json
import os
from typing import Any

from jax_slim.cli.failures import CommandError, UsageError
from jax_slim.cli.graph_files import is_graph

HELP = """show what a net, a checkpoint, a graph of TensorFlow or a file of TFRecords holds

  jax-slim inspect resnet_v1_50            the net's layers: shapes, parameters, FLOPs
  jax-slim inspect frozen.pb               inputs, outputs, operations and constants of a TensorFlow graph
  jax-slim inspect model.ckpt-1000.meta    the same, of a graph beside its checkpoint
  jax-slim inspect exported/1600000000     the same with its signatures, of a SavedModel
  jax-slim inspect vgg_16.ckpt             names, shapes and dtypes in a checkpoint, of any format
  jax-slim inspect flowers/flowers_train_00000-of-00005.tfrecord    the features of its examples"""

_LISTED = 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments."""
    parser.add_argument("what", help="a net's name, a checkpoint, a graph, or a file of TFRecords (a pattern is fine)")
    parser.add_argument("--num_classes", type=int, help="of a net: how many classes")
    parser.add_argument("--image_size", type=int, help="of a net: height and width in pixels")
    parser.add_argument("--batch_size", type=int, default=1, help="of a net: how many images (default 1)")
    parser.add_argument("--include", action="append", help="of a checkpoint: names that begin like this expression")
    parser.add_argument("--exclude", action="append", help="of a checkpoint: without names that begin like this one")
    parser.add_argument("--records", type=int, default=1, help="of TFRecords: how many to show (default 1)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table (files)")


def run(options: argparse.Namespace) -> int:
    """Finds out what it is, and prints it."""
    from jax_slim.nets.registry import ROWS

    if options.batch_size < 1 or options.records < 0:
        raise UsageError("--batch_size must be at least 1, and --records at least 0.")
    if options.what in ROWS:
        return _net(options)
    if not os.path.exists(options.what) and not _may_be_prefix(options.what):
        from jax_slim.core.names import near

        alike = near(options.what, ROWS)
        hint = f" Nets with near names: {', '.join(alike)}." if alike else ""
        raise CommandError(f"there is no file, checkpoint or net called {options.what!r}.{hint}")
    if is_graph(options.what):
        return _graph(options)
    if _is_records(options.what):
        return _records(options)
    return _checkpoint(options)


def _net(options: argparse.Namespace) -> int:
    import jax
    import jax.numpy as jnp

    from jax_slim.model_analyzer.tables import table
    from jax_slim.nets.creation import create_model

    model = create_model(options.what, options.num_classes, image_size=options.image_size)
    images = jax.ShapeDtypeStruct((options.batch_size, *model.input_shape), jnp.float32)
    print(table(model, images))
    return 0


def _checkpoint(options: argparse.Namespace) -> int:
    from jax_slim.checkpoints.inspection import inspect

    found = inspect(options.what, include=options.include, exclude=options.exclude)
    print(json.dumps(found.as_dict(), indent=1) if options.json else found)
    return 0


def _graph(options: argparse.Namespace) -> int:
    """A graph: what goes in and comes out, how many operations of each type, variables, the largest constants."""
    from jax_slim.graphs.sources import describe

    try:
        found = describe(options.what)
    except ValueError as error:
        raise CommandError(str(error).removeprefix("describe: ")) from None
    if options.json:
        print(json.dumps(found, indent=1))
        return 0
    print(found["kind"] + (f" with the checkpoint {found['checkpoint']}" if found["checkpoint"] else ""))
    for name, signature in found["signatures"].items():
        print(f"signature {name}")
        for part in ("inputs", "outputs"):
            for key, facts in signature[part].items():
                print(f"  {part[:-1]:6}  {key}  {_typed(facts)}  {facts['tensor']}")
    for name, facts in found["inputs"].items():
        print(f"input   {name}  {_typed(facts)}")
    for name in found["outputs"][:_LISTED]:
        print(f"output  {name}")
    if len(found["outputs"]) > _LISTED:
        print(f"  ... and {len(found['outputs']) - _LISTED} more outputs")
    print(f"{sum(found['operations'].values())} operations" + _counted(len(found["functions"]), "function"))
    width = max(map(len, found["operations"]), default=0)
    for name, count in found["operations"].items():
        print(f"  {name:{width}}  {count}{'  not known here' if name in found['unknown'] else ''}")
    if found["variables"]:
        print(f"{len(found['variables'])} variables:")
        for name, facts in list(found["variables"].items())[:_LISTED]:
            print(f"  {name}  {_typed(facts)}")
    constants = sorted(found["constants"].items(), key=lambda item: -item[1]["elements"])
    print(f"{len(constants)} constants of {sum(facts['elements'] for _, facts in constants)} elements; the largest:")
    for name, facts in constants[:_LISTED]:
        print(f"  {name}  {_typed(facts)}")
    return 0


def _typed(facts: Any) -> str:
    if facts["shape"] is None:
        return f"{facts['dtype']} ?"
    return f"{facts['dtype']} [{', '.join('?' if s is None else str(s) for s in facts['shape'])}]"


def _counted(count: int, what: str) -> str:
    return f", in {count} {what}{'s' if count > 1 else ''} besides the graph" if count else ""


def _may_be_prefix(path: str) -> bool:
    import glob

    return bool(glob.glob(path) or glob.glob(glob.escape(path) + ".*"))


def _is_records(path: str) -> bool:
    import glob

    found = [path] if os.path.isfile(path) else sorted(glob.glob(path))
    return bool(found) and ("tfrecord" in os.path.basename(found[0]) or "*" in path)


def _records(options: argparse.Namespace) -> int:
    """How many records there are, and of the first ones the features: kind, length, the first values."""
    from jax_slim.data.examples import example_values
    from jax_slim.data.tfrecords import TFRecords

    records = TFRecords(options.what)
    shown = [
        {name: _feature(values) for name, values in sorted(example_values(records[number]).items())}
        for number in range(min(options.records, len(records)))
    ]
    if options.json:
        print(json.dumps({"records": len(records), "examples": shown}, indent=1))
        return 0
    print(f"{len(records)} records")
    for number, features in enumerate(shown):
        print(f"record {number}")
        width = max(map(len, features), default=0)
        for name, feature in features.items():
            print(f"  {name:{width}}  {feature['kind']:7} [{feature['length']}]  {feature['values']}")
    return 0


def _feature(values: Any) -> dict[str, Any]:
    from jax_slim.data.image_codecs import image_format

    kind = "bytes" if values.dtype == object else str(values.dtype)
    first = []
    for value in values[:4]:
        if not isinstance(value, bytes):
            first.append(str(value))
        elif found := image_format(value):
            first.append(f"<{found} image of {len(value)} bytes>")
        else:
            first.append(repr(value[:40])[1:] + (" ..." if len(value) > 40 else ""))
    text = ", ".join(first) + (", ..." if len(values) > 4 else "")
    return {"kind": kind, "length": len(values), "values": text}
