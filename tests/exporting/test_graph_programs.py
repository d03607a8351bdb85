"""JAX's operations as TensorFlow's: what is written is read again by the room `tf1`, and gives the same numbers."""

import collections

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax
from tensorboard.compat.proto import graph_pb2

import jax_slim as slim
import jax_slim.tf1 as tf
from jax_slim.exporting import ExportError, export_frozen_graph

RNG = np.random.default_rng(0)
X = RNG.normal(size=(3, 6, 5, 4)).astype(np.float32)
ROWS = RNG.normal(size=(3, 4)).astype(np.float32)
WEIGHTS = {
    "conv": RNG.normal(size=(3, 3, 4, 6)).astype(np.float32),
    "up": RNG.normal(size=(3, 3, 6, 4)).astype(np.float32),
    "depth": RNG.normal(size=(3, 3, 1, 8)).astype(np.float32),
    "groups": RNG.normal(size=(3, 3, 2, 6)).astype(np.float32),
    "row": RNG.normal(size=(3, 4, 2)).astype(np.float32),
    "dense": RNG.normal(size=(4, 5)).astype(np.float32),
    "table": RNG.normal(size=(7, 3)).astype(np.float32),
    "bias": RNG.normal(size=(5,)).astype(np.float32),
}
IMAGES = ("NHWC", "HWIO", "NHWC")


def conv(x, w, strides=(1, 1), padding="SAME", **facts):
    return lax.conv_general_dilated(x, w, strides, padding, dimension_numbers=IMAGES, **facts)


def rnn(w, x):
    def step(state, row):
        state = jnp.tanh(row @ w["dense"][:, :4] + state)
        return state, state * 2

    last, all_states = lax.scan(step, jnp.zeros((x.shape[0], 4)), jnp.swapaxes(x[:, :, 0], 0, 1))
    return last + all_states[-1] + all_states.sum(0)


def neighbours(x, radius, more=0):
    """Local response normalization, over more channels on one side than TensorFlow's where `more` says so."""
    squares = jnp.pad(jnp.square(x), ((0, 0), (0, 0), (0, 0), (radius, radius + more)))
    total = sum(squares[..., i : i + 4] for i in range(2 * radius + 1 + more))
    return x * (0.5 + 0.2 * total) ** -0.75


