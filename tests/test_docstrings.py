"""The examples in the docstrings of helpers run. (Those of layers: tests/layers/test_docstrings.py.)"""

import inspect
import textwrap

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_slim as slim

NEED_A_RUN = {"read_scalars"}
MODULES = (slim.utils, slim.summary, slim.summaries, slim.model_analyzer)
OTHERS = (
    slim.get_collection,
    *(getattr(slim, name) for name in dir(slim) if name.startswith("summarize_")),
)
FUNCTIONS = {
    f"{function.__module__}.{name}": function
    for name, function in [
        *((function.__name__, function) for function in OTHERS),
        *((name, thing) for module in MODULES for name, thing in vars(module).items()),
    ]
    if inspect.isfunction(function) and function.__module__.startswith("jax_slim") and not name.startswith("_")
}


def example(function):
    """The indented block in the upper part of a docstring."""
    lines = inspect.getdoc(function).partition("\nArgs")[0].splitlines()
    return textwrap.dedent("\n".join(line for line in lines if line.startswith("    ")))


def names(images):
    """What the examples call their surroundings, inside a program."""
    net = slim.conv2d(images, 4, 3, outputs_collections="end_points", scope="vgg_16/conv1/conv1_1")
    slim.losses.add_loss(jnp.mean(net))
    return {
        "accuracy": jnp.mean(net > 0, dtype=jnp.float32),
        "end_points": {"conv1": net},
        "images": images,
        "is_training": True,
        "jax": jax,
        "jnp": jnp,
        "key": jax.random.key(0),
        "model": slim.Model(lambda images, is_training=True: slim.fully_connected(slim.flatten(images), 2)),
        "net": net,
        "noisy": lambda net: net + 1,
        "slim": slim,
        "total_loss": jnp.mean(net),
    }


@pytest.mark.parametrize("name", [name for name, f in FUNCTIONS.items() if example(f) and f.__name__ not in NEED_A_RUN])
def test_example(name):
    source = example(FUNCTIONS[name])
    slim.Model(lambda images: exec(source, names(images))).specs(np.zeros((2, 8, 8, 3), np.float32))


def test_helpers_say_what_they_do():
    assert len(FUNCTIONS) > 30
    for name, function in FUNCTIONS.items():
        assert (inspect.getdoc(function) or "").splitlines()[0].endswith((".", ":")), name
