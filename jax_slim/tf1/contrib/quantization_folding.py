"""Batch norms folded into the weights of the layers before them, as an integer net will have them: for `tf.contrib.quantize`."""

import dataclasses
import re
from typing import Any

from jax_slim.tf1.contrib.quantization_patterns import OneOf, Pattern, cloned, first, reroute
from jax_slim.tf1.graph import dtypes, graphs, rows
from jax_slim.tf1.graph.tensors import Operation, Tensor
from jax_slim.tf1.python import array, constant_op, math, smart, state_ops, variable_scope
from jax_slim.tf1.python.initializers import zeros_initializer

_ANY = Pattern("*")
_STEP = "fake_quantization_step"


def quantization_step() -> Tensor:
    """The number of runs so far, this one included; counted in the variable `fake_quantization_step`."""
    graph = graphs.get_default_graph()
    try:
        return graph.get_tensor_by_name(f"{_STEP}/AssignAdd:0")
    except KeyError:
        with graph.name_scope(None):
            step = variable_scope.get_variable(
                _STEP, shape=[], dtype=dtypes.int64, initializer=zeros_initializer(), trainable=False
            )
            with graph.name_scope(step.op.name + "/"):
                return state_ops.assign_add(step, 1)


@dataclasses.dataclass(eq=False)
class _BatchNorm:
    """A layer without activation and the batch norm behind it."""

    layer: Operation
    batch_to_space: Operation | None
    weights: Tensor
    output: Tensor  # what stands behind both
    gamma: Tensor | None
    beta: Tensor
    mean: Tensor
    variance: Tensor
    epsilon: Any
    moving_mean: Tensor | None = None
    moving_variance: Tensor | None = None
    mean_decay: Tensor | None = None
    variance_decay: Tensor | None = None


def fold(graph: Any, is_training: bool, freeze_delay: int | None) -> None:
    """Folds all batch norms of a graph, fused ones first.

    In training, weights are scaled by the moving variance, so that what is quantized is what inference will use, and the
    layer's output is put right for the batch's; after `freeze_delay` runs the moving averages are used and kept as they are.
    """
    for norm in _fused(graph):
        _fold_fused(graph, norm, is_training, freeze_delay)
    for context in _unfused(graph):
        _fold_unfused(graph, context, is_training, freeze_delay)


def _fused(graph: Any) -> list[_BatchNorm]:
    convolution = Pattern("Conv2D|DepthwiseConv2dNative", _ANY, Pattern("*"))
    spaced = Pattern("BatchToSpaceND", convolution, _ANY, _ANY)
    product = Pattern("MatMul", _ANY, Pattern("*"))
    source = OneOf(Pattern("Reshape", product, _ANY), spaced, convolution)
    norm = Pattern("FusedBatchNorm|FusedBatchNormV2|FusedBatchNormV3", source, *(_ANY for _ in range(4)))
    reshaped = Pattern("Reshape", norm, _ANY)
    found, taken = [], set()
    # A Reshape behind the norm undoes one before it, so that it is looked for first.
    for pattern in (reshaped, norm):
        for match in pattern.matches(graph):
            layer, op = first(match, convolution, product), match[norm].op
            if layer is None or op in taken or (pattern is reshaped and product not in match):
                continue
            taken.add(op)
            between = match[spaced].op if spaced in match else None
            found.append(_fused_norm(graph, op, layer.op, between, match[pattern]))
    return found


def _fused_norm(graph: Any, op: Operation, layer: Operation, between: Operation | None, output: Tensor) -> _BatchNorm:
    _, gamma, beta, mean, variance = op._inputs[:5]
    norm = _BatchNorm(
        layer, between, layer._inputs[1], output, gamma, beta, mean, variance, op.get_attr("epsilon")
    )  # fmt: skip
    if not op.get_attr("is_training"):
        return norm
    # TensorFlow's gradient of the operation passes nothing back from the batch's mean and variance.
    op._set_attr("_gradient_op_type", b"FoldFusedBatchNormGrad")
    scope, sign, _ = op.name.rpartition("/")
    norm.mean = op.outputs[1]
    with graph.name_scope(scope + sign):
        n = math.cast(array.size(layer.outputs[0]) / array.size(norm.mean), dtypes.float32)
        norm.variance = math.multiply(op.outputs[2], (n - 1) / n, name="Undo_Bessel_Correction")
    for batch, kept, decay in ((1, "moving_mean", "mean_decay"), (2, "moving_variance", "variance_decay")):
        for sub in op.outputs[batch].consumers():
            if sub.type != "Sub" or sub._inputs[1] is not op.outputs[batch]:
                continue
            for product in sub.outputs[0].consumers():
                if product.type == "Mul":
                    setattr(norm, kept, sub._inputs[0])
                    setattr(norm, decay, next(t for t in product._inputs if t is not sub.outputs[0]))
    return norm


