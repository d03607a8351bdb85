"""A page for each family of nets: where it is from, what its nets cost, which checkpoints are published."""

import importlib
import inspect
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from site_tools.docstrings import as_markdown

Card = Mapping[str, Any]

_WHAT_IS_COUNTED = (
    "Parameters are those that are trained. FLOPs are two for each multiplication with its addition, of one example at "
    "evaluation; the size is that of all variables in float32."
)
_USE = """```python
model = slim.nets.create_model("{name}")
variables = model.init(jax.random.key(0))
logits, end_points = model.apply(variables, images)
```"""


def write(folder: Path) -> list[Card]:
    """Writes the pages, from what `jax-slim models NAME` shows; returns these cards."""
    card = importlib.import_module("jax_slim.cli.model_cards").card
    rows = importlib.import_module("jax_slim.nets.registry").ROWS
    families: dict[str, list[Card]] = {}
    for name, row in rows.items():
        families.setdefault(row.module, []).append(card(name))
    folder.mkdir(parents=True, exist_ok=True)
    for family, cards in families.items():
        (folder / f"{family}.md").write_text(_page(family, cards))
    (folder / "index.md").write_text(_index(families))
    return [card for cards in families.values() for card in cards]


def _page(family: str, cards: Sequence[Card]) -> str:
    module = importlib.import_module(f"jax_slim.nets.{family}")
    name = cards[0]["name"]
    paper = cards[0].get("paper")
    parts = [f"# {family}", as_markdown(inspect.getdoc(module) or "")]
    if paper:
        parts.append(f"**Paper**: {paper}.")
    parts += [
        _table(cards),
        _WHAT_IS_COUNTED,
    ]
    published = [(card["name"], row) for card in cards for row in card.get("published", [])]
    if published:
        parts += ["## Published checkpoints", _published(published)]
    parts += [
        "## In use",
        _USE.format(name=name),
        f"Its functions and their arguments: [`slim.nets.{family}`](../reference/slim.nets.{family}.md).",
    ]
    return "\n\n".join(parts) + "\n"


def _table(cards: Sequence[Card]) -> str:
    head = "| net | parameters | FLOPs | size | input | classes | preprocessing |\n|---|--:|--:|--:|---|--:|---|"
    lines = [
        f"| `{card['name']}` | {card['parameters'] / 1e6:.2f} M | {card['flops'] / 1e9:.2f} G | "
        f"{card['bytes'] / 1e6:.1f} MB | {' x '.join(map(str, card['input']))} | {card['num_classes']} | "
        f"{card.get('preprocessing', '')} |"
        for card in cards
    ]
    return "\n".join([head, *lines])


def _published(rows: Sequence[tuple[str, Mapping[str, Any]]]) -> str:
    head = "| net | file | pixels | top-1 | top-5 |\n|---|---|--:|--:|--:|"
    lines = [
        f"| `{name}` | `{row['archive']}` | {row['image_size']} | {_percent(row['top_1'])} | {_percent(row['top_5'])} |"
        for name, row in rows
    ]
    return "\n".join([head, *lines]) + (
        "\n\nAs published, in percent of ImageNet's validation images. "
        "[The checkpoints that TF-Slim published](../../pretrained.md) tells how to use them."
    )


def _percent(value: Any) -> str:
    return "" if value is None else f"{value} %"


def _index(families: Mapping[str, Sequence[Card]]) -> str:
    rows = "\n".join(
        f"| [{family}]({family}.md) | {_names(cards)} | {_span(cards)} |" for family, cards in families.items()
    )
    return f"""# The nets

Every net goes by a name: `slim.nets.create_model("resnet_v1_50")`. What they cost, from `jax-slim models`:

```{{image}} ../charts/nets_light.svg
:class: only-light
:alt: Parameters and FLOPs of each net, on logarithmic axes
```
```{{image}} ../charts/nets_dark.svg
:class: only-dark
:alt: Parameters and FLOPs of each net, on logarithmic axes
```

| family | nets | parameters |
|---|---|--:|
{rows}

Nets without such a name (`cyclegan`, `dcgan`, `pix2pix` and others) are in [the reference](../reference/slim.nets.md).

```{{toctree}}
:hidden:

{chr(10).join(families)}
```
"""


def _span(cards: Sequence[Card]) -> str:
    sizes = sorted(card["parameters"] / 1e6 for card in cards)
    return f"{sizes[0]:.1f} M" if len(sizes) == 1 else f"{sizes[0]:.1f} to {sizes[-1]:.1f} M"


def _names(cards: Sequence[Card]) -> str:
    return ", ".join(f"`{card['name']}`" for card in cards)
