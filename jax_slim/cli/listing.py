"""`jax-slim models`: which nets there are, and all that is known of one."""

import argparse
import csv
import json
import sys

from jax_slim.cli.failures import CommandError

HELP = "list the nets: name, image size, classes, preprocessing, published accuracy; for one name, its card"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments."""
    parser.add_argument(
        "pattern", nargs="?", default="*", help="a shell pattern such as 'resnet_v1*' (default: all), or one net"
    )
    parser.add_argument("--pretrained", action="store_true", help="list the names of published weights instead")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print JSON instead of a table")
    form.add_argument("--csv", action="store_true", help="print comma-separated values instead of a table")


def _list_weights(options: argparse.Namespace) -> int:
    from jax_slim.nets.pretrained import list_pretrained, net_of
    from jax_slim.nets.registry import list_models

    nets = list_models(options.pattern)
    found = {name: net for name in list_pretrained() if (net := net_of(name)) in nets}
    width = max(map(len, found), default=0)
    print(
        json.dumps(found, indent=1) if options.json else "\n".join(f"{name:{width}}  {found[name]}" for name in found)
    )
    return 0


def run(options: argparse.Namespace) -> int:
    """Prints the table, or the card of the one net that was named."""
    from jax_slim.nets.creation import create_model
    from jax_slim.nets.published import PUBLISHED
    from jax_slim.nets.registry import ROWS, list_models

    if options.pretrained:
        return _list_weights(options)
    if options.pattern in ROWS and not options.csv:
        from jax_slim.cli.model_cards import card, shown

        facts = card(options.pattern)
        print(json.dumps(facts, indent=1) if options.json else shown(facts))
        return 0
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
    if options.csv:
        table = csv.DictWriter(sys.stdout, rows[0], lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
        return 0
    heads = ("net", "size", "classes", "preprocessing", "top-1 %", "published as")
    texts = [heads, *(tuple("-" if value is None else str(value) for value in row.values()) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    for line in texts:
        print("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip())
    print(f"{len(rows)} nets", file=sys.stderr)
    return 0
