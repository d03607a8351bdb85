"""A traced program in two: what depends on variables alone, computed once, and the rest, for each batch.

On the way, what a convolution or a product with known weights is multiplied and shifted by, channel by channel, goes
into its weights and into biases: `batch_norm` by its moving averages is that.
"""

import contextlib
import functools
import itertools
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.extend.core import ClosedJaxpr, Literal

from jax_slim.core import names

_CALLS = ("jit", "pjit")
_WITH_DERIVATIVES = ("custom_jvp_call", "custom_vjp_call")
FREE = ("broadcast_in_dim", "reshape", "squeeze")  # kept with the rest: they cost nothing, and variables keep shapes
_ARRANGING = ("slim_narrow_columns", "slim_narrow_panels", "slim_panels")  # kept, although they fill up with zeros
_AFFINE = ("add", "div", "mul", "sub")
# Kinds of values: the same for each run, of variables alone, of the inputs.
_CONSTANT, _KNOWN, _OPEN = range(3)


class _Operation(NamedTuple):
    """Some values out of others, all by their numbers."""

    function: Callable[..., Sequence[Any]]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    free: bool = False


class _Scaled(NamedTuple):
    """A convolution or product that is still to be written, with what its outputs are multiplied and shifted by."""

    equation: Any
    inputs: tuple[int, ...]
    weights: int  # which of the inputs
    axis_of_weights: int
    axis: int
    scale: int | None = None
    shift: int | None = None


