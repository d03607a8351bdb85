"""`jax-slim models`: which nets there are."""

import argparse
import json
import sys

from jax_slim.cli.failures import CommandError

HELP = "list the nets: name, image size, classes, preprocessing, published accuracy"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments."""
    parser.add_argument("pattern", nargs="?", default="*", help="a shell pattern such as 'resnet_v1*' (default: all)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")


def run(options: argparse.Namespace) -> int:
    """Prints the table."""
    from jax_slim.nets.creation import create_model
    from jax_slim.nets.published import PUBLISHED
    from jax_slim.nets.registry import list_models

    published = {row.net: row for row in PUBLISHED}
    rows = []
    for name in list_models(options.pattern):
        model, row = create_model(name), published.get(name)
        rows.append(
            {
                "name": name,
                "image_size": model.image_size,
                "num_classes": model.num_classes,
                "preprocessing": model.preprocessing,
                "top_1": row and row.top_1,
                "checkpoint": row and row.archive,
            }
        )
    if not rows:
        raise CommandError(f"no net is called {options.pattern!r}. `jax-slim models` lists them all.")
    if options.json:
        print(json.dumps(rows, indent=1))
        return 0
    heads = ("net", "size", "classes", "preprocessing", "top-1 %", "published as")
    texts = [heads, *(tuple("-" if value is None else str(value) for value in row.values()) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    for line in texts:
        print("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip())
    print(f"{len(rows)} nets", file=sys.stderr)
    return 0
