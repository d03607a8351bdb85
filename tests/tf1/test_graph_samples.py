"""Graph files that TensorFlow 1.15.5 and 2.21 (compat.v1) wrote, with what they compute (tests/tf1/graphs)."""

from pathlib import Path

import numpy as np
import pytest
from google.protobuf import text_format

import golden
import jax_slim.tf1 as tf

GRAPHS = Path(__file__).parent / "graphs"
FROZEN = sorted(p.name for p in GRAPHS.iterdir() if p.suffix in (".pb", ".pbtxt"))


def recorded(name):
    """Feeds and results by the names of tensors."""
    values = golden.stored(GRAPHS / f"{name}.npz")
    named = [(*key.split("|", 1), values[key]) for key in values]
    parts = {"in": {}, "out": {}}
    for kind, tensor, value in named:
        parts[kind][tensor.replace("|", "/")] = value
    return parts["in"], parts["out"]


def check(session, name, **more):
    feeds, wanted = recorded(name)
    got = session.run(list(wanted), {**feeds, **more})
    for (tensor, want), value in zip(wanted.items(), got, strict=True):
        if want.dtype.kind == "f":
            np.testing.assert_allclose(value, want, rtol=1e-4, atol=2e-5, err_msg=tensor)
        elif want.dtype.kind == "S":
            assert np.asarray(value).tolist() == want.tolist(), tensor
        else:
            np.testing.assert_array_equal(value, want, err_msg=tensor)


def graph_of(file):
    graph = tf.GraphDef()
    data = (GRAPHS / file).read_bytes()
    if file.endswith(".pb"):
        graph.ParseFromString(data)
    else:
        text_format.Merge(data.decode(), graph)
    return graph


@pytest.fixture
def session():
    with tf.Graph().as_default(), tf.Session() as opened:
        yield opened


@pytest.mark.parametrize("file", FROZEN)
def test_frozen_graphs(session, file):
    tf.import_graph_def(graph_of(file), name="")
    check(session, file.partition(".")[0])


def test_training_goes_on_from_a_meta_graph(session):
    path = str(GRAPHS / "training" / "model.ckpt-0")
    tf.train.import_meta_graph(path + ".meta").restore(session, path)
    check(session, "training_before")
    feeds, _ = recorded("training_before")
    train_op = tf.get_collection("train_op")[-1]
    losses = [session.run(train_op, {**feeds, "is_training:0": True}) for _ in range(5)]
    np.testing.assert_allclose(losses, golden.stored(GRAPHS / "training_losses.npz")["losses"], rtol=1e-5)
    check(session, "training_after")


def test_a_later_checkpoint_of_a_meta_graph(session):
    folder = GRAPHS / "training"
    tf.train.import_meta_graph(str(folder / "model.ckpt-0.meta")).restore(session, str(folder / "model.ckpt-5"))
    check(session, "training_after")


def test_both_signatures_of_a_saved_model(session):
    found = tf.saved_model.loader.load(session, ["serve"], str(GRAPHS / "saved_model"))
    assert sorted(found.signature_def) == ["serving_default", "words"]
    check(session, "saved_model_serving")
    check(session, "saved_model_words")


def test_an_iterator_in_the_library_of_functions(session):
    tf.train.import_meta_graph(str(GRAPHS / "iterator.meta"))
    wanted = golden.stored(GRAPHS / "iterator.npz")
    for key in wanted:
        np.testing.assert_array_equal(session.run("next:0"), wanted[key])
    with pytest.raises(tf.errors.OutOfRangeError):
        session.run("next:0")


def test_the_gradient_of_a_loop_keeps_its_rounds_in_stacks(session):
    """The graph and the losses are of TensorFlow 2.21's compat.v1: tanh(h @ w), four times."""
    path = str(GRAPHS / "loop_training" / "m")
    tf.train.import_meta_graph(path + ".meta").restore(session, path)
    rows = np.arange(6).reshape(2, 3).astype(np.float32) / 6
    losses = []
    for _ in range(4):
        losses.append(session.run("loss:0", {"x:0": rows}))
        session.run("train", {"x:0": rows})
    np.testing.assert_allclose(losses, [1.3168374, 0.07671299, 0.036222257, 0.021678803], rtol=1e-4)
