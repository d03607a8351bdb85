"""`jax-slim diff`: where two checkpoints, or a checkpoint and a net, differ."""

import argparse
import json

HELP = """compare two checkpoints, or a checkpoint and a net: names, shapes, values

  jax-slim diff model.ckpt-1000 model.ckpt-2000
  jax-slim diff inception_v3.ckpt inception_v3      what of a checkpoint fits the net

The exit code is 1 where they differ."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments."""
    parser.add_argument("a", help="a checkpoint")
    parser.add_argument("b", help="another, or the name of a net")
    parser.add_argument("--num_classes", type=int, help="of the net")
    parser.add_argument("--tolerance", type=float, default=0.0, help="differences of values up to this are none")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")


def run(options: argparse.Namespace) -> int:
    """Prints the differences; 1 when there are any."""
    from jax_slim.checkpoints.comparing import diff
    from jax_slim.nets.registry import ROWS

    other = options.b
    if other in ROWS:
        from jax_slim.nets.creation import create_model

        model = create_model(other, options.num_classes)
        other = model.specs(model.example())
    found = diff(options.a, other, tolerance=options.tolerance)
    print(json.dumps(found.as_dict(), indent=1) if options.json else found)
    return int(bool(found))
