"""The zoo's nets as frozen graphs: TF-Slim's names, whole operations, the same numbers when they are read again."""

import collections

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tensorboard.compat.proto import graph_pb2

import jax_slim as slim
from jax_slim.exporting import export_frozen_graph
from jax_slim.exporting.tf_slim_names import output_names

# Net, size of its images, and what TF-Slim's graph calls its logits and probabilities.
NETS = {
    "alexnet_v2": (224, "alexnet_v2/fc8/squeezed", "predictions/Reshape_1"),
    "cifarnet": (16, "CifarNet/logits/BiasAdd", "Predictions/Reshape_1"),
    "inception_resnet_v2": (139, "InceptionResnetV2/Logits/Logits/BiasAdd", "InceptionResnetV2/Logits/Predictions"),
    "inception_v1": (193, "InceptionV1/Logits/SpatialSqueeze", "InceptionV1/Logits/Predictions/Reshape_1"),
    "inception_v2": (193, "InceptionV2/Logits/SpatialSqueeze", "InceptionV2/Predictions/Reshape_1"),
    "inception_v3": (139, "InceptionV3/Logits/SpatialSqueeze", "InceptionV3/Predictions/Reshape_1"),
    "inception_v4": (139, "InceptionV4/Logits/Logits/BiasAdd", "InceptionV4/Logits/Predictions"),
    "mobilenet_edgetpu_075": (64, "MobilenetEdgeTPU/Logits/output", "MobilenetEdgeTPU/Predictions/Reshape_1"),
    "mobilenet_v1_025": (64, "MobilenetV1/Logits/SpatialSqueeze", "MobilenetV1/Predictions/Reshape_1"),
    "mobilenet_v2_035": (64, "MobilenetV2/Logits/output", "MobilenetV2/Predictions/Reshape_1"),
    "mobilenet_v3_small": (64, "MobilenetV3/Logits/output", "MobilenetV3/Predictions/Reshape_1"),
    "nasnet_cifar": (16, "final_layer/FC/BiasAdd", "final_layer/predictions"),
    "pnasnet_mobile": (64, "final_layer/FC/BiasAdd", "final_layer/predictions"),
    "resnet_v1_50": (64, "resnet_v1_50/SpatialSqueeze", "resnet_v1_50/predictions/Reshape_1"),
    "resnet_v2_50": (64, "resnet_v2_50/SpatialSqueeze", "resnet_v2_50/predictions/Reshape_1"),
}


def exported(tmp_path, name, variables):
    """The net, what it computes, and its graph with variables (name, shape) -> array."""
    model = slim.nets.create_model(name, 5, image_size=NETS[name][0])
    shapes = jax.eval_shape(lambda key: dict(model.init(key)), jax.random.key(0))
    values = {n: np.asarray(variables(n, s.shape), np.float32) for n, s in shapes.items()}

    def predict(v, inputs):
        logits, end_points = model.apply(v, inputs["input"])
        found = end_points.get("Predictions", end_points.get("predictions"))
        if found is None:
            with jax.named_scope("predictions"):
                found = jax.nn.softmax(logits)
        return {"logits": logits, "probabilities": found}

    shape = ", ".join(map(str, ("batch", *model.input_shape)))
    made = export_frozen_graph(
        tmp_path / "net.pb", predict, values, {"input": (shape, jnp.float32)}, output_names=output_names(name)
    )
    return model, predict, values, made


@pytest.mark.slow
@pytest.mark.parametrize("name", NETS)
def test_names_and_operations(tmp_path, name):
    *_, values, made = exported(tmp_path, name, lambda name, shape: np.zeros(shape))
    assert tuple(made.outputs.values()) == NETS[name][1:]
    nodes = {n.name: n for n in graph_pb2.GraphDef.FromString(made.path.read_bytes()).node}
    kinds = collections.Counter(node.op for node in nodes.values())
    assert not {"Sub", "Rsqrt", "Exp", "GatherNd", "Transpose", "Maximum"} & set(kinds), kinds
    norms = sum(n.endswith("moving_mean") and not n.startswith(("aux_", "AuxLogits")) for n in values)
    norms -= sum("AuxLogits" in n and n.endswith("moving_mean") for n in values)
    assert kinds["FusedBatchNormV3"] == norms
    read = {n.removesuffix("/read") for n, node in nodes.items() if n.endswith("/read")}
    assert read <= set(values)
    assert read >= {n for n in values if n.endswith("weights") and "aux" not in n.lower()}


def random_values(name, shape):
    rng = np.random.default_rng(len(name))
    if name.endswith(("moving_variance", "gamma")):
        return rng.uniform(0.5, 1.5, shape)
    if name.endswith(("weights", "kernel")):
        return rng.normal(0, 1 / np.sqrt(max(np.prod(shape[:-1]), 1)), shape)
    return rng.normal(0, 0.1, shape)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["cifarnet", "inception_v2", "mobilenet_v3_small", "resnet_v2_50"])
def test_numbers(tmp_path, name):
    model, predict, values, made = exported(tmp_path, name, random_values)
    images = np.random.default_rng(0).normal(size=(2, *model.input_shape)).astype(np.float32)
    wanted = jax.jit(predict)(values, {"input": images})
    graph = slim.graphs.load(made.path, outputs=list(made.outputs.values()))
    for found, result in zip(jax.jit(graph)({}, images), wanted, strict=True):
        scale = np.abs(wanted[result]).max()
        np.testing.assert_allclose(found / scale, wanted[result] / scale, atol=1e-4)