def _fused_gradient(op: Operation, *grads: Tensor | None) -> list[Any]:
    """The gradient by the batch's mean and variance: what came out of the batch norm itself is used no more."""
    x, mean = op._inputs[0], op.outputs[1]
    n = math.cast(array.size(x) / array.size(mean), dtypes.float32)
    parts = []
    if grads[1] is not None:
        parts.append(grads[1] / n)
    if grads[2] is not None:
        parts.append(2 * grads[2] * (x - mean) / (n - 1))
    return [sum(parts[1:], parts[0]) if parts else None, None, None, None, None]


rows.register_gradient("FoldFusedBatchNormGrad", _fused_gradient)


def _fold_fused(graph: Any, norm: _BatchNorm, is_training: bool, freeze_delay: int | None) -> None:
    scope, sign, _ = norm.layer.name.rpartition("/")
    with graph.as_default(), graph.name_scope(scope + sign), graphs.device(norm.output.device or None):
        scale = recip = offset = None
        with graph.name_scope(scope + sign + "BatchNorm_Fold" + sign):
            factor = norm.gamma * math.rsqrt(norm.variance + norm.epsilon)
            bias = math.subtract(norm.beta, norm.mean * factor, name="bias")
            if is_training and norm.moving_mean is not None and norm.moving_variance is not None:
                scale, recip, offset = _corrections("", norm, freeze_delay)
            if norm.layer.type == "DepthwiseConv2dNative":
                sizes = norm.weights.get_shape().as_list()[2:4]
                factor = array.reshape(factor, sizes, name="scale_reshape")
                if scale is not None:
                    scale = array.reshape(scale, sizes, name="correction_reshape")
        weights = norm.weights if scale is None else math.multiply(scale, norm.weights, name="correction_mult")
        weights = math.multiply(weights, factor, name="mul_fold")
        made = cloned(norm.layer, norm.layer.name.rpartition("/")[2] + "_Fold", {1: weights})
        if norm.batch_to_space is not None:
            made = cloned(norm.batch_to_space, norm.batch_to_space.name.rpartition("/")[2] + "_Fold", {0: made})
        if recip is not None:
            made = math.multiply(recip, made, name="post_conv_mul")
            made = math.add(made, offset, "correction_add")
        made = math.add(made, bias, name="add_fold")
        if not reroute(made, norm.output):
            raise ValueError(f"Folding batch norms failed, {norm.output.name} had no outputs.")


def _corrections(context: str, norm: _BatchNorm, freeze_delay: int | None) -> tuple[Tensor, Tensor, Tensor]:
    """What takes weights scaled by the batch's variance to the moving one, and outputs back."""
    with graphs.get_default_graph().name_scope(context + "batch_norm_correction"):
        moving = math.rsqrt(norm.moving_variance + norm.epsilon)
        batch = math.rsqrt(norm.variance + norm.epsilon)
        scale = array.identity(math.divide(moving, batch, name="scale_compute"), name="correction_scale")
        recip = math.reciprocal(scale, name="reciprocal_compute")
        difference = norm.mean * batch - norm.moving_mean * moving
        gamma = norm.gamma
        offset = difference if gamma is None else math.multiply(gamma, difference, name="offset_compute")
        if freeze_delay is None:
            frozen: Any = False
        else:
            frozen = math.greater_equal(quantization_step(), freeze_delay, name="use_moving_average")
        decays = [("mean", norm.mean_decay)]
        if norm.variance_decay is not norm.mean_decay:
            decays.append(("var", norm.variance_decay))
        for name, decay in decays:
            if decay is not None:
                users = decay.consumers()
                kept = smart.smart_cond(
                    frozen, lambda: 0.0, lambda decay=decay: decay, name=f"freeze_moving_{name}"
                )  # fmt: skip
                if kept is not decay:
                    reroute(kept, decay, users)
        recip = smart.smart_cond(frozen, lambda: constant_op.ones(scale.shape), lambda: recip, name="correction_recip")
        offset = smart.smart_cond(
            frozen, lambda: offset, lambda: constant_op.zeros(offset.shape), name="correction_offset"
        )
        return scale, recip, offset


