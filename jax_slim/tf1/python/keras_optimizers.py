"""`tf.keras.optimizers`: optimizers with Keras's names, defaults and variables (`iter`, `learning_rate`, slots) in graphs."""

from collections.abc import Callable
from typing import Any, cast

from jax_slim.tf1.graph import composites, conversion, dtypes, gradients, graphs
from jax_slim.tf1.python import (
    clip_ops,
    control_flow,
    keras_configurations,
    keras_sessions,
    math,
    optimizers,
    state_ops,
)
from jax_slim.tf1.python.initializers import Constant
from jax_slim.tf1.python.variables import Variable


def _made(initial_value: Any, name: str, dtype: Any = dtypes.float32) -> Any:
    found = Variable(initial_value, name=name, trainable=False, dtype=dtype, use_resource=True)
    keras_sessions.note_variable(found)
    return found


class Optimizer:
    """What Keras's optimizers share: numbers kept in variables, a count of steps, slots for each variable.

    Args:
      name: names its variables: `<name>/iter`, `<name>/<variable>/<slot>`.
      clipnorm, clipvalue: bounds of each gradient's norm, of its elements.
      lr: an older name of `learning_rate`.
      decay: the learning rate is divided by 1 + decay * steps.
    """

    _slots: tuple[str, ...] = ()
    _initial_slot = 0.0

    def __init__(self, name: str, **kwargs: Any) -> None:
        self._name = name
        self._clipnorm, self._clipvalue = kwargs.pop("clipnorm", None), kwargs.pop("clipvalue", None)
        self._numbers: dict[str, Any] = {"decay": kwargs.pop("decay", 0.0)}
        if "lr" in kwargs:
            self._numbers["learning_rate"] = kwargs.pop("lr")
        if kwargs:
            raise TypeError(f"Unexpected keyword argument passed to optimizer: {next(iter(kwargs))}")
        self._made: dict[str, Any] = {}
        self._slot_variables: dict[str, dict[Any, Any]] = {slot: {} for slot in self._slots}
        self.iterations_: Any = None

    def _hyper(self, **numbers: Any) -> None:
        for name, value in numbers.items():
            self._numbers.setdefault(name, value)

    def __getattr__(self, name: str) -> Any:
        numbers = self.__dict__.get("_numbers", {})
        name = "learning_rate" if name == "lr" else name
        if name in numbers:
            self._create()
            return self._made[name]
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")

    def __setattr__(self, name: str, value: Any) -> None:
        name = "learning_rate" if name == "lr" else name
        if name in self.__dict__.get("_numbers", {}):
            self._numbers[name] = value
            if name in self._made:
                from jax_slim.tf1.python import keras_backend

                keras_backend.set_value(self._made[name], value)
            return
        object.__setattr__(self, name, value)

    @property
    def iterations(self) -> Any:
        """The variable that counts steps."""
        self._create()
        return self.iterations_

    def _create(self) -> None:
        if self.iterations_ is not None and self.iterations_.graph is graphs.get_default_graph():
            return
        with graphs.name_scope(None if self._scope() is None else self._scope()):
            self.iterations_ = _made(conversion.constant(0, dtypes.int64), "iter", dtypes.int64)
            for name in sorted(self._numbers):
                value = self._numbers[name]
                schedule = callable(value)
                self._made[name] = value if schedule else _made(float(value), name)

    def _scope(self) -> str:
        # An absolute place, so that numbers made early and late are called alike.
        around = graphs.get_default_graph().get_name_scope()
        self.__dict__.setdefault("_place", f"{around}/{self._name}/" if around else f"{self._name}/")
        return self._place

    def _slot(self, variable: Any, slot: str) -> Any:
        kept = self._slot_variables[slot]
        key = optimizers.key_of(variable)
        if key not in kept:
            initial = Constant(self._initial_slot)
            shape, kind = variable.shape.as_list(), variable.dtype.base_dtype
            with graphs.name_scope(None), graphs.name_scope(self._scope()):
                kept[key] = _made(lambda: initial(shape, dtype=kind), f"{variable.op.name}/{slot}", kind)
        return kept[key]

    def get_slot(self, var: Any, slot_name: str) -> Any:
        """The slot of a variable, or None."""
        return self._slot_variables.get(slot_name, {}).get(optimizers.key_of(var))

    def get_slot_names(self) -> list[str]:
        """What kinds of slots there are."""
        return list(self._slots)

    @property
    def weights(self) -> list[Any]:
        """The count of steps and all slots."""
        self._create()
        return [self.iterations_, *(v for kept in self._slot_variables.values() for v in kept.values())]

    def variables(self) -> list[Any]:
        return self.weights

    def get_gradients(self, loss: Any, params: Any) -> list[Any]:
        """The gradients, clipped as the optimizer says."""
        found = gradients.gradients(loss, list(params))
        for gradient, variable in zip(found, params, strict=True):
            if gradient is None:
                raise ValueError(
                    f"Variable {variable} has `None` for gradient. Please make sure that all of your ops have a gradient defined."
                )
        return self._clipped(found)

    def _clipped(self, found: list[Any]) -> list[Any]:
        if self._clipnorm is not None:
            found = [clip_ops.clip_by_norm(g, self._clipnorm) for g in found]
        if self._clipvalue is not None:
            found = [clip_ops.clip_by_value(g, -self._clipvalue, self._clipvalue) for g in found]
        return found

    def get_updates(self, loss: Any, params: Any) -> list[Any]:
        """The operations of a step."""
        return [self.apply_gradients(zip(self.get_gradients(loss, params), params, strict=True))]

    def minimize(self, loss: Any, var_list: Any, grad_loss: Any = None, name: str | None = None) -> Any:
        """An operation that changes variables so that the loss (a tensor, or a function that gives one) falls."""
        loss = loss() if callable(loss) else loss
        params = list(cast(Any, var_list)() if callable(var_list) else var_list)
        return self.apply_gradients(zip(self.get_gradients(loss, params), params, strict=True), name=name)

    def apply_gradients(self, grads_and_vars: Any, name: str | None = None) -> Any:
        """An operation that applies gradients and counts the step.

        Raises:
          ValueError: there are none.
        """
        pairs = [(g, v) for g, v in grads_and_vars if g is not None]
        if not pairs:
            raise ValueError("No gradients provided for any variable.")
        self._create()
        for slot in self._slots:
            for _, variable in pairs:
                self._slot(variable, slot)
        with graphs.name_scope(name or self._name):
            step = math.cast(self.iterations_.read_value(), dtypes.float32)
            numbers = {
                n: v(self.iterations_.read_value()) if callable(v) else v.read_value() for n, v in self._made.items()
            }
            numbers["learning_rate"] = numbers["learning_rate"] / (1.0 + numbers["decay"] * step)
            updates = []
            for gradient, variable in pairs:
                gradient = composites.convert_to_tensor_or_indexed_slices(gradient)
                dense = conversion.convert_to_tensor(gradient)
                slots = [self._slot(variable, slot) for slot in self._slots]
                value = variable.read_value()
                after, new_slots = self._step(value, dense, step + 1.0, numbers, *(s.read_value() for s in slots))
                constraint = getattr(variable, "constraint", None)
                after = after if constraint is None else constraint(after)
                # All is computed of the values before the step.
                with graphs.control_dependencies([after, *new_slots]):
                    updates.append(state_ops.assign(variable, after))
                    updates += [state_ops.assign(s, v) for s, v in zip(slots, new_slots, strict=True)]
            with graphs.control_dependencies(updates):
                return control_flow.group(state_ops.assign_add(self.iterations_, conversion.constant(1, dtypes.int64)))

    def _step(
        self, value: Any, gradient: Any, step: Any, numbers: dict[str, Any], *slots: Any
    ) -> tuple[Any, list[Any]]:
        """The next value, and those of the slots."""
        raise NotImplementedError

    def get_config(self) -> dict[str, Any]:
        """The arguments that make one like it."""
        return {"name": self._name, **self._numbers}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        return cls(**config)


