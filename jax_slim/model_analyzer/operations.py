"""The operations of a traced program one by one, and the FLOPs of those that multiply and add."""

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import jax.extend


class Operation(NamedTuple):
    """One operation of a traced program.

    Attributes:
      equation: the primitive and its arguments, as JAX's jaxpr holds them.
      scopes: the name scopes that it was made in, outermost first, joined by '/'.
      times: how often it runs: more than once in a scan.
    """

    equation: Any
    scopes: str
    times: int

    @property
    def flops(self) -> int:
        """Floating-point operations of products, a multiplication and an addition counted as two; 0 for others."""
        count = _FLOPS.get(self.equation.primitive.name)
        return 0 if count is None else self.times * count(self.equation)


def operations_of(traced: Any) -> list[Operation]:
    """The operations of a jaxpr, those inside jitted functions, scans, conditions and checkpoints too.

    A loop's body counts as often as it runs where that is known (scan), else once (while). Of a condition's branches
    the one with most FLOPs counts.
    """
    return list(_operations(getattr(traced, "jaxpr", traced), "", 1))


def _operations(jaxpr: Any, scopes: str, times: int) -> Iterator[Operation]:
    for equation in jaxpr.eqns:
        # The scopes of an inner jaxpr begin anew: those of the operation that holds it come before.
        here = "/".join(part for part in (scopes, str(equation.source_info.name_stack)) if part)
        inner = [found for value in equation.params.values() for found in _jaxprs_in(value)]
        if not inner:
            yield Operation(equation, here, times)
            continue
        repeats = times * (equation.params["length"] if equation.primitive.name == "scan" else 1)
        bodies = [list(_operations(body, here, repeats)) for body in inner]
        if equation.primitive.name == "cond":
            bodies = [max(bodies, key=lambda body: sum(operation.flops for operation in body))]
        for body in bodies:
            yield from body


def _jaxprs_in(value: Any) -> list[Any]:
    if isinstance(value, jax.extend.core.ClosedJaxpr):
        return [value.jaxpr]
    if isinstance(value, jax.extend.core.Jaxpr):
        return [value]
    if isinstance(value, tuple | list):
        return [found for part in value for found in _jaxprs_in(part)]
    return []


def _dot_flops(equation: Any) -> int:
    (contracted, _), _ = equation.params["dimension_numbers"]
    left, output = equation.invars[0].aval, equation.outvars[0].aval
    return 2 * output.size * math.prod(left.shape[axis] for axis in contracted)


def _convolution_flops(equation: Any) -> int:
    """Every window counts in full, at the borders too."""
    inputs, kernel = (variable.aval for variable in equation.invars[:2])
    output_axis, input_axis, *spatial = equation.params["dimension_numbers"].rhs_spec
    taps = math.prod(kernel.shape[axis] for axis in spatial)
    if max(equation.params["lhs_dilation"], default=1) > 1:
        # Transposed: nothing is multiplied with the zeros between the inputs, so each input meets each tap once.
        reached = kernel.shape[output_axis] // equation.params["feature_group_count"]
        return 2 * inputs.size * taps * reached
    return 2 * equation.outvars[0].aval.size * taps * kernel.shape[input_axis]


def _by_weights_and_outputs(weights: Any, outputs: Any) -> int:
    return 2 * outputs.aval.size * math.prod(weights.aval.shape[:-1])


_FLOPS = {
    "dot_general": _dot_flops,
    "conv_general_dilated": _convolution_flops,
    # The layers' own (jax_slim/kernels/*_maps.py): whichever array is left out, the products are the same.
    "slim_convolution": lambda e: _by_weights_and_outputs(e.invars[1], e.outvars[0]),
    "slim_convolution_to_inputs": lambda e: _by_weights_and_outputs(e.invars[0], e.invars[1]),
    "slim_convolution_to_weights": lambda e: _by_weights_and_outputs(e.outvars[0], e.invars[1]),
    "slim_convolution_tangents": lambda e: 2 * _by_weights_and_outputs(e.invars[1], e.outvars[0]),
    "slim_dense": lambda e: _by_weights_and_outputs(e.invars[1], e.outvars[0]),
    "slim_dense_tangents": lambda e: 2 * _by_weights_and_outputs(e.invars[1], e.outvars[0]),
    "slim_dense_to_inputs": lambda e: _by_weights_and_outputs(e.invars[0], e.invars[1]),
    "slim_dense_to_weights": lambda e: _by_weights_and_outputs(e.outvars[0], e.invars[1]),
    "slim_attention_scores": lambda e: 2 * e.outvars[0].aval.size * e.invars[0].aval.shape[-1],
    "slim_attention_mixture": lambda e: 2 * e.invars[0].aval.size * e.outvars[0].aval.shape[-1],
    "slim_attention_sum": lambda e: 2 * e.invars[0].aval.size * e.outvars[0].aval.shape[-1],
}
