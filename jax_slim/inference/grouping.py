"""Batches in groups: a few images at a time go through the whole net, so that less of it goes through memory.

Where a net does little with each number that it reads, a large batch's arrays between layers, which do not fit into a
cache, cost more than the work. On two cores with AVX-512, batches of 8 and 32: MobileNet-v2 by groups of 2 took 1/1.28
and 1/1.37 of the time, ResNet-50 by groups of 8 1.0 and 1/1.6; VGG-16 by groups of 4 lost 5 percent, and Inception-v3
won and lost as much. Smaller groups make products thin and read the weights more often.

Whether the examples of a batch are independent of each other is read from the traced program, and so is what it costs:
no group is made of a program with an operation that is not known here.
"""

import dataclasses
import math
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from jax.extend.core import ClosedJaxpr, Literal

# FLOPs for each byte that convolutions and products write: below the first, a net waits for memory in any batch; below
# the second, in large ones.
_LITTLE_WORK, _SOME_WORK = 100, 250
_LARGE_BATCH = 16
# Of a group's largest array.
_BYTES_WITH_LITTLE_WORK, _BYTES_WITH_SOME_WORK = 13 << 20, 26 << 20

# fmt: off
_ELEMENTWISE = frozenset((
    "abs", "add", "and", "ceil", "clamp", "convert_element_type", "copy", "cos", "div", "eq", "erf", "exp",
    "exp2", "expm1", "floor", "ge", "gt", "integer_pow", "is_finite", "le", "log", "log1p", "logistic", "lt",
    "max", "min", "mul", "ne", "neg", "not", "or", "pow", "reduce_precision", "rem", "round", "rsqrt",
    "select_n", "sign", "sin", "sqrt", "square", "stop_gradient", "sub", "tanh", "xor",
))
# fmt: on
_ATTENTION = frozenset(("slim_attention_mixture", "slim_attention_scores"))
_POOLING = frozenset(("slim_max_pool", "slim_spread_sums", "slim_sum_pool"))
# Convolutions with what follows them: how many arrays they take besides those of images.
_FUSED = {
    "slim_convolution_of_bfloat16": 3,
    "slim_convolution_of_bytes": 5,
    "slim_fused_convolution": 3,
    "slim_quantized_convolution": 4,
}
_WRITING = _POOLING | {"concatenate"}
_REDUCTIONS = frozenset(("argmax", "argmin", "reduce_and", "reduce_max", "reduce_min", "reduce_or", "reduce_sum"))
_SHARED, _SAME, _BY_EXAMPLE = range(3)  # whatever it is; one thing along the first axis; an example's beside another's


@dataclasses.dataclass
class Cost:
    """What one example costs.

    Attributes:
      flops: of convolutions and products.
      written: bytes that these, pooling and concatenations write; what is computed number by number is a part of these.
      largest: bytes of the largest of these arrays.
    """

    flops: float = 0.0
    written: float = 0.0
    largest: float = 0.0

    def add(self, equation: Any, examples: int) -> None:
        products = products_of(equation)
        if products or equation.primitive.name in _WRITING:
            aval = equation.outvars[0].aval
            size = math.prod(aval.shape) / examples
            self.flops += 2 * size * products
            self.written += size * aval.dtype.itemsize
            self.largest = max(self.largest, size * aval.dtype.itemsize)


def worth_grouping() -> bool:
    """Whether programs run on one CPU: elsewhere a whole batch at once is faster, and may lie on several devices."""
    return jax.default_backend() == "cpu" and jax.device_count() == 1


def size_of_groups(examples: int, cost: Cost) -> int:
    """How many examples of a batch go through a net together: all, or fewer where that is faster."""
    if not cost.flops or examples < 4:
        return examples
    work = cost.flops / cost.written
    if work < _LITTLE_WORK:
        size = max(2, int(_BYTES_WITH_LITTLE_WORK / cost.largest))
    elif work < _SOME_WORK and examples >= _LARGE_BATCH:
        size = max(4, int(_BYTES_WITH_SOME_WORK / cost.largest))
    else:
        return examples
    if examples < 2 * size:
        return examples
    even = next((fewer for fewer in range(size, 0, -1) if examples % fewer == 0), 1)
    return even if 3 * even >= 2 * size else size