class Split:
    """A program of variables and inputs, split.

        split = Split(closed, ["conv1/weights", "conv1/biases"])       # of jax.make_jaxpr(function)(variables, images)
        outputs = split.run(split.prepare(variables), [images])

    Args:
      closed: the program. Its first arguments are the variables.
      variables: their names.
      derivatives: whether functions with derivatives of their own stay as they are: what is differentiated needs them.

    Attributes:
      shapes: name -> shape and dtype of each array that `prepare` makes.
      derivatives: as given.
    """

    def __init__(self, closed: ClosedJaxpr, variables: Sequence[str], derivatives: bool = False) -> None:
        self.derivatives = derivatives
        self._inlined = _CALLS if derivatives else _CALLS + _WITH_DERIVATIVES
        self._kinds: list[int] = []
        self._avals: list[Any] = []
        self._names: dict[int, str] = {}  # of what is known
        self._makers: dict[int, _Operation] = {}
        self._same: dict[Any, tuple[int, ...]] = {}  # what is made twice of the same
        self._alias: dict[int, int] = {}
        self._effects: list[_Operation] = []
        self._scaled: dict[int, _Scaled] = {}
        flat: list[tuple[Any, tuple[int, ...], tuple[int, ...]]] = []
        arguments = []
        for index, variable in enumerate(closed.jaxpr.invars):
            key = self._new(_KNOWN if index < len(variables) else _OPEN, variable.aval)
            if index < len(variables):
                self._names[key] = variables[index]
            arguments.append(key)
        self._variables = dict(zip(variables, arguments, strict=False))
        self._inputs = arguments[len(variables) :]
        outputs = self._flatten(closed, arguments, flat)
        self._uses = Counter(key for _, inputs, _ in flat for key in inputs)
        self._uses.update(outputs * 2)  # a result is never part of something else alone
        for equation, inputs, made in flat:
            self._add_equation(equation, tuple(map(self._found, inputs)), made)
        self._outputs = [self._found(key) for key in outputs]
        self._open, prepared = self._needed(self._outputs, self._inputs, stop_at_known=True)
        self._prepared = self._named(prepared)
        self._known, _ = self._needed(list(self._prepared.values()), list(self._variables.values()))
        self.shapes = {
            name: jax.ShapeDtypeStruct(self._avals[key].shape, self._avals[key].dtype)
            for name, key in self._prepared.items()
        }

    def prepare(self, variables: Mapping[str, Any]) -> dict[str, Any]:
        """The arrays that the rest of the program takes in the place of these variables."""
        values = {key: variables[name] for name, key in self._variables.items() if name in variables}
        _run(self._known, values)
        return {name: values[key] for name, key in self._prepared.items()}

    def prepare_changed(self, variables: Mapping[str, Any]) -> dict[str, Any]:
        """As `prepare`, without what is a variable as it was."""
        return {name: array for name, array in self.prepare(variables).items() if name not in self.unchanged}

    @property
    def unchanged(self) -> set[str]:
        """The names of arrays that are variables as they were."""
        return {name for name, key in self._prepared.items() if self._variables.get(name) == key}

    def run(self, prepared: Mapping[str, Any], inputs: Sequence[Any]) -> list[Any]:
        """The program's results."""
        values = dict(zip(self._inputs, inputs, strict=True))
        values |= {key: prepared[name] for name, key in self._prepared.items()}
        _run(self._open, values)
        return [values[key] for key in self._outputs]

    def _new(self, kind: int, aval: Any) -> int:
        self._kinds.append(kind)
        self._avals.append(aval)
        return len(self._kinds) - 1

    def _flatten(self, closed: ClosedJaxpr, arguments: Sequence[int], flat: list[Any]) -> list[int]:
        """Adds the program's equations to `flat`, those of inner functions in their place; returns its results."""
        keys = dict(zip(closed.jaxpr.invars, arguments, strict=True))
        for variable, value in zip(closed.jaxpr.constvars, closed.consts, strict=True):
            keys[variable] = self._constant(value, variable.aval)

        def key_of(variable: Any) -> int:
            return self._constant(variable.val, variable.aval) if isinstance(variable, Literal) else keys[variable]

        for equation in closed.jaxpr.eqns:
            inputs = tuple(map(key_of, equation.invars))
            inner = next((equation.params[key] for key in ("jaxpr", "call_jaxpr") if key in equation.params), None)
            if isinstance(inner, ClosedJaxpr) and equation.primitive.name in self._inlined:
                made = self._flatten(inner, inputs, flat)
            else:
                made = [self._new(_OPEN, variable.aval) for variable in equation.outvars]
                flat.append((equation, inputs, tuple(made)))
            keys |= dict(zip(equation.outvars, made, strict=True))
        return [key_of(variable) for variable in closed.jaxpr.outvars]

    def _constant(self, value: Any, aval: Any) -> int:
        key = self._new(_CONSTANT, aval)
        identity = ("constant", str(aval), repr(value)) if not aval.shape else None
        return self._add(_Operation(lambda: [value], (), (key,)), identity)[0]

    def _found(self, key: int) -> int:
        return self._alias.get(key, key)

    def _add_equation(self, equation: Any, inputs: tuple[int, ...], made: tuple[int, ...]) -> None:
        if self._absorbed(equation, inputs, made):
            return
        for key in inputs:
            if key in self._scaled:
                self._write(key, self._scaled.pop(key))
        if self._begun(equation, inputs, made):
            return
        kind = _OPEN if equation.effects else max((self._kinds[key] for key in inputs), default=_CONSTANT)
        if kind == _KNOWN and equation.primitive.name not in _ARRANGING and self._grows(inputs, made):
            kind = _OPEN  # cheaper to make again than to keep and read
        for key in made:
            self._kinds[key] = kind
        operation = _Operation(functools.partial(bound, equation), inputs, made, equation.primitive.name in FREE)
        found = self._add(operation, _identity(equation))
        self._alias |= {key: same for key, same in zip(made, found, strict=True) if key != same}
        if equation.effects:
            self._effects.append(operation)

    def _grows(self, inputs: tuple[int, ...], made: tuple[int, ...]) -> bool:
        """Whether what is made is larger than all that is known of what it is made of."""
        if any(not isinstance(size, int) for key in made for size in self._avals[key].shape):
            return True  # the size of a batch that is not said yet
        return sum(map(self._elements, made)) > sum(self._elements(key) for key in inputs if self._kinds[key] == _KNOWN)

    def _elements(self, key: int) -> int:
        return math.prod(self._avals[key].shape)

    def _add(self, operation: _Operation, identity: Any = None) -> tuple[int, ...]:
        """Notes an operation; returns what it makes, or the same that another has made."""
        if any(self._kinds[key] == _OPEN for key in operation.outputs):
            identity = None
        if identity is not None:
            # Layers that share weights share what is made of them.
            found = self._same.setdefault((identity, operation.inputs), operation.outputs)
            if found != operation.outputs:
                return found
        for key in operation.outputs:
            self._makers[key] = operation
            if self._kinds[key] == _KNOWN:
                known = [other for other in operation.inputs if self._kinds[other] == _KNOWN]
                self._names[key] = self._names[max(known, key=self._elements)]
        return operation.outputs

    def _computed(self, function: Callable[..., Any], *inputs: int) -> int:
        """The number of what a function makes of known or constant values."""
        avals = [self._avals[key] for key in inputs]
        made = _shape_of(function, *(jax.ShapeDtypeStruct(aval.shape, aval.dtype) for aval in avals))
        key = self._new(max(self._kinds[key] for key in inputs), made)
        operation = _Operation(lambda *values: [function(*values)], inputs, (key,))
        return self._add(operation, function)[0]

    def _begun(self, equation: Any, inputs: tuple[int, ...], made: tuple[int, ...]) -> bool:
        """Whether this is a product with known weights whose one use is another operation: it is written later."""
        places = _places(equation)
        if places is None or self._uses[made[0]] != 1:
            return False
        weights, axis_of_weights, axis = places
        if self._kinds[inputs[1 - weights]] != _OPEN or self._kinds[inputs[weights]] == _OPEN:
            return False
        if self._avals[made[0]].dtype not in (jnp.float32, jnp.float64):
            return False  # with fewer digits, where rounding happens is seen
        self._scaled[made[0]] = _Scaled(equation, inputs, weights, axis_of_weights, axis)
        return True

    def _absorbed(self, equation: Any, inputs: tuple[int, ...], made: tuple[int, ...]) -> bool:
        """Whether this scales or shifts such a product by channels: it becomes a part of it."""
        name = equation.primitive.name
        if name not in _AFFINE or len({key in self._scaled for key in inputs}) != 2:
            return False
        product, other = inputs if inputs[0] in self._scaled else inputs[::-1]
        before = self._scaled[product]
        if self._kinds[other] == _OPEN or not self._by_channel(other, product, before.axis):
            return False
        if name == "div" and product == inputs[1]:
            return False
        vector = self._vector(other)
        scale, shift = before.scale, before.shift
        if name == "mul":
            scale = vector if scale is None else self._computed(jnp.multiply, scale, vector)
            shift = None if shift is None else self._computed(jnp.multiply, shift, vector)
        elif name == "div":
            scale = (
                self._computed(jnp.reciprocal, vector) if scale is None else self._computed(jnp.divide, scale, vector)
            )
            shift = None if shift is None else self._computed(jnp.divide, shift, vector)
        else:
            if name == "sub" and product == inputs[1]:
                minus = self._computed(_minus_one, vector)
                scale = minus if scale is None else self._computed(jnp.negative, scale)
                shift = None if shift is None else self._computed(jnp.negative, shift)
            elif name == "sub":
                vector = self._computed(jnp.negative, vector)
            shift = vector if shift is None else self._computed(jnp.add, shift, vector)
        del self._scaled[product]
        self._scaled[made[0]] = before._replace(scale=scale, shift=shift)
        if self._uses[made[0]] != 1:
            self._write(made[0], self._scaled.pop(made[0]))
        return True

    def _vector(self, key: int) -> int:
        """A value that is one number a channel, or one for all, as a vector: a variable itself where it is that."""
        while key in self._makers and self._makers[key].free and len(self._avals[key].shape) != 1:
            (inner,) = self._makers[key].inputs
            if self._elements(inner) != self._elements(key):
                break
            key = inner
        return key if len(self._avals[key].shape) == 1 else self._computed(_flat, key)

    def _by_channel(self, other: int, product: int, axis: int) -> bool:
        shape, of_product = self._avals[other].shape, self._avals[product].shape
        if math.prod(shape) == 1:
            return True
        return len(shape) == len(of_product) and all(
            size == (of_product[index] if index == axis else 1) for index, size in enumerate(shape)
        )

    def _write(self, key: int, scaled: _Scaled) -> None:
        """Adds the operations of such a product, whose result is `key`."""
        inputs = list(scaled.inputs)
        scope, _, _ = self._names.get(inputs[scaled.weights], "").rpartition("/")
        if scaled.scale is not None:
            weights = self._avals[inputs[scaled.weights]]
            shape = [-1 if index == scaled.axis_of_weights else 1 for index in range(len(weights.shape))]
            inputs[scaled.weights] = self._computed(_scaling(tuple(shape)), inputs[scaled.weights], scaled.scale)
        bind = functools.partial(bound, scaled.equation)
        if scaled.shift is None:
            self._add(_Operation(bind, tuple(inputs), (key,)))
            return
        product = self._new(_OPEN, self._avals[key])
        self._add(_Operation(bind, tuple(inputs), (product,)))
        if self._kinds[scaled.shift] == _KNOWN:
            self._names[scaled.shift] = names.join(scope, "biases")
        along = [-1 if index == scaled.axis else 1 for index in range(len(self._avals[key].shape))]
        self._add(_Operation(lambda y, shift: [y + shift.reshape(along)], (product, scaled.shift), (key,)))

    def _needed(
        self, wanted: Sequence[int], given: Sequence[int], stop_at_known: bool = False
    ) -> tuple[list[_Operation], list[int]]:
        """The operations that make `wanted`, in order; and what they take that is known, where they stop at that."""
        known: dict[int, None] = {}
        done = set(given)
        order: list[_Operation] = []

        def visit(wanted: Sequence[int]) -> None:
            stack = [(key, False) for key in reversed(wanted)]
            while stack:
                key, ready = stack.pop()
                operation = self._makers.get(key)
                if key in done:
                    continue
                if stop_at_known and self._kinds[key] == _KNOWN and (operation is None or not operation.free):
                    known[key] = None
                    done.add(key)
                elif operation is not None and ready:
                    order.append(operation)
                    done.update(operation.outputs)
                elif operation is not None:
                    stack.append((key, True))
                    stack.extend((other, False) for other in reversed(operation.inputs))

        visit(wanted)
        for operation in self._effects if stop_at_known else ():
            visit(operation.inputs)
            if operation not in order:
                order.append(operation)
        return order, list(known)

    def _named(self, keys: Sequence[int]) -> dict[str, int]:
        """The arrays to keep, by name: those of variables, or of the largest that an array is made of."""
        own = {key: name for name, key in self._variables.items()}
        taken = {own[key] for key in keys if key in own}
        named = {}
        for key in keys:
            name = own.get(key)
            if name is None:
                wanted = self._names[key]
                numbered = (f"{wanted}_{number}" for number in itertools.count(1))
                name = next(free for free in itertools.chain([wanted], numbered) if free not in taken)
                taken.add(name)
            named[name] = key
        return named


