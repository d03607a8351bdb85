"""Rooms whose files are loaded when one is first named."""

import subprocess
import sys
from pathlib import Path

import pytest

import jax_slim as slim


def test_what_is_not_named_is_not_loaded():
    program = (
        "import sys; from jax_slim.nets import registry; from jax_slim.exporting import loader; "
        "assert not {'jax_slim.nets.vgg', 'jax_slim.layers', 'jax_slim.inference'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", program], cwd=Path(__file__).parents[2], check=True)


def test_all_that_is_public_is_found():
    assert {"vgg", "create_model", "NetModel", "nets_factory"} <= set(dir(slim.nets))
    assert slim.nets.create_model is slim.nets.creation.create_model
    assert {"export_onnx", "loader"} <= set(dir(slim.exporting))
    with pytest.raises(AttributeError, match=r"module 'jax_slim\.nets' has no attribute 'vgg16'"):
        slim.nets.vgg16  # noqa: B018