def in_groups(run: Callable[[list[Any]], list[Any]], arrays: Sequence[jax.Array], size: int) -> list[Any]:
    """The results of `run` for a batch of arrays, about `size` examples at a time; the last ones fill up a group."""
    examples = arrays[0].shape[0]
    count = -(-examples // size)
    size = -(-examples // count)
    spare = count * size - examples

    def grouped(array: jax.Array) -> jax.Array:
        if spare:
            array = jnp.concatenate([array, jnp.repeat(array[-1:], spare, 0)])
        return array.reshape(count, size, *array.shape[1:])

    results = lax.map(run, [grouped(array) for array in arrays])
    return [result.reshape(count * size, *result.shape[2:])[:examples] for result in results]


def same_steps(one: ClosedJaxpr, other: ClosedJaxpr) -> bool:
    """Whether two programs are the same but for the sizes of arrays: a net may compute with the size of its batch."""

    def steps(closed: ClosedJaxpr) -> list[Any]:
        return [
            (equation.primitive.name, *(variable.val for variable in equation.invars if isinstance(variable, Literal)))
            for equation in closed.jaxpr.eqns
        ]

    return str(steps(one)) == str(steps(other))


def cost_of_examples(closed: ClosedJaxpr, arrays: int, examples: int) -> Cost | None:
    """What one example costs, or None where those of a batch are not known to be independent of each other.

    Args:
      closed: a program, whose last arguments have one example beside the other along their first axis.
      arrays: how many arguments these are.
      examples: how many examples they hold.
    """
    kinds: dict[Any, int] = dict.fromkeys(closed.jaxpr.constvars, _SHARED)
    for index, variable in enumerate(closed.jaxpr.invars):
        kinds[variable] = _BY_EXAMPLE if index >= len(closed.jaxpr.invars) - arrays else _SHARED
    cost = Cost()

    def kind_of(variable: Any) -> int:
        shape = variable.aval.shape
        kind = _SHARED if isinstance(variable, Literal) else kinds[variable]
        return _SAME if kind == _SHARED and (not shape or shape[0] == 1) else kind

    for equation in closed.jaxpr.eqns:
        inputs = [kind_of(variable) for variable in equation.invars]
        if _BY_EXAMPLE in inputs:
            if equation.effects or not _independent(equation, inputs, examples):
                return None
            kind = _BY_EXAMPLE
            cost.add(equation, examples)
        else:
            kind = _SAME if _alike(equation, inputs) else _SHARED
        kinds |= dict.fromkeys(equation.outvars, kind)
    for result in closed.jaxpr.outvars:
        if kind_of(result) != _BY_EXAMPLE or not result.aval.shape or result.aval.shape[0] != examples:
            return None
    return cost


def _alike(equation: Any, inputs: Sequence[int]) -> bool:
    """Whether what is made without any example is the same all along its first axis."""
    name, parameters = equation.primitive.name, equation.params
    if name in _ELEMENTWISE:
        return all(kind == _SAME for kind in inputs)
    return name == "broadcast_in_dim" and (inputs[0] == _SAME or 0 not in parameters["broadcast_dimensions"])


def _independent(equation: Any, inputs: Sequence[int], examples: int) -> bool:
    """Whether an operation keeps the examples apart, beside each other along the first axis."""
    name, parameters, operand = equation.primitive.name, equation.params, equation.invars[0].aval
    first, others = inputs[0] == _BY_EXAMPLE, inputs[1:]
    if any(len(variable.aval.shape) == 0 for variable in equation.outvars):
        return False
    if name in _ELEMENTWISE:
        return all(kind != _SHARED for kind in inputs)
    if name == "slim_convolution_to_inputs":
        return inputs == [_SHARED, _BY_EXAMPLE]
    if name == "concatenate":
        return parameters["dimension"] != 0 and all(kind != _SHARED for kind in inputs)
    if name == "dot_general":
        (contracted, _), batch = parameters["dimension_numbers"]
        if tuple(map(tuple, batch)) == ((0,), (0,)) and inputs == [_BY_EXAMPLE] * 2:
            return True
        return first and others != [_BY_EXAMPLE] and not batch[0] and 0 not in contracted
    if name in _ATTENTION:
        return inputs == [_BY_EXAMPLE] * 2
    if name in _FUSED:
        taken = _FUSED[name]
        return first and _BY_EXAMPLE not in inputs[1:taken] and set(inputs[taken:]) <= {_BY_EXAMPLE}
    # What is left takes examples alone, and what it does with them.
    if not first or _BY_EXAMPLE in others:
        return False
    if name in ("slim_convolution", "slim_dense"):
        return len(operand.shape) > 1
    if name in _POOLING or name == "slim_sum_of_pixels":
        return True
    if name == "conv_general_dilated":
        numbers = parameters["dimension_numbers"]
        return numbers.lhs_spec[0] == 0 == numbers.out_spec[0] and parameters["batch_group_count"] == 1
    if name in _REDUCTIONS:
        return 0 not in parameters["axes"]
    if name in ("cumsum", "cumprod", "cummax", "cummin"):
        return parameters["axis"] != 0
    if name == "reshape":
        return parameters["dimensions"] is None and equation.outvars[0].aval.shape[0] % examples == 0
    if name == "broadcast_in_dim":
        return parameters["broadcast_dimensions"][0] == 0 and parameters["shape"][0] == operand.shape[0]
    if name == "squeeze":
        return 0 not in parameters["dimensions"]
    if name == "rev":
        return 0 not in parameters["dimensions"]
    if name == "transpose":
        return parameters["permutation"][0] == 0
    if name == "slice":
        whole = parameters["start_indices"][0] == 0 and parameters["limit_indices"][0] == operand.shape[0]
        return whole and (parameters["strides"] is None or parameters["strides"][0] == 1)
    if name == "pad":
        return tuple(parameters["padding_config"][0]) == (0, 0, 0)
    if name in ("reduce_window_max", "reduce_window_sum", "reduce_window_min"):
        return parameters["window_dimensions"][0] == 1 == parameters["window_strides"][0] and not any(
            parameters["padding"][0]
        )
    if name == "split":
        return parameters["axis"] != 0
    return False


def products_of(equation: Any) -> float:
    """How many products each number of the result is the sum of; 0 of what is no convolution or product."""
    name, parameters = equation.primitive.name, equation.params
    shapes = [variable.aval.shape for variable in equation.invars]
    if name == "slim_convolution" or name == "slim_dense":
        return math.prod(shapes[1][:-1])
    if name in _FUSED:
        return math.prod(parameters["geometry"].windows.sizes) * shapes[0][-1] // parameters["geometry"].groups
    if name == "slim_convolution_to_inputs":
        return math.prod(shapes[0]) / shapes[0][-2] / math.prod(parameters["geometry"].windows.strides)
    if name == "conv_general_dilated":
        return math.prod(shapes[1]) / shapes[1][parameters["dimension_numbers"].rhs_spec[0]]
    if name in _ATTENTION:
        return shapes[0][-1]
    if name == "dot_general":
        (contracted, _), _ = parameters["dimension_numbers"]
        return math.prod(shapes[0][axis] for axis in contracted)
    return 0