class SGD(Optimizer):
    """value -= learning_rate * gradient, with `momentum` where that is not 0."""

    def __init__(
        self, learning_rate: Any = 0.01, momentum: float = 0.0, nesterov: bool = False, name: str = "SGD", **kwargs: Any
    ) -> None:
        super().__init__(name, **kwargs)
        self._hyper(learning_rate=learning_rate, momentum=momentum)
        self._uses_momentum, self.nesterov = bool(momentum), nesterov
        if self._uses_momentum:
            self._slots = ("momentum",)
            self._slot_variables = {"momentum": {}}

    def _step(
        self, value: Any, gradient: Any, step: Any, numbers: dict[str, Any], *slots: Any
    ) -> tuple[Any, list[Any]]:
        move = numbers["learning_rate"] * gradient
        if not slots:
            return value - move, []
        moving = slots[0] * numbers["momentum"] - move
        return value + (moving * numbers["momentum"] - move if self.nesterov else moving), [moving]


class RMSprop(Optimizer):
    """Gradients divided by the root of the moving average of their squares."""

    _slots = ("rms",)

    def __init__(self, learning_rate: Any = 0.001, rho: float = 0.9, momentum: float = 0.0, epsilon: float = 1e-7, centered: bool = False,
                 name: str = "RMSprop", **kwargs: Any) -> None:  # fmt: skip
        self._slots = ("rms", *(("momentum",) if momentum else ()), *(("mg",) if centered else ()))
        super().__init__(name, **kwargs)
        self._hyper(learning_rate=learning_rate, rho=rho, momentum=momentum)
        self.epsilon, self._uses_momentum, self._centered = epsilon or 1e-7, bool(momentum), centered

    def _step(
        self, value: Any, gradient: Any, step: Any, numbers: dict[str, Any], *slots: Any
    ) -> tuple[Any, list[Any]]:
        kept = dict(zip(self._slots, slots, strict=True))
        rho, rate = numbers["rho"], numbers["learning_rate"]
        kept["rms"] = kept["rms"] * rho + math.square(gradient) * (1.0 - rho)
        spread = kept["rms"]
        if self._centered:
            kept["mg"] = kept["mg"] * rho + gradient * (1.0 - rho)
            spread = spread - math.square(kept["mg"])
        if self._uses_momentum:
            # The kernel has epsilon inside of the root.
            kept["momentum"] = kept["momentum"] * numbers["momentum"] + rate * gradient * math.rsqrt(
                spread + self.epsilon
            )
            return value - kept["momentum"], list(kept.values())
        return value - rate * gradient / (math.sqrt(spread) + self.epsilon), list(kept.values())