# Of a deep net, hundreds are of the same few shapes.
_shape_of = functools.lru_cache(1024)(jax.eval_shape)


@functools.cache
def _scaling(shape: tuple[int, ...]) -> Callable[..., Any]:
    return lambda weights, scale: weights * scale.reshape(shape)


def _run(operations: Sequence[_Operation], values: dict[int, Any]) -> None:
    for operation in operations:
        results = operation.function(*(values[key] for key in operation.inputs))
        values |= zip(operation.outputs, results, strict=True)


def scope_of(equation: Any) -> contextlib.AbstractContextManager[Any]:
    """The scope that an equation was traced in: profiles show the layer by it."""
    scope = str(equation.source_info.name_stack)
    return jax.named_scope(scope) if scope else contextlib.nullcontext()


def bound(equation: Any, *operands: Any) -> Sequence[Any]:
    """The results of an equation for these operands."""
    with scope_of(equation):
        results = equation.primitive.bind(*operands, **equation.primitive.get_bind_params(equation.params))
    return results if equation.primitive.multiple_results else [results]


def _places(equation: Any) -> tuple[int, int, int] | None:
    """Of a convolution or product: which operand are weights, their axis of outputs, and that axis of the result."""
    name, parameters = equation.primitive.name, equation.params
    if name == "slim_convolution":
        return 1, len(equation.invars[1].aval.shape) - 1, parameters["geometry"].layout.channel
    if name == "slim_convolution_to_inputs" and parameters["geometry"].groups == 1:  # transposed
        return 0, len(equation.invars[0].aval.shape) - 2, parameters["geometry"].layout.channel
    if name == "slim_dense":
        return 1, 1, len(equation.outvars[0].aval.shape) - 1
    if name == "conv_general_dilated" and parameters["batch_group_count"] == 1:
        numbers = parameters["dimension_numbers"]
        return 1, numbers.rhs_spec[0], numbers.out_spec[1]
    if name == "dot_general":
        (_, contracted), (batch, _) = parameters["dimension_numbers"]
        rank = len(equation.invars[1].aval.shape)
        if not batch and rank == len(contracted) + 1:
            (axis,) = set(range(rank)) - set(contracted)
            return 1, axis, len(equation.outvars[0].aval.shape) - 1
    return None


def _identity(equation: Any) -> Any:
    """What two equations have in common that make the same of the same; None where that cannot be told."""
    identity = (equation.primitive, tuple(sorted(equation.params.items(), key=lambda item: item[0])))
    try:
        hash(identity)
    except TypeError:
        return None
    return identity


def _flat(value: jax.Array) -> jax.Array:
    return value.reshape(-1)


def _minus_one(like: jax.Array) -> jax.Array:
    return jnp.full_like(like, -1)