# Function of (variables, x), the types of the nodes that it needs among others, and whether it takes rows.
OPERATIONS = {
    "same convolution with a bias": (lambda w, x: conv(x, w["conv"]) + w["bias"][:1].repeat(6), "Conv2D"),
    "convolution with strides": (lambda w, x: conv(x, w["conv"], (2, 2)), "Conv2D"),
    "convolution with other edges": (lambda w, x: conv(x, w["conv"], (2, 1), [(2, 0), (0, 1)]), "Pad Conv2D"),
    "convolution with holes": (lambda w, x: conv(x, w["conv"], rhs_dilation=(2, 1)), "Conv2D"),
    "channels first": (
        lambda w, x: lax.conv_general_dilated(
            jnp.moveaxis(x, 3, 1), w["conv"], (1, 1), "VALID", dimension_numbers=("NCHW", "HWIO", "NCHW")
        ),
        "Transpose Conv2D",
    ),
    "grouped convolution": (lambda w, x: conv(x, w["groups"], feature_group_count=2), "Conv2D ConcatV2"),
    "depthwise convolution": (lambda w, x: conv(x, w["depth"], feature_group_count=4), "DepthwiseConv2dNative"),
    "depthwise with uneven strides": (lambda w, x: conv(x, w["depth"], (2, 1), feature_group_count=4), "StridedSlice"),
    "depthwise with holes": (
        lambda w, x: conv(x, w["depth"], rhs_dilation=(2, 2), feature_group_count=4),
        "SpaceToBatchND DepthwiseConv2dNative BatchToSpaceND",
    ),
    "transposed convolution": (
        lambda w, x: lax.conv_transpose(x, w["up"], (2, 2), "SAME", dimension_numbers=IMAGES, transpose_kernel=True),
        "Conv2DBackpropInput",
    ),
    "transposed, cropped": (
        lambda w, x: conv(x, w["conv"], padding=[(1, 2), (3, 0)], lhs_dilation=(2, 3)),
        "Conv2DBackpropInput",
    ),
    "convolution of rows": (
        lambda w, x: lax.conv_general_dilated(x[:, 0], w["row"], (2,), "SAME", dimension_numbers=("NWC", "WIO", "NWC")),
        "Conv2D",
    ),
    "largest of windows": (lambda w, x: slim.max_pool2d(x, 3, 2, padding="SAME"), "MaxPool"),
    "mean of windows": (lambda w, x: slim.avg_pool2d(x, 3, 2, padding="SAME"), "AvgPool"),
    "mean of whole windows": (lambda w, x: slim.avg_pool2d(x, [2, 3], 1), "AvgPool"),
    "sums of windows": (
        lambda w, x: lax.reduce_window(x, 0.0, lax.add, (1, 2, 2, 1), (1, 1, 1, 1), ((0, 0), (1, 0), (0, 1), (0, 0))),
        "AvgPool Mul",
    ),
    "smallest of windows of channels": (
        lambda w, x: lax.reduce_window(x, np.inf, lax.min, (1, 1, 2, 2), (1, 1, 1, 2), "VALID"),
        "MaxPool Neg",
    ),
    "local response": (lambda w, x: neighbours(x, 1), "LRN"),
    "another sum of neighbours": (lambda w, x: neighbours(x, 1, more=1), "Pow"),
    "softmax": (lambda w, x: jax.nn.softmax(x), "Softmax"),
    "softmax along another axis": (lambda w, x: jax.nn.softmax(x, axis=1), "Exp"),
    "activations": (
        lambda w, x: (
            jax.nn.relu(x) + jax.nn.relu6(x * 5) + jax.nn.leaky_relu(x, 0.3),
            jax.nn.sigmoid(x),
            jax.nn.gelu(x),
            jax.nn.silu(x),
        ),
        "Relu Relu6 LeakyRelu Sigmoid",
    ),
    "elu and softplus": (lambda w, x: (jax.nn.elu(x), jax.nn.softplus(x), jax.nn.hard_swish(x)), "Expm1"),
    "means": (lambda w, x: (x.mean((1, 2), keepdims=True), x.mean((1, 3)), x.std(-1)), "Mean"),
    "reductions": (lambda w, x: (x.max(1), x.min(), x.prod(2), (x > 0).any(1), (x > 0).all(2)), "Max Min Prod Any All"),
    "places of the largest": (lambda w, x: (x.argmax(-1), x.argmin(1)), "ArgMax ArgMin"),
    "running sums": (lambda w, x: (x.cumsum(1), lax.cumsum(x, 2, reverse=True), x.cumprod(1)), "Cumsum Cumprod"),
    "comparisons": (
        lambda w, x: (jnp.where(x > 0.5, x, -x), (x < 0) | (x > 1), ~(x <= 0) ^ (x != 2)),
        "Select LogicalOr",
    ),
    "rounding": (
        lambda w, x: (jnp.round(x * 3), lax.round(x * 3), jnp.floor(x), jnp.ceil(x), jnp.sign(x)),
        "Round Floor",
    ),
    "powers": (
        lambda w, x: (x**2, x**3, jnp.abs(x) ** 1.5, jnp.sqrt(jnp.abs(x)), lax.rsqrt(x * x + 1), jnp.cbrt(x)),
        "Pow",
    ),
    "functions": (
        lambda w, x: (jnp.sin(x), jnp.arctan2(x, x + 1), jnp.expm1(x), lax.erf(x), jnp.exp2(x), jnp.logaddexp(x, 0)),
        "Erf",
    ),
    "integers": (
        lambda w, x: (
            (x * 9).astype(jnp.int32) // 2,
            lax.rem((x * 9).astype(jnp.int32), 4),
            (x * 9).astype(jnp.int32) & 6,
        ),
        "TruncateDiv TruncateMod BitwiseAnd",
    ),
    "clipped": (lambda w, x: jnp.clip(x, -0.5, 0.25), "Maximum Minimum"),
    "parts": (lambda w, x: (x[:, 1:5:2], x[:, ::2, 1:], x[..., 0], x[:, ::-1], x[:, 2, 1:3]), "StridedSlice ReverseV2"),
    "joined": (lambda w, x: (jnp.concatenate([x, x * 2], -1), jnp.stack([x, x], 1), jnp.split(x, 2, 3)[1]), "ConcatV2"),
    "edges": (
        lambda w, x: (
            jnp.pad(x, ((0, 0), (1, 2), (0, 0), (0, 1))),
            lax.pad(x, np.float32(7), ((0, 0, 0), (1, -1, 2), (-1, 1, 0), (0, 0, 0))),
        ),
        "Pad PadV2",
    ),
    "repeated": (
        lambda w, x: (jnp.tile(x, (1, 2, 1, 1)), jnp.broadcast_to(x[:, :1], x.shape).reshape(-1, 4)),
        "BroadcastTo",
    ),
    "turned": (
        lambda w, x: (jnp.swapaxes(x, 1, 3), x.reshape(x.shape[0], -1), x.reshape(-1, 5, 2, 2)),
        "Transpose Reshape",
    ),
    "products": (
        lambda w, x: (
            x @ w["dense"],
            jnp.einsum("nhwc,nhvc->nhwv", x, x),
            jnp.einsum("nhwc,hk->nkcw", x, w["conv"][:, :, 0, 0].repeat(2, 0)),
        ),
        "MatMul BatchMatMulV2",
    ),
    "rows of a table": (lambda w, x: w["table"][(jnp.abs(x[:, :, 0, 0]) * 3).astype(jnp.int32)], "GatherV2"),
    "clipped rows": (
        lambda w, x: jnp.take(w["table"], (x[:, :, 0, 0] * 9).astype(jnp.int32), axis=0, mode="clip"),
        "GatherV2",
    ),
    "rows beyond the table": (
        lambda w, x: jnp.take(w["table"], (x[:, :, 0, 0] * 9).astype(jnp.int32), axis=0),
        "SelectV2",
    ),
    "rows in batches": (
        lambda w, x: jnp.take_along_axis(x[..., 0], jnp.argsort(x[..., 0], axis=-1), axis=-1),
        "TopKV2 GatherV2",
    ),
    "largest and sorted": (lambda w, x: (*lax.top_k(x, 2), jnp.sort(x, axis=1)), "TopKV2"),
    "a slice at a computed place": (
        lambda w, x: lax.dynamic_slice_in_dim(x, (x[0, 0, 0, 0] * 0 + 9).astype(jnp.int32), 2, axis=2),
        "Slice",
    ),
    "an update at a computed place": (
        lambda w, x: lax.dynamic_update_slice(
            x, x[:, :2, :, :3] * 0 + 5, (0, (x[0, 0, 0, 0] * 0 + 3).astype(jnp.int32), 0, 1)
        ),
        "Pad Select",
    ),
    "a loop with states": (rnn, "Tanh MatMul"),
    "a loop that counts": (lambda w, x: lax.fori_loop(0, 3, lambda i, y: y * (i + 1) - x, x), "Mul Sub"),
    "a branch": (
        lambda w, x: (
            lax.cond(x.sum() > 0, lambda y: y * 2, lambda y: y - 1, x)
            + lax.switch((x.max() * 0 + 1).astype(jnp.int32), [jnp.sin, jnp.cos, jnp.tan], x)
        ),
        "SelectV2 Cos",
    ),
    "types": (
        lambda w, x: (
            x.astype(jnp.float16).astype(jnp.float32),
            (x * 20).astype(jnp.int8),
            (x > 0).astype(jnp.float32),
        ),
        "Cast",
    ),
    "what is recomputed": (lambda w, x: jax.checkpoint(lambda y: jnp.tanh(y) * 2)(x), "Tanh"),
}