class Adam(Optimizer):
    """Moving averages of gradients over the roots of those of their squares, both put right for their start at 0."""

    _slots = ("m", "v")

    def __init__(self, learning_rate: Any = 0.001, beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-7, amsgrad: bool = False,
                 name: str = "Adam", **kwargs: Any) -> None:  # fmt: skip
        self._slots = ("m", "v", *(("vhat",) if amsgrad else ()))
        super().__init__(name, **kwargs)
        self._hyper(learning_rate=learning_rate, beta_1=beta_1, beta_2=beta_2)
        self.epsilon, self.amsgrad = epsilon or 1e-7, amsgrad

    def _step(
        self, value: Any, gradient: Any, step: Any, numbers: dict[str, Any], *slots: Any
    ) -> tuple[Any, list[Any]]:
        first, second = numbers["beta_1"], numbers["beta_2"]
        m = slots[0] + (gradient - slots[0]) * (1.0 - first)
        v = slots[1] + (math.square(gradient) - slots[1]) * (1.0 - second)
        rate = numbers["learning_rate"] * math.sqrt(1.0 - math.pow(second, step)) / (1.0 - math.pow(first, step))
        most = [math.maximum(slots[2], v)] if self.amsgrad else []
        return value - rate * m / (math.sqrt(most[0] if most else v) + self.epsilon), [m, v, *most]


class Adagrad(Optimizer):
    """Gradients divided by the root of the sum of their squares."""

    _slots = ("accumulator",)

    def __init__(self, learning_rate: Any = 0.001, initial_accumulator_value: float = 0.1, epsilon: float = 1e-7, name: str = "Adagrad",
                 **kwargs: Any) -> None:  # fmt: skip
        super().__init__(name, **kwargs)
        self._hyper(learning_rate=learning_rate)
        self._initial_slot, self.epsilon = initial_accumulator_value, epsilon or 1e-7

    def _step(
        self, value: Any, gradient: Any, step: Any, numbers: dict[str, Any], *slots: Any
    ) -> tuple[Any, list[Any]]:
        total = slots[0] + math.square(gradient)
        return value - numbers["learning_rate"] * gradient / (math.sqrt(total) + self.epsilon), [total]


