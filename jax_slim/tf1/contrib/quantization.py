"""`tf.contrib.quantize`: rewrites graphs so that they compute as 8-bit integers will; training then gets used to it."""

import dataclasses
import re
from collections.abc import Iterable
from typing import Any

from jax_slim.tf1.contrib import quantization_folding
from jax_slim.tf1.contrib.quantization_patterns import OneOf, Pattern, first, reroute
from jax_slim.tf1.graph import graphs
from jax_slim.tf1.graph.collections import GraphKeys
from jax_slim.tf1.graph.tensors import Operation, Tensor
from jax_slim.tf1.python import (
    control_flow,
    logging,
    math,
    moving_averages,
    quantizing,
    reductions,
    state_ops,
    variable_scope,
)
from jax_slim.tf1.python.initializers import constant_initializer

_ACTIVATIONS = frozenset({"Relu", "Relu6"})
_SUMS = frozenset({"Add", "AddV2", "Mul"})
_PASSING = frozenset({"Reshape", "Identity", "BatchToSpaceND", "SpaceToBatchND"})
_FAKES = frozenset({"FakeQuantWithMinMaxVars", "FakeQuantWithMinMaxArgs"})
_TRAINING = re.compile(r"^(Resource|Sparse|ResourceSparse)?Apply[A-Z]")


def create_training_graph(input_graph: Any = None, quant_delay: int = 0) -> None:
    """Folds batch norms, and rounds weights and activations to 8 bits as inference will; call it before gradients are made.

    Ranges are variables `<layer>/weights_quant/min` and `max` (of the last step) and `<layer>/act_quant/min` and `max`
    (moving averages). Trained variables keep their names.

    Args:
      input_graph: changed in place; the default graph when None.
      quant_delay: how many runs compute in floats before rounding begins; ranges are learned meanwhile.

    Raises:
      ValueError: the graph has training operations already.
    """
    _rewrite(input_graph, True, quant_delay=quant_delay)


def create_eval_graph(input_graph: Any = None) -> None:
    """The same for a graph of inference: it rounds by the ranges that training has left."""
    _rewrite(input_graph, False)


def experimental_create_training_graph(input_graph: Any = None, weight_bits: int = 8, activation_bits: int = 8, symmetric: bool = False,
                                       quant_delay: int = 0, freeze_bn_delay: int | None = None, scope: str | None = None) -> None:  # fmt: skip
    """`create_training_graph` with other numbers of bits.

    Args:
      symmetric: ranges with 0 in their middle.
      freeze_bn_delay: after how many runs batch norms use, and no longer move, their averages.
      scope: what is in it is quantized, nothing else.
    """
    _rewrite(input_graph, True, weight_bits, activation_bits, symmetric, quant_delay, freeze_bn_delay, scope)


def experimental_create_eval_graph(input_graph: Any = None, weight_bits: int = 8, activation_bits: int = 8, symmetric: bool = False,
                                   quant_delay: int | None = None, scope: str | None = None) -> None:  # fmt: skip
    """`create_eval_graph` with other numbers of bits; see `experimental_create_training_graph`."""
    _rewrite(input_graph, False, weight_bits, activation_bits, symmetric, quant_delay, None, scope)


def _rewrite(graph: Any, is_training: bool, weight_bits: int = 8, activation_bits: int = 8, symmetric: bool = False,
             quant_delay: int | None = None, freeze_bn_delay: int | None = None, scope: str | None = None) -> None:  # fmt: skip
    graph = graphs.get_default_graph() if graph is None else graph
    made = sorted({op.type for op in graph.get_operations() if _TRAINING.match(op.type)})
    if made:
        raise ValueError(f"Training op found in graph, exiting {set(made)}")
    with graph.as_default():
        quantization_folding.fold(graph, is_training, freeze_bn_delay)
        scope = scope + "/" if scope and not scope.endswith("/") else scope
        inserter = _Inserter(is_training, weight_bits, activation_bits, symmetric, quant_delay, scope)
        for layer in _layers(graph):
            inserter.quantize_layer(layer)
        inserter.quantize_sums(graph)


@dataclasses.dataclass(eq=False)
class _Layer:
    """A layer with weights, and what stands behind it."""

    op: Operation
    weights: Tensor | None
    activation: Operation
    bypass: Operation | None = None
    bias_add: Operation | None = None
    late_bypass: Operation | None = None