def read(path):
    return graph_pb2.GraphDef.FromString(path.read_bytes())


def exported(tmp_path, function, shape="batch, 6, 5, 4", weights=WEIGHTS, **facts):
    def program(variables, inputs):
        found = function(variables, inputs["input"])
        return {str(i): r for i, r in enumerate(found)} if isinstance(found, tuple) else {"0": found}

    return program, export_frozen_graph(tmp_path / "net.pb", program, weights, {"input": (shape, jnp.float32)}, **facts)


GROUPS = [list(OPERATIONS)[start : start + 9] for start in range(0, len(OPERATIONS), 9)]


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group[0])
def test_operations(tmp_path, group):
    """Several in one graph, which is compiled once: each below a scope of its own, so that its nodes are known."""

    def program(variables, inputs):
        results = {}
        for case in group:
            with jax.named_scope(case.replace(" ", "_").replace(",", "")):
                found = OPERATIONS[case][0](variables, inputs["input"])
            results |= {f"{case} {i}": r for i, r in enumerate(found if isinstance(found, tuple) else (found,))}
        return results

    made = export_frozen_graph(tmp_path / "net.pb", program, WEIGHTS, {"input": ("batch, 6, 5, 4", jnp.float32)})
    definition = read(made.path)
    for case in group:
        scope = case.replace(" ", "_").replace(",", "") + "/"
        kinds = {node.op for node in definition.node if node.name.startswith(scope)}
        assert kinds >= set(OPERATIONS[case][1].split()), case
    wanted = jax.jit(program)(WEIGHTS, {"input": X})
    with tf.Graph().as_default() as graph, tf.Session() as session:
        tf.import_graph_def(definition, name="")
        tensors = [name if ":" in name else f"{name}:0" for name in made.outputs.values()]
        results = session.run([graph.get_tensor_by_name(name) for name in tensors], {"input:0": X})
    for name, found in zip(made.outputs, results, strict=True):
        assert found.dtype == wanted[name].dtype, name
        np.testing.assert_allclose(found, wanted[name], rtol=2e-5, atol=2e-5, err_msg=name)


