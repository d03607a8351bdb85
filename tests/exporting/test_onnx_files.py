"""`export_onnx`: what it refuses, and, where jax2onnx is installed, the file itself."""

import importlib.util
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_slim as slim
from jax_slim.exporting import onnx_files
from jax_slim.exporting.archives import ExportError

RNG = np.random.default_rng(0)


def test_refuses_a_preprocessing_that_is_none(tmp_path):
    with pytest.raises(ValueError, match=r"export_onnx: preprocessing must be one of .* got 'resnet'"):
        onnx_files.export_onnx(tmp_path / "x.onnx", lambda v, x: x, {}, ("batch", 2), preprocessing="resnet")


def test_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "jax2onnx", None)
    with pytest.raises(ExportError, match=r"pip install 'jax-slim\[onnx\]'"):
        onnx_files.export_onnx(tmp_path / "x.onnx", lambda v, x: x, {}, ("batch", 2))
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("jax2onnx") is None, reason="needs jax2onnx and onnxruntime")
def test_onnxruntime_gives_the_same_logits(tmp_path):
    import onnxruntime

    model = slim.nets.create_model("cifarnet", 4)
    variables = model.init(jax.random.key(0))
    path = onnx_files.export_onnx(
        tmp_path / "net.onnx",
        lambda v, images: model.apply(v, images)[0],
        variables,
        ("batch", *model.input_shape),
        list("abcd"),
    )
    images = RNG.normal(size=(3, 32, 32, 3)).astype(np.float32)
    session = onnxruntime.InferenceSession(str(path))
    (logits,) = session.run(None, {session.get_inputs()[0].name: images})
    np.testing.assert_allclose(logits, model.apply(variables, images)[0], rtol=1e-4, atol=1e-5)
    assert "labels" in session.get_modelmeta().custom_metadata_map


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("jax2onnx") is None, reason="needs jax2onnx and onnxruntime")
@pytest.mark.parametrize("preprocessing", ["vgg", "inception", "cifarnet", "lenet"])
def test_the_whole_classifier(tmp_path, preprocessing):
    import onnx
    import onnxruntime

    model = slim.nets.create_model("cifarnet", 4, preprocessing=preprocessing)
    variables = model.init(jax.random.key(0))
    path = onnx_files.export_onnx(
        tmp_path / "net.onnx", lambda v, images: model.apply(v, images)[0], variables, ("batch", *model.input_shape),
        list("abcd"), {"model_name": "cifarnet"}, preprocessing,
    )  # fmt: skip
    onnx.checker.check_model(str(path))
    session = onnxruntime.InferenceSession(str(path))
    photographs = RNG.integers(0, 256, (3, 50, 41, 3)).astype(np.uint8)
    logits, probabilities = session.run(["logits", "probabilities"], {"image": photographs})
    wanted = model.apply(variables, np.stack([model.preprocess(image) for image in photographs]))[0]
    np.testing.assert_allclose(logits, wanted, rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(probabilities, jax.nn.softmax(wanted), rtol=1e-3, atol=1e-3)
    said = session.get_modelmeta().custom_metadata_map
    assert (said["labels"], said["preprocessing"], said["image_size"]) == (
        '["a", "b", "c", "d"]', preprocessing, "[32, 32]",
    )  # fmt: skip
    assert "Photographs of any size" in onnx.load(path).graph.input[0].doc_string
    assert session.get_inputs()[0].type == "tensor(uint8)"


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("jax2onnx") is None, reason="needs jax2onnx and onnxruntime")
@pytest.mark.parametrize("net", ["resnet_v1_50", "resnet_v2_50", "nasnet_cifar"])
def test_nets_that_pad_take_any_batch(tmp_path, net):
    import onnxruntime

    model = slim.nets.create_model(net, 4, image_size=32)
    variables = model.init(jax.random.key(0))
    path = onnx_files.export_onnx(
        tmp_path / "net.onnx",
        lambda v, images: model.apply(v, images)[0].reshape(images.shape[0], 4),
        variables,
        ("batch", *model.input_shape),
    )
    session = onnxruntime.InferenceSession(str(path))
    for batch in (1, 3):
        images = RNG.normal(size=(batch, *model.input_shape)).astype(np.float32)
        (logits,) = session.run(None, {"image": images})
        wanted = np.asarray(model.apply(variables, images)[0]).reshape(batch, 4)
        np.testing.assert_allclose(logits, wanted, rtol=1e-3, atol=1e-4 * np.abs(wanted).max())


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("jax2onnx") is None, reason="needs jax2onnx and onnxruntime")
def test_averages_and_joined_branches_stay_with_the_channels_first(tmp_path):
    import onnx
    import onnxruntime

    def net(images):
        y = slim.conv2d(images, 6, 3)
        branches = [slim.conv2d(y, 4, 1), slim.conv2d(slim.avg_pool2d(y, 3, 1, "SAME"), 5, 1)]
        y = slim.conv2d(jnp.concatenate(branches, 3), 7, 3)
        return slim.flatten(slim.avg_pool2d(y, [8, 9]))

    images = RNG.normal(size=(3, 8, 9, 3)).astype(np.float32)
    model = slim.Model(net)
    variables = model.init(jax.random.key(0), images)
    path = onnx_files.export_onnx(tmp_path / "net.onnx", model.apply, variables, ("batch", 8, 9, 3))
    nodes = [node.op_type for node in onnx.load(str(path)).graph.node]
    assert nodes.count("Transpose") == 2 and nodes.count("Conv") == 4
    assert nodes.count("AveragePool") == nodes.count("ReduceMean") == 1 and not {"Add", "Div", "Max"} & {*nodes}
    session = onnxruntime.InferenceSession(str(path))
    (found,) = session.run(None, {session.get_inputs()[0].name: images})
    np.testing.assert_allclose(found, model.apply(variables, images), rtol=1e-4, atol=1e-5)


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("jax2onnx") is None, reason="needs jax2onnx and onnxruntime")
@pytest.mark.parametrize(
    ("net", "size", "left"),
    [
        ("mobilenet_v1_025", 96, {"Conv", "Clip", "ReduceMean"}),
        ("mobilenet_v3_small", 64, {"Add", "Clip", "Conv", "HardSwish", "Mul", "ReduceMean", "Relu"}),
        ("lenet", 28, {"Conv", "Gemm", "MaxPool", "Relu", "Reshape"}),
        ("vit_small_16", 48, None),  # other images than its positions are for: these are resized, once
    ],
)
def test_nets_are_the_nodes_that_runtimes_know(tmp_path, net, size, left):
    import onnx
    import onnxruntime

    model = slim.nets.create_model(net, 5, image_size=size)
    drawn = model.init(jax.random.key(0))
    variables = {
        name: value + RNG.normal(0, 0.05, value.shape).astype(np.float32) ** 2 for name, value in drawn.items()
    }

    def classify(variables, images):
        return model.apply(variables, images, is_training=False)[0].reshape(images.shape[0], 5)

    path = onnx_files.export_onnx(tmp_path / "net.onnx", classify, variables, ("batch", *model.input_shape))
    nodes = {node.op_type for node in onnx.load(str(path)).graph.node} - {"Identity", "Squeeze", "Transpose"}
    assert nodes == left if left else {"LayerNormalization", "MatMul", "Gelu"} <= nodes
    images = RNG.normal(size=(3, *model.input_shape)).astype(np.float32)
    (found,) = onnxruntime.InferenceSession(str(path)).run(None, {"image": images})
    wanted = np.asarray(classify(variables, images))
    np.testing.assert_allclose(found, wanted, rtol=1e-3, atol=1e-3 * np.abs(wanted).max())


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("jax2onnx") is None, reason="needs jax2onnx and onnxruntime")
def test_functions_that_jax2onnx_makes_wrong_files_of(tmp_path):
    import onnxruntime

    def net(images):
        net = jnp.minimum(jnp.maximum(slim.conv2d(images, 4, 3, activation_fn=None), 0), 6)
        net += jax.nn.relu6(net.astype(jnp.float16)).astype(jnp.float32)
        net += jax.nn.hard_sigmoid(slim.conv2d(images, 4, 3, activation_fn=None))  # whose 3 is no part of a bias then
        net = jax.image.resize(net, (net.shape[0], 10, 7, 4), "bilinear")
        return jnp.power(net, 2)

    images = RNG.normal(size=(3, 6, 5, 3)).astype(np.float32) * 4
    model = slim.Model(net)
    variables = model.init(jax.random.key(0), images)
    path = onnx_files.export_onnx(tmp_path / "net.onnx", model.apply, variables, ("batch", 6, 5, 3))
    (found,) = onnxruntime.InferenceSession(str(path)).run(None, {"image": images})
    np.testing.assert_allclose(found, model.apply(variables, images), rtol=1e-2, atol=1e-2)  # halves of float32


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("jax2onnx") is None, reason="needs jax2onnx and onnxruntime")
def test_a_file_that_onnx_forbids_is_not_written(tmp_path, monkeypatch):
    def spoilt(graph):
        graph.node[0].input[0] = "from nowhere"

    monkeypatch.setattr(onnx_files, "shorten", spoilt)
    with pytest.raises(ExportError, match="jax2onnx made a file that ONNX forbids"):
        onnx_files.export_onnx(tmp_path / "net.onnx", lambda v, x: x * 2, {}, ("batch", 3))
    assert not list(tmp_path.iterdir())
