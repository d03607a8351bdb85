"""Frozen graphs and SavedModels: ends, preprocessing, files; and what is refused."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tensorboard.compat.proto import graph_pb2, meta_graph_pb2

import jax_slim as slim
import jax_slim.tf1 as tf
from jax_slim.exporting import ExportError, any_size, export_frozen_graph, export_saved_model
from jax_slim.exporting.graph_nodes import Nodes, fill_tensor
from jax_slim.exporting.tf_slim_names import output_names
from jax_slim.tf1.graph import tensor_protos

RNG = np.random.default_rng(0)
WEIGHTS = {"dense/weights": RNG.normal(size=(12, 3)).astype(np.float32)}
INPUTS = {"input": ("batch, 2, 2, 3", jnp.float32)}


def predict(variables, inputs):
    logits = inputs["input"].reshape(-1, 12) @ variables["dense/weights"]
    return {"logits": logits, "probabilities": jax.nn.softmax(logits)}


def test_lenet_says_the_same(tmp_path):
    model = slim.nets.create_model("lenet", 10)
    variables = model.init(jax.random.key(0))
    images = RNG.normal(size=(2, 28, 28, 1)).astype(np.float32)

    def whole(variables, inputs):
        logits, end_points = model.apply(variables, inputs["input"])
        return {"logits": logits, "probabilities": end_points["Predictions"]}

    made = export_frozen_graph(
        tmp_path / "lenet.pb", whole, variables, {"input": ("batch, 28, 28, 1", jnp.float32)},
        output_names=output_names("lenet"),
    )  # fmt: skip
    assert made.outputs == {"logits": "LeNet/fc4/BiasAdd", "probabilities": "Predictions/Reshape_1"}
    graph = slim.graphs.load(made.path, outputs=list(made.outputs.values()))
    assert graph.inputs == ["input:0"]
    wanted = jax.jit(whole)(variables, {"input": images})
    for found, name in zip(jax.jit(graph)({}, images), wanted, strict=True):
        np.testing.assert_allclose(found, wanted[name], rtol=1e-5, atol=1e-5)


def test_text_is_written_where_the_name_says_so(tmp_path):
    made = export_frozen_graph(tmp_path / "net.pbtxt", predict, WEIGHTS, INPUTS)
    text = made.path.read_text()
    assert text.startswith("node {")
    assert text.endswith("versions {\n  producer: 134\n}\n")
    assert slim.graphs.load(made.path).outputs == ["Reshape_2:0"]


def test_a_saved_model_has_one_signature(tmp_path):
    made = export_saved_model(tmp_path / "served", predict, WEIGHTS, INPUTS, labels=["a", "b", "ü"])
    assert sorted(p.name for p in made.path.iterdir()) == ["assets.extra", "saved_model.pb"]
    assert (made.path / "assets.extra" / "labels.txt").read_text(encoding="utf-8") == "a\nb\nü\n"
    images = RNG.normal(size=(4, 2, 2, 3)).astype(np.float32)
    with tf.Graph().as_default(), tf.Session() as session:
        meta = tf.saved_model.load(session, ["serve"], str(made.path))
        signature = meta.signature_def["serving_default"]
        assert signature.method_name == "tensorflow/serving/predict"
        assert [d.size for d in signature.inputs["input"].tensor_shape.dim] == [-1, 2, 2, 3]
        logits, probabilities = session.run(
            [signature.outputs["logits"].name, signature.outputs["probabilities"].name],
            {signature.inputs["input"].name: images},
        )
    np.testing.assert_allclose(logits, predict(WEIGHTS, {"input": images})["logits"], rtol=1e-5)
    np.testing.assert_allclose(probabilities.sum(1), 1, rtol=1e-5)
    with pytest.raises(ExportError, match="without a SavedModel"):
        export_saved_model(made.path, predict, WEIGHTS, INPUTS)


@pytest.mark.parametrize("preprocessing", ["vgg", "inception", "cifarnet", "lenet", "ssd", "ssd_vgg"])
@pytest.mark.parametrize("size", [(9, 14), (16, 5)])
def test_photographs_of_any_size(tmp_path, preprocessing, size):
    made = export_frozen_graph(
        tmp_path / "net.pb", lambda v, i: {"images": i["input"] + v["zero"]}, {"zero": np.zeros((), np.float32)},
        {"input": ("batch, 12, 8, 3", jnp.float32)}, preprocessing,
    )  # fmt: skip
    photographs = RNG.integers(0, 256, (2, *size, 3)).astype(np.uint8)
    with tf.Graph().as_default(), tf.Session() as session:
        tf.import_graph_def(graph_pb2.GraphDef.FromString(made.path.read_bytes()), name="")
        found = session.run(f"{made.outputs['images']}:0", {"input:0": photographs})
    if preprocessing.startswith("ssd"):
        wanted = slim.preprocessing.preprocessing_factory.get_preprocessing(preprocessing)(photographs, 12, 8)
    else:
        wanted = any_size.PREPROCESSING[preprocessing](jnp.asarray(photographs), 12, 8)
    np.testing.assert_allclose(found, wanted, atol=1e-3 if "vgg" in preprocessing else 2e-5)


def test_variables_in_trees_are_named_by_the_way_to_them(tmp_path):
    tree = {"layer": {"w": np.ones((3, 2), np.float32)}, "list": [np.float32(2), np.ones(2, np.float32)]}
    made = export_frozen_graph(
        tmp_path / "net.pb", lambda v, i: {"y": i["x"] @ v["layer"]["w"] * v["list"][0] + v["list"][1]}, tree,
        {"x": ("n, 3", jnp.float32)},
    )  # fmt: skip
    graph = slim.graphs.load(made.path, as_variables=True)
    assert set(graph.variables) == {"layer/w", "list/0", "list/1"}
    np.testing.assert_array_equal(graph(graph.variables, np.ones((2, 3), np.float32))["add:0"], np.full((2, 2), 7))


@pytest.mark.parametrize(
    "value",
    [
        np.float32(1.5), np.arange(6, dtype=np.int64).reshape(2, 3), np.array([True]), np.array([[2.5]], np.float16),
        np.array([], np.float32), np.array([7], np.uint32), np.array(1 + 2j, np.complex64), jnp.ones(3, jnp.bfloat16),
        np.arange(3, dtype=">f4"), np.array(-3, np.int8),
    ],
    ids=lambda value: f"{value.dtype}",
)  # fmt: skip
def test_constants_of_all_types(value):
    value = np.asarray(value)
    proto = Nodes().constant("c", value) and Nodes().definition.node.add(name="c", op="Const").attr["value"].tensor
    fill_tensor(proto, value)
    read = tensor_protos.make_ndarray(proto)
    assert read.dtype == value.dtype.newbyteorder("=")
    np.testing.assert_array_equal(read, value)


@pytest.mark.parametrize(
    ("facts", "error", "message"),
    [
        ({"preprocessing": "resnet"}, ValueError, "preprocessing must be one of .* got 'resnet'"),
        ({"output_names": {"logits": "a b"}}, ValueError, "names of TensorFlow's nodes, got 'a b'"),
        ({"output_names": {"logits": "input"}}, ValueError, "names that no other node has, got 'input'"),
        ({"output_names": {"answer": "x"}}, ValueError, r"must be of the function's results \['logits', 'prob"),
        (
            {"inputs": {"input": ("batch, height, 2, 3", jnp.float32)}, "preprocessing": "vgg"},
            ExportError,
            "with numbers",
        ),
        ({"inputs": {"input": ("1 +, 2", jnp.float32)}}, ExportError, "numbers and names between commas"),
    ],
)
def test_refuses(tmp_path, facts, error, message):
    facts = {"inputs": INPUTS} | facts
    function = (lambda v, i: {"y": i["input"] * 2}) if "height" in str(facts["inputs"]) else predict
    with pytest.raises(error, match=f"export_frozen_graph: .*{message}"):
        export_frozen_graph(tmp_path / "net.pb", function, WEIGHTS, **facts)
    assert not list(tmp_path.iterdir())


def test_refuses_places(tmp_path):
    with pytest.raises(ExportError, match="must be a file, got"):
        export_frozen_graph(tmp_path, predict, WEIGHTS, INPUTS)
    (tmp_path / "file").touch()
    with pytest.raises(ExportError, match="must be a folder, got"):
        export_saved_model(tmp_path / "file", predict, WEIGHTS, INPUTS)


def test_the_message_is_as_tensorflow_has_it(tmp_path):
    made = export_saved_model(tmp_path / "served", predict, WEIGHTS, INPUTS)
    data = (made.path / "saved_model.pb").read_bytes()
    meta = meta_graph_pb2.MetaGraphDef.FromString(tf_saved_model(data).meta_graphs[0].SerializeToString())
    assert list(meta.meta_info_def.tags) == ["serve"]


def tf_saved_model(data):
    from jax_slim.tf1.files import protos

    found = protos.SavedModel.FromString(data)
    assert found.saved_model_schema_version == 1
    return found