def net(images):
    with slim.arg_scope([slim.batch_norm], is_training=False, scale=True, epsilon=0.01):
        x = slim.conv2d(images, 6, 3, normalizer_fn=slim.batch_norm, scope="conv1")
        x = slim.separable_conv2d(x, 5, 3, stride=2, normalizer_fn=slim.batch_norm, scope="conv2")
        x = slim.max_pool2d(x, 2, scope="pool2")
    x = slim.flatten(x)
    return slim.fully_connected(x, 3, activation_fn=None, scope="logits")


def test_a_net_has_tf_slims_nodes(tmp_path):
    model = slim.Model(net)
    variables = {
        name: np.asarray(RNG.uniform(0.5, 1.5, v.shape), np.float32)
        for name, v in model.init(jax.random.key(0), X).items()
    }
    _, made = exported(tmp_path, lambda v, x: model.apply(v, x), weights=variables, output_names={"0": "logits/out"})
    nodes = {node.name: node for node in read(made.path).node}
    kinds = collections.Counter(node.op for node in nodes.values())
    assert kinds["FusedBatchNormV3"] == 2
    assert not {"Sub", "Mul", "AddV2"} & set(kinds)
    assert list(nodes["conv1/BatchNorm/FusedBatchNormV3"].input) == [
        "conv1/Conv2D",
        *(f"conv1/BatchNorm/{name}/read" for name in ("gamma", "beta", "moving_mean", "moving_variance")),
    ]
    assert nodes["conv1/BatchNorm/FusedBatchNormV3"].attr["epsilon"].f == pytest.approx(0.01)
    assert list(nodes["conv1/Relu"].input) == ["conv1/BatchNorm/FusedBatchNormV3"]
    depthwise = next(node for node in nodes.values() if node.op == "DepthwiseConv2dNative")
    assert list(depthwise.input) == ["conv1/Relu", "conv2/depthwise_weights/read"]
    assert nodes["conv2/depthwise_weights"].op == "Const"
    assert made == (made.path, {"input": "input"}, {"0": "logits/out"})
    assert nodes["logits/out"].op == "BiasAdd"
    graph = slim.graphs.load(made.path, outputs="logits/out", as_variables=True)
    assert set(graph.variables) == set(variables)
    np.testing.assert_allclose(graph(graph.variables, X), model.apply(variables, X), rtol=1e-5, atol=1e-5)


def test_sizes_may_be_the_callers(tmp_path):
    _, made = exported(tmp_path, lambda w, x: (x.reshape(-1, 4), x.mean(), x[:, :2] + jnp.zeros((x.shape[0], 2, 5, 4))))
    graph = slim.graphs.load(made.path, inputs="input", outputs=list(made.outputs.values()))
    for count in (1, 4):
        x = RNG.normal(size=(count, 6, 5, 4)).astype(np.float32)
        rows, mean, part = graph({}, x)
        np.testing.assert_array_equal(rows, x.reshape(-1, 4))
        np.testing.assert_allclose(mean, x.mean(), atol=1e-6)
        np.testing.assert_array_equal(part, x[:, :2])


def test_what_is_chosen_for_sure_needs_no_choice(tmp_path):
    _, made = exported(tmp_path, lambda w, x: x.std(-1))
    kinds = {node.op for node in read(made.path).node}
    assert "Sqrt" in kinds
    assert not {"Select", "SelectV2", "BroadcastTo"} & kinds


def test_what_depends_on_variables_alone_is_a_constant(tmp_path):
    _, made = exported(tmp_path, lambda w, x: x @ jnp.tanh(w["dense"] * 2))
    kinds = [node.op for node in read(made.path).node]
    assert "MatMul" in kinds
    assert "Tanh" not in kinds


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (
            lambda w, x: lax.while_loop(lambda y: y.sum() < 9, lambda y: y + 1, x),
            "the loop in .* as long as its values",
        ),
        (lambda w, x: lax.fori_loop(0, 9999, lambda i, y: y * 1.1, x), "more than 512 rounds"),
        (lambda w, x: x + jax.random.normal(jax.random.key(x.sum().astype(jnp.int32)), (4,)), "has no counterpart"),
        (lambda w, x: lax.cummax(x, 1), "JAX's operation 'cummax'"),
        (lambda w, x: x.reshape(7, -1), "cannot be traced for input: batch, 6, 5, 4"),
    ],
)
def test_says_what_such_a_graph_cannot(tmp_path, function, message):
    with pytest.raises(ExportError, match=f"export_frozen_graph: .*{message}"):
        exported(tmp_path, function)
    assert not list(tmp_path.iterdir())