def _layers(graph: Any) -> list[_Layer]:
    """The layers of a graph, the largest pattern first: where several fit, the first one counts."""
    any_ = Pattern("*")
    variable = Pattern("Variable|VariableV2")
    part = Pattern("Identity", variable)
    read = Pattern("Identity", OneOf(part, Pattern("ConcatV2", part, any_, any_), variable))
    resource = Pattern("ReadVariableOp")
    folded = Pattern("Mul")
    kinds, add = "Conv2D|MatMul|DepthwiseConv2dNative", "Add|AddV2"
    layer = Pattern(kinds, any_, OneOf(read, resource, folded), ordered=False)
    output = OneOf(Pattern("BatchToSpaceND", layer, any_, any_), layer)
    # A convolution directly behind a convolution: the two halves of a separable one.
    pair = Pattern(kinds, output, any_, ordered=False)
    corrected = Pattern("Mul", any_, output, ordered=False)
    moved = Pattern(add, corrected, any_, ordered=False)
    folded_add = Pattern(add, OneOf(moved, corrected), any_, ordered=False)
    bias_add = Pattern(add + "|BiasAdd", output, any_, ordered=False)
    forced = Pattern("Identity", OneOf(bias_add, folded_add))  # a batch norm that is updated in place
    bypass = Pattern(add, OneOf(bias_add, folded_add, forced), any_, ordered=False)
    activation = Pattern("Relu|Relu6|Identity", OneOf(bias_add, folded_add, forced, bypass, layer))
    late = Pattern(add, any_, activation, ordered=False)
    final = OneOf(bias_add, folded_add, bypass)

    found: dict[Operation, _Layer] = {}
    for pattern in (late, activation, final, pair):
        for match in pattern.matches(graph):
            op = match[layer].op
            if op in found:
                continue
            weights, adds = first(match, read, resource, folded), first(match, bias_add, folded_add)
            if pattern is pair:
                found[op] = _Layer(op, weights, op)
            elif pattern is final:
                assert adds is not None
                found[op] = _Layer(op, weights, adds.op)
            else:
                found[op] = _Layer(
                    op, weights, match[activation].op, _op(match.get(bypass)), _op(adds), _op(match.get(late))
                )
    return list(found.values())


def _op(tensor: Tensor | None) -> Operation | None:
    return None if tensor is None else tensor.op


def _scope_of(name: str) -> str:
    return name.rpartition("/")[0]


