"""The reference: nothing public is missing, and docstrings become Markdown that says the same."""

import importlib
import inspect
import json
from pathlib import Path

import pytest

import jax_slim as slim

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reference")
    importlib.import_module("site_tools.reference").write(folder)
    return folder


def test_nothing_public_is_missing(written):
    aliases = json.loads((written / "aliases.json").read_text())
    table = json.loads((ROOT / "tests" / "public_names.json").read_text())["names"]
    rooms = [name for name in dir(slim) if inspect.ismodule(getattr(slim, name)) and name not in ("cli", "tf1")]
    wanted = {f"slim.{name}" for name in dir(slim) if not name.startswith("_")}
    for room in rooms:
        names = [name for name in getattr(getattr(slim, room), "__dict__", {}) if not name.startswith("_")]
        source = Path(getattr(slim, room).__file__).read_text()
        wanted |= {f"slim.{room}.{name}" for name in names if f" as {name}\n" in source}
    wanted |= {
        ".".join(["slim", *([] if module == "slim" else [module]), name])
        for module, rows in table.items()
        for name, row in rows.items()
        if "left_out" not in row
    }
    described = {id(_value(name)) for name in aliases}  # under another name, as the modules of TF-Slim repeat some
    missing = [name for name in sorted(wanted) if id(_value(name)) not in described and not _is_module(name)]
    assert missing == []
    text = "\n".join(path.read_text() for path in written.glob("*.md"))
    for name in set(aliases.values()):
        assert f"}} {name}" in text, name


def _value(name):
    value = slim
    for part in name.split(".")[1:]:
        value = getattr(value, part)
    return value


def _is_module(name):
    return inspect.ismodule(_value(name))


def test_an_object_is_described_once_and_its_other_names_lead_there(written):
    aliases = json.loads((written / "aliases.json").read_text())
    assert aliases["slim.layers.convolution2d"] == aliases["slim.conv2d"]
    assert aliases["slim.nets.vgg.vgg_16"] == "slim.nets.vgg.vgg_16"
    text = "\n".join(path.read_text() for path in written.glob("*.md"))
    for name in ("slim.batch_norm", "slim.learning.train", "slim.plots.filters", "slim.Model"):
        assert text.count(f"}} {name}(") == 1
    assert ":::{py:method} slim.Model.init(" in text
    layers = (written / "slim.layers.md").read_text()
    assert "activation_fn: Callable[[jax.Array], jax.Array] | None=None" in layers
    assert "updates_collections: NamesOfCollections=GraphKeys.UPDATE_OPS" in layers


def test_names_of_tensorflow_are_listed(written):
    text = (written / "tensorflow.md").read_text()
    assert "## tf.nn\n" in text and "`conv2d`" in text and "## tf.contrib.slim\n" in text


def test_docstrings_become_markdown():
    as_markdown = importlib.import_module("site_tools.docstrings").as_markdown
    docstring = """Does <this> to [N, C] and *that*.

    Before:

        x = f(1)      # of `f`

        y = 2

    After, with `[a, b]`.

    Args:
      x, y: two of them;
        over two lines.
      **options: others.

    Returns:
      A thing: or two.

    Raises:
      ValueError: never."""
    assert as_markdown(inspect.cleandoc(docstring)) == "\n".join(
        [
            r"Does \<this\> to \[N, C\] and \*that\*.", "", "Before:", "",
            "```python", "x = f(1)      # of `f`", "", "y = 2", "```", "", "After, with `[a, b]`.", "",
            "**Arguments**", "", "- `x, y`: two of them;", "  over two lines.", "- `**options`: others.", "",
            "**Returns**", "", "A thing: or two.", "", "**Raises**", "", "- `ValueError`: never.",
        ]
    )  # fmt: skip


def test_signatures_are_those_of_the_source():
    signature = importlib.import_module("site_tools.signatures").signature

    def function(a: int, *rest: str, b: "float | None" = None, **more):
        pass

    class Thing:
        def __init__(self, a, b=function):
            pass

        def method(self, c=1):
            pass

    assert signature(function) == "(a: int, *rest: str, b: 'float | None'=None, **more)"
    assert signature(Thing) == "(a, b=function)"
    assert signature(Thing.method) == "(c=1)"
    assert signature(slim.plots.filters).startswith("(weights: Any, *, columns: int | None=None")
    assert signature(slim.ProgramError) == ""
