"""`jax-slim models`: which nets there are, and all that is known of one."""

import argparse
import csv
import json
import sys
from collections.abc import Mapping
from typing import Any

from jax_slim.cli.failures import CommandError

HELP = "list the nets: name, image size, classes, preprocessing, published accuracy; for one name, its card"

# What the tables show -> its head.
_NETS = {
    "name": "net",
    "image_size": "size",
    "num_classes": "classes",
    "preprocessing": "preprocessing",
    "top_1": "top-1 %",
    "checkpoint": "published as",
    "pretrained": "pretrained",
}
_WEIGHTS = {
    "name": "pretrained",
    "net": "net",
    "image_size": "size",
    "num_classes": "classes",
    "preprocessing": "preprocessing",
    "measure": "top-1, mIoU or AP %",
    "fetched": "fetched to",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments."""
    parser.add_argument(
        "pattern", nargs="?", default="*", help="a shell pattern such as 'resnet_v1*' (default: all), or one net"
    )
    parser.add_argument("--pretrained", action="store_true", help="list published weights that can be fetched instead")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print JSON instead of a table")
    form.add_argument("--csv", action="store_true", help="print comma-separated values instead of a table")


def run(options: argparse.Namespace) -> int:
    """Prints the table, or the card of the one net that was named."""
    from jax_slim.nets.registry import ROWS

    if options.pattern in ROWS and not (options.csv or options.pretrained):
        from jax_slim.cli.model_cards import card, shown

        facts = card(options.pattern)
        print(json.dumps(facts, indent=1) if options.json else shown(facts))
        return 0
    rows = _weights(options.pattern) if options.pretrained else _nets(options.pattern)
    if not rows:
        what = "no weights are known of nets" if options.pretrained else "no net is"
        raise CommandError(f"{what} called {options.pattern!r}. `jax-slim models` lists them all.")
    if options.json:
        print(json.dumps(rows, indent=1))
    elif options.csv:
        table = csv.DictWriter(sys.stdout, rows[0], lineterminator="\n")
        table.writeheader()
        table.writerows(
            {key: " ".join(value) if isinstance(value, list) else value for key, value in row.items()} for row in rows
        )
    else:
        _show(rows, _WEIGHTS if options.pretrained else _NETS)
        print(f"{len(rows)} {'weights' if options.pretrained else 'nets'}", file=sys.stderr)
    return 0


def _nets(pattern: str) -> list[dict[str, Any]]:
    from jax_slim.nets.creation import create_model
    from jax_slim.nets.model_names import list_models
    from jax_slim.nets.pretrained import list_pretrained, pretrained_of
    from jax_slim.nets.published import PUBLISHED

    published = {row.net: row for row in PUBLISHED}
    rows = []
    for name in list_models(pattern):
        model, row = create_model(name), published.get(name)
        weights = list_pretrained(name)
        first = [pretrained_of(name, True).name] if weights else []
        rows.append(
            {
                "name": name,
                "image_size": model.image_size,
                "num_classes": model.num_classes,
                "preprocessing": model.preprocessing,
                "top_1": row and row.top_1,
                "checkpoint": row and row.archive,
                "pretrained": first + [other for other in weights if other not in first],
            }
        )
    return rows


def _weights(pattern: str) -> list[dict[str, Any]]:
    from jax_slim.nets.model_names import list_models
    from jax_slim.nets.pretrained import list_pretrained, net_of, pretrained_of

    nets = list_models(pattern)
    rows = []
    for name in list_pretrained():
        if (net := net_of(name)) in nets:
            found = pretrained_of(net, name)
            rows.append(
                {
                    "name": name,
                    "net": net,
                    "image_size": found.image_size,
                    "num_classes": found.num_classes,
                    "preprocessing": found.preprocessing,
                    "top_1": found.top_1,
                    "measure": found.top_1 if found.score is None else found.score,
                    "url": found.url,
                    "fetched": str(found.path) if found.fetched else None,
                }
            )
    return rows


def _show(rows: list[dict[str, Any]], columns: Mapping[str, str]) -> None:
    texts = [tuple(columns.values()), *(tuple(_text(row[key]) for key in columns) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    for line in texts:
        print("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip())


def _text(value: Any) -> str:
    if isinstance(value, list):  # the first, and how many more
        return f"{value[0]}{f' +{len(value) - 1}' if value[1:] else ''}" if value else "-"
    return "-" if value is None else str(value)