class Adadelta(Optimizer):
    """Steps as large as earlier ones were, by moving averages."""

    _slots = ("accum_grad", "accum_var")

    def __init__(
        self,
        learning_rate: Any = 0.001,
        rho: float = 0.95,
        epsilon: float = 1e-7,
        name: str = "Adadelta",
        **kwargs: Any,
    ) -> None:
        super().__init__(name, **kwargs)
        self._hyper(learning_rate=learning_rate, rho=rho)
        self.epsilon = epsilon or 1e-7

    def _step(
        self, value: Any, gradient: Any, step: Any, numbers: dict[str, Any], *slots: Any
    ) -> tuple[Any, list[Any]]:
        rho = numbers["rho"]
        squares = slots[0] * rho + math.square(gradient) * (1.0 - rho)
        move = math.sqrt(slots[1] + self.epsilon) * math.rsqrt(squares + self.epsilon) * gradient
        return value - numbers["learning_rate"] * move, [squares, slots[1] * rho + math.square(move) * (1.0 - rho)]


class Adamax(Optimizer):
    """Adam with the largest gradient in the place of the root of squares."""

    _slots = ("m", "v")

    def __init__(self, learning_rate: Any = 0.001, beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-7, name: str = "Adamax",
                 **kwargs: Any) -> None:  # fmt: skip
        super().__init__(name, **kwargs)
        self._hyper(learning_rate=learning_rate, beta_1=beta_1, beta_2=beta_2)
        self.epsilon = epsilon or 1e-7

    def _step(
        self, value: Any, gradient: Any, step: Any, numbers: dict[str, Any], *slots: Any
    ) -> tuple[Any, list[Any]]:
        first = numbers["beta_1"]
        m = slots[0] + (gradient - slots[0]) * (1.0 - first)
        most = math.maximum(numbers["beta_2"] * slots[1], math.abs(gradient))
        return value - numbers["learning_rate"] / (1.0 - math.pow(first, step)) * m / (most + self.epsilon), [m, most]


class TFOptimizer:
    """An optimizer of `tf.train`, as models use it."""

    def __init__(self, optimizer: Any) -> None:
        self.optimizer = optimizer

    def get_updates(self, loss: Any, params: Any) -> list[Any]:
        """The operations of a step."""
        pairs = self.optimizer.compute_gradients(loss, list(params))
        before = set(graphs.get_collection("variables"))
        applied = self.optimizer.apply_gradients(pairs)
        for variable in graphs.get_collection("variables"):
            if variable not in before:
                keras_sessions.note_variable(variable)
        return [applied]

    @property
    def weights(self) -> list[Any]:
        """Its variables."""
        return self.optimizer.variables()


_BY_NAME: dict[str, Callable[..., Any]] = {
    "sgd": SGD, "rmsprop": RMSprop, "adam": Adam, "adagrad": Adagrad, "adadelta": Adadelta, "adamax": Adamax,
}  # fmt: skip


def get(identifier: Any) -> Any:
    """An optimizer, by its name, its configuration or itself; one of `tf.train` is wrapped.

    Raises:
      ValueError: there is none of that name.
    """
    if isinstance(identifier, Optimizer | TFOptimizer):
        return identifier
    if isinstance(identifier, optimizers.Optimizer):
        return TFOptimizer(identifier)
    if isinstance(identifier, str) and identifier.lower() in _BY_NAME:
        return _BY_NAME[identifier.lower()]()
    if isinstance(identifier, dict):
        return _BY_NAME[identifier["class_name"].lower()](**identifier["config"])
    raise ValueError(f"Could not interpret optimizer identifier: {identifier}")


serialize, deserialize, _ = keras_configurations.of_objects(
    "optimizer", {**_BY_NAME, **{kind.__name__: kind for kind in _BY_NAME.values()}}
)
