"""What of `tf.contrib.slim` is here: every public name of TensorFlow 1.15's, present or left out with the reason.

`public_names.json` is the table. Its "names" are TF's, for each module of slim: a name that has "left_out" is not here,
for that one of the "reasons"; all others are. "signature" is TF's. Where the one here has an argument more or less, in
another place or with another default, "differs" tells why.
"""

import ast
import inspect
import json
from pathlib import Path

import numpy as np
import pytest

import jax_slim as slim

TABLE = json.loads((Path(__file__).parent / "public_names.json").read_text())
ROWS = [
    pytest.param(module, name, row, id=f"{module}.{name}")
    for module, rows in TABLE["names"].items()
    for name, row in rows.items()
]
ORDER = "(order)"  # stands in "differs" for arguments that both have, in another order


def found(module, name=None):
    """What the package has under that name, or None."""
    path = [*([] if module == "slim" else module.split(".")), *([] if name is None else [name])]
    thing = slim
    for part in path:
        thing = getattr(thing, part, None)
        if thing is None:
            return None
    return thing


def theirs(signature):
    """TF's arguments: name -> default as text, or None; in order."""
    args = ast.parse(f"def f{signature}: pass").body[0].args
    names = [arg.arg for arg in args.args]
    defaults = [None] * (len(names) - len(args.defaults)) + [ast.unparse(default) for default in args.defaults]
    found = dict(zip(names, defaults, strict=True))
    for arg, default in zip(args.kwonlyargs, args.kw_defaults, strict=True):
        found[arg.arg] = None if default is None else ast.unparse(default)
    for star in (args.vararg, args.kwarg):
        if star is not None:
            found[star.arg] = None
    return found


def ours(thing):
    """The same for what is here."""
    parameters = inspect.signature(thing).parameters.values()
    return {p.name: None if p.default is p.empty else as_text(p.default) for p in parameters}


def as_text(default):
    if default is None or isinstance(default, bool | int | float | str | tuple | list):
        return ast.unparse(ast.parse(repr(default), mode="eval"))
    for make in (slim.zeros_initializer, slim.xavier_initializer):
        if default == make():
            return f"{make.__name__}()"
    try:
        return np.dtype(default).name
    except TypeError:
        return getattr(default, "__name__", repr(default))


def differences(before, now):
    """The arguments that are missing or new, or whose defaults differ."""
    changed = {name for name in before.keys() | now.keys() if before.get(name, ...) != now.get(name, ...)}
    shared = [name for name in before if name in now]
    return changed | ({ORDER} if shared != [name for name in now if name in before] else set())


@pytest.mark.parametrize(("module", "name", "row"), ROWS)
def test_present_or_left_out_with_a_reason(module, name, row):
    thing = found(module, name)
    if "left_out" in row:
        assert row["left_out"] in TABLE["reasons"]
        assert thing is None, f"slim.{name} exists now: take its 'left_out' out of public_names.json"
        return
    assert thing is not None, f"{module}.{name} is missing"
    if "signature" in row:
        differ = differences(theirs(row["signature"]), ours(thing))
        assert differ == set(row.get("differs", ())), f"here: {inspect.signature(thing)}"


def test_every_reason_is_used():
    used = {row["left_out"] for rows in TABLE["names"].values() for row in rows.values() if "left_out" in row}
    assert used == set(TABLE["reasons"])


@pytest.mark.parametrize("module", ["layers", "initializers", "regularizers"])
def test_the_modules_of_layers_hold_the_same_functions(module):
    for name, row in TABLE["names"][module].items():
        if "left_out" not in row:
            assert found(module, name) is found("slim", name)


def test_the_comparison_sees_what_it_looks_for():
    def function(inputs, size=3, *, padding="SAME", dtype=np.float32, made=slim.zeros_initializer(), **others):
        del inputs, size, padding, dtype, made, others

    signature = "(inputs, size=3, *, padding='SAME', dtype=float32, made=zeros_initializer(), **others)"
    assert differences(theirs(signature), ours(function)) == set()
    for changed, expected in (
        (signature.replace("size=3", "size=4"), {"size"}),
        (signature.replace("inputs, ", ""), {"inputs"}),
        (signature.replace("(inputs", "(more, inputs"), {"more"}),
        (signature.replace("inputs, size=3", "size, inputs=3"), {"size", "inputs", ORDER}),
        (signature.replace("zeros", "xavier"), {"made"}),
        (signature.replace("float32", "float64"), {"dtype"}),
    ):
        assert differences(theirs(changed), ours(function)) == expected


def test_every_layer_at_the_root_is_in_layers():
    here = {
        name: thing
        for name, thing in ((name, getattr(slim, name)) for name in dir(slim))
        if getattr(thing, "__module__", "").startswith("jax_slim.layers")
    }
    assert len(here) > 40
    for name, thing in here.items():
        assert found("layers", name) is thing, f"add {name} to jax_slim/layers/__init__.py"
