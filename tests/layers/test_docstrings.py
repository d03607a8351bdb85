"""The examples in the layers' docstrings run, and give the shapes that they say.

An example is read line by line: `net = slim.layer(net, ...)    # [N, 8, 8, 3] -> [N, 4, 4, 16]` feeds zeros of the
first shape and must give the second; a comment that ends in one shape only says what must come out.
"""

import ast
import inspect
import re
import textwrap

import jax
import jax.numpy as jnp
import pytest

import jax_slim as slim

SHAPE = r"\[([N\d, ]*)\]"
BATCH = 2  # what N stands for
INTEGERS = ("ids", "labels")  # what examples call their inputs that are none of floats


def layers():
    """The public functions of the layers' modules, once each: {name: function}."""
    functions = {
        id(value): value
        for name in dir(slim)
        if inspect.isfunction(value := getattr(slim, name)) and value.__module__.startswith("jax_slim.layers.")
    }
    return sorted(functions.values(), key=lambda function: function.__name__)


def example(function):
    """The lines of the indented block in a docstring's upper part."""
    lines = inspect.getdoc(function).partition("\nArgs:")[0].splitlines()
    return textwrap.dedent("\n".join(line for line in lines if line.startswith("    ")))


def shape(text):
    return tuple(BATCH if size.strip() == "N" else int(size) for size in text.split(","))


def run(source):
    """Runs an example inside a program, on zeros; returns how many shapes it checked."""
    checked = 0
    names = {"slim": slim, "jax": jax, "jnp": jnp}
    for statement in ast.parse(source).body:
        comment = source.splitlines()[statement.end_lineno - 1].partition("#")[2].strip()
        given = re.search(rf"{SHAPE} -> {SHAPE}$", comment)
        if given:
            call = statement.value
            assert isinstance(call, ast.Call)
            name = ast.unparse(call.args[0])
            names[name] = jnp.zeros(shape(given[1]), jnp.int32 if name in INTEGERS else jnp.float32)
        expected = re.search(rf"{SHAPE}$", comment)
        if isinstance(statement, ast.Assign):
            exec(ast.unparse(statement), names)
            result = names[ast.unparse(statement.targets[0])]
        else:
            result = eval(ast.unparse(statement.value), names)
        if expected:
            assert result.shape == shape(expected[1]), ast.unparse(statement)
            checked += 1
    return checked


@pytest.mark.parametrize("function", [f for f in layers() if "] -> [" in example(f)], ids=lambda f: f.__name__)
def test_example(function):
    checked = []
    slim.Model(lambda: checked.append(run(example(function)))).specs()
    assert checked[0]


def test_every_layer_says_what_it_does():
    """A first line, an example, and what it takes."""
    assert not [f.__name__ for f in layers() if not (inspect.getdoc(f) or "").splitlines()[0].endswith(".")]
    assert not [f.__name__ for f in layers() if f"{f.__name__}(" not in example(f) and "slim." not in example(f)]
