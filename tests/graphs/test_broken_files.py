"""Broken graph files of each kind: one clear error, in bounded memory; what can still be loaded, loads."""

import contextlib
import resource
import shutil
from pathlib import Path

import numpy as np
import pytest

import jax_slim as slim
import jax_slim.tf1 as tf
from broken_messages import broken
from jax_slim.exporting.archives import ExportError

GRAPHS = Path(__file__).parents[1] / "tf1" / "graphs"
NAMED = {"outputs": ["logits/BiasAdd:0"], "inputs": ["images:0"]}
# What is copied, which file of it is broken, as which message it can be changed, and how it is loaded.
KINDS = {
    "frozen": ("conv_batch_norm.pb", "", "GraphDef", {}),
    "text": ("unfused_flatten.pbtxt", "", None, {}),
    "loops": ("rnn_v1.pb", "", "GraphDef", {}),
    "functions": ("cond_v2.pb", "", "GraphDef", {}),
    "calls": ("functions.pb", "", "GraphDef", {}),
    "boxes": ("ssd_loops.pb", "", "GraphDef", {}),
    "meta": ("training", "model.ckpt-0.meta", "MetaGraphDef", NAMED),
    "index": ("training", "model.ckpt-0.index", None, NAMED),
    "values": ("training", "model.ckpt-0.data-00000-of-00001", None, NAMED),
    "saved": ("two_signatures", "saved_model.pb", "SavedModel", {}),
    "tables": ("saved_model", "saved_model.pb", "SavedModel", {"signature": "words"}),
}


def given(net):
    """Ones for the inputs of a function."""
    found = {}
    for name in net.inputs:
        shape = tuple(2 if size is None else min(size, 50) for size in net.input_shapes[name] or (2, 4, 3))
        text = net.input_types[name].hasobject
        found[name] = np.full(shape, b"a", object) if text else np.ones(shape, net.input_types[name])
    return found


def check(kind, numbers, folder, call=False):
    """Loads broken files, and writes them again; gives how many could be loaded."""
    source, inside, message, arguments = KINDS[kind]
    path = folder / source
    (shutil.copytree if inside else shutil.copy)(GRAPHS / source, path)
    target, data = path / inside, (GRAPHS / source / inside).read_bytes()
    path = path / "model.ckpt-0.meta" if source == "training" else path
    loaded = 0
    for number in numbers:
        target.write_bytes(broken(data, number, message))
        said = "load: "
        try:
            net = slim.graphs.load(path, **arguments)
            loaded += 1
            slim.graphs.describe(path)
            with contextlib.suppress(ExportError):  # of tables
                slim.graphs.write_frozen_graph(folder / "again.pb", net)
        except (ValueError, tf.errors.NotFoundError) as error:
            said = str(error)
        else:
            if call:
                with contextlib.suppress(ValueError, tf.errors.OpError):
                    net(net.variables, given(net))
        assert said.startswith(("load: ", "describe: ", "write_frozen_graph: ")) or "not registered" in said, (
            number,
            said,
        )
    return loaded


@pytest.mark.parametrize("kind", KINDS)
def test_twenty_broken_files(kind, tmp_path):
    check(kind, range(20), tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_hundreds_of_broken_files(kind, tmp_path):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    check(kind, range(1000, 1300), tmp_path)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 1 << 20  # kilobytes


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["frozen", "functions", "calls", "loops", "saved"])
def test_what_can_still_be_loaded_can_be_called_or_says_why_not(kind, tmp_path):
    assert check(kind, range(2, 180, 3), tmp_path, call=True)