# Batch norms made of single operations: found by the names that `batch_normalization` gives them.


def _unfused(graph: Any) -> list[str]:
    """The scopes that hold a layer and its `BatchNorm/batchnorm/...`."""
    found: dict[str, None] = {}
    for op in graph.get_operations():
        match = re.match(r"^(.*)/BatchNorm/batchnorm(_1)?/add_1$", op.name)
        if match and not op.name.startswith("gradients/"):
            found[match.group(1)] = None
    return [context for context in found if _layer_of(graph, context) is not None]


def _named(graph: Any, context: str, name: str) -> Operation | None:
    # The layer's own scope has taken the name without a number.
    scopes = ("batchnorm_1", "batchnorm")
    return next(filter(None, (graph._by_name.get(f"{context}/BatchNorm/{s}/{name}") for s in scopes)), None)


def _layer_of(graph: Any, context: str) -> tuple[Operation, Operation | None, bool] | None:
    """The layer, a BatchToSpaceND behind it, and whether there is a gamma."""
    scaling = _named(graph, context, "mul_2") is not None  # mul: by gamma; mul_1: of the input; mul_2: of the mean
    product = _named(graph, context, "mul_1" if scaling else "mul")
    if product is None:
        return None
    below, between = product._inputs[0].op, None
    if below.type == "BatchToSpaceND":
        below, between = below._inputs[0].op, below
    return (below, between, scaling) if below.type in ("Conv2D", "DepthwiseConv2dNative", "MatMul") else None


def _fold_unfused(graph: Any, context: str, is_training: bool, freeze_delay: int | None) -> None:
    layer, between, scaling = _layer_of(graph, context) or (None, None, False)
    rsqrt, shift = _named(graph, context, "Rsqrt"), _named(graph, context, "add_1")
    epsilon_add = _named(graph, context, "add")
    mean_product = _named(graph, context, "mul_2" if scaling else "mul_1")
    sub = _named(graph, context, "sub")
    factor_op = _named(graph, context, "mul") if scaling else rsqrt
    if layer is None or rsqrt is None or shift is None or epsilon_add is None or mean_product is None or sub is None:
        return
    if factor_op is None:
        return
    users = shift.outputs[0].consumers()
    gamma = factor_op._inputs[1] if scaling else None
    variance, epsilon = epsilon_add._inputs
    norm = _BatchNorm(layer, between, layer._inputs[1], shift.outputs[0], gamma, sub._inputs[0], mean_product._inputs[0],
                      variance, epsilon)  # fmt: skip
    _find_averages(graph, context, norm)
    factor, weights = factor_op.outputs[0], layer._inputs[1]
    with graph.as_default(), graph.name_scope(None), graphs.device(layer.device or None):
        scale = recip = offset = None
        if is_training and norm.moving_mean is not None and norm.moving_variance is not None:
            scale, recip, offset = _corrections(context + "/", norm, freeze_delay)
        if layer.type == "DepthwiseConv2dNative":
            sizes = weights.get_shape().as_list()[2:4]
            factor = array.reshape(factor, sizes, context + "/scale_reshape")
            scale = None if scale is None else array.reshape(scale, sizes, context + "/correction_reshape")
        if scale is not None:
            weights = math.multiply(scale, weights, context + "/correction_mult")
        folded = math.multiply(weights, factor, context + "/mul_fold")
        made = cloned(layer, layer.name + "_Fold", {1: folded})
        if between is not None:
            made = cloned(between, between.name + "_Fold", {0: made})
        if recip is not None:
            made = math.multiply(recip, made, context + "/post_conv_mul")
            made = math.add(made, offset, context + "/correction_add")
        made = math.add(made, sub.outputs[0], context + "/add_fold")
        reroute(made, shift.outputs[0], users)


def _find_averages(graph: Any, context: str, norm: _BatchNorm) -> None:
    """The moving averages that the batch's mean and variance go to, and what these keep."""
    for sub in graph.get_operations():
        if sub.type != "Sub" or not sub.name.startswith(f"{context}/BatchNorm/AssignMovingAvg"):
            continue
        for product in sub.outputs[0].consumers():
            if product.type != "Mul":
                continue
            decay = next(t for t in product._inputs if t is not sub.outputs[0])
            if "moving_mean" in sub._inputs[0].name:
                norm.moving_mean, norm.mean_decay = sub._inputs[0], decay
            elif "moving_variance" in sub._inputs[0].name:
                norm.moving_variance, norm.variance_decay = sub._inputs[0], decay