class _Inserter:
    """Puts operations that round behind others."""

    def __init__(self, is_training: bool, weight_bits: int, activation_bits: int, symmetric: bool, delay: int | None, scope: str | None) -> None:  # fmt: skip
        self._is_training, self._symmetric, self._delay, self._scope = is_training, symmetric, delay, scope
        self._weight_bits, self._bits = weight_bits, activation_bits
        self._done: set[Operation] = set()

    def quantize_layer(self, layer: _Layer) -> None:
        """Rounds the weights, the activations and what is added to them."""
        context = _scope_of(layer.op.name)
        if layer.weights is not None:
            self._insert(
                context, "weights_quant", layer.weights.op, [layer.op], weights=True, consumer_scope=self._scope
            )
        add_context = _scope_of(context) if layer.bypass is not None else context
        self._after(add_context, "act_quant", layer.activation, init_min=0.0)
        if layer.bypass is not None and layer.bias_add is not None:
            self._after(context, "conv_quant", layer.bias_add, consumer_scope=self._scope)
            self._unless_activated(add_context, "add_quant", layer.bypass, consumer_scope=self._scope)
        if layer.late_bypass is not None:
            late = layer.late_bypass
            self._unless_activated(_scope_of(late.name), "post_activation_bypass_quant", late)

    def quantize_sums(self, graph: Any) -> None:
        """Rounds sums and products of what is rounded."""
        for op in graph.get_operations():
            if self._is_sum(op):
                logging.info("Inserting fake quant op activation_%s_quant after %s", op.type, op.name)
                self._insert(
                    op.name, f"activation_{op.type}_quant", op, op.outputs[0].consumers(), producer_scope=self._scope
                )

    def _is_sum(self, op: Operation) -> bool:
        if op in self._done or op.type not in _SUMS:
            return False
        users = op.outputs[0].consumers()
        if len(users) == 1 and users[0].type in _ACTIVATIONS:
            logging.info("Skipping quant after %s", op.name)
            return False
        for tensor in op._inputs:
            source = tensor.op
            while source.type in _PASSING:
                source = source._inputs[0].op
            if source.type in _FAKES or (source.type in _SUMS and any(self._is_sum(t.op) for t in source._inputs)):
                return True
        return False

    def _after(self, context: str, name: str, op: Operation, **facts: Any) -> None:
        self._insert(context, name, op, op.outputs[0].consumers(), producer_scope=self._scope, **facts)
        self._done.add(op)

    def _unless_activated(self, context: str, name: str, op: Operation, **facts: Any) -> None:
        # An activation is one with the sum before it when integers compute it.
        if any(user.type in _ACTIVATIONS for user in op.outputs[0].consumers()):
            logging.info("Skipping %s, because its followed by an activation.", op.name)
        else:
            self._after(context, name, op, **facts)

    def _insert(self, context: str, name: str, producer: Operation, consumers: Iterable[Operation], weights: bool = False, init_min: float = -6.0,
                producer_scope: str | None = None, consumer_scope: str | None = None) -> None:  # fmt: skip
        if producer_scope and not producer.name.startswith(producer_scope):
            return
        consumers = [op for op in consumers if not consumer_scope or op.name.startswith(consumer_scope)]
        if consumer_scope and not consumers:
            return
        prefix = f"{context}/{name}" if context else name
        around = graphs.get_default_graph().get_name_scope()
        prefix = prefix.removeprefix(around + "/") if around else prefix
        inputs = producer.outputs[0]
        if _is_rounded(inputs):
            return
        rounded = self._rounded(inputs, prefix, weights, init_min)
        if self._delay and self._delay > 0:
            active = math.greater_equal(
                quantization_folding.quantization_step(), self._delay, name=prefix + "/activate_quant"
            )
            rounded = control_flow.cond(active, lambda: rounded, lambda: inputs, name=prefix + "/delayed_quant")
        if consumers and reroute(rounded, inputs, consumers) < len(consumers):
            raise ValueError(f"No inputs quantized for ops: [{', '.join(op.name for op in consumers)}]")

    def _rounded(self, inputs: Tensor, prefix: str, weights: bool, init_min: float) -> Tensor:
        bits = self._weight_bits if weights else self._bits
        with variable_scope.variable_scope(None, default_name=prefix, values=[inputs]) as scope:
            scope.set_partitioner(None)
            low, high = _range_variable("min", init_min), _range_variable("max", 6.0)
            if self._is_training:
                low, high = self._moved(inputs, low, high, weights, bits)
            return quantizing.fake_quant_with_min_max_vars(inputs, low, high, num_bits=bits, narrow_range=weights)

    def _moved(self, inputs: Tensor, low: Any, high: Any, weights: bool, bits: int) -> tuple[Any, Any]:
        batch_low, batch_high = (
            reductions.reduce_min(inputs, name="BatchMin"),
            reductions.reduce_max(inputs, name="BatchMax"),
        )
        if self._symmetric:
            ratio = -1 if weights else -((1 << bits) - 2) / (1 << bits)
            new_low = math.minimum(batch_low, batch_high / ratio)
            new_high = math.maximum(batch_high, batch_low * ratio)
        else:
            new_low, new_high = math.minimum(batch_low, 0.0), math.maximum(batch_high, 0.0)
        if weights:
            return state_ops.assign(low, new_low, name="AssignMinLast"), state_ops.assign(
                high, new_high, name="AssignMaxLast"
            )
        average = moving_averages.assign_moving_average
        return average(low, new_low, 0.999, name="AssignMinEma"), average(high, new_high, 0.999, name="AssignMaxEma")


def _range_variable(name: str, value: float) -> Any:
    kept = [GraphKeys.GLOBAL_VARIABLES, GraphKeys.MODEL_VARIABLES]
    return variable_scope.get_variable(
        name, shape=[], initializer=constant_initializer(value), collections=kept, trainable=False
    )


def _is_rounded(tensor: Tensor) -> bool:
    users = tensor.consumers()
    while users:
        op = users.pop()
        if op.type in _FAKES:
            return True
        if op.type in ("Reshape", "Identity"):
            users.extend(c for output in op.outputs for c in output.consumers())
    return False
