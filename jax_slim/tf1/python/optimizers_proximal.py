"""`tf.train`'s optimizers that regularize as they go: Ftrl, the proximal ones, AdagradDA."""

from typing import Any

from jax_slim.tf1.graph import building, conversion, dtypes, graphs
from jax_slim.tf1.python.optimizers import Optimizer, cast


class FtrlOptimizer(Optimizer):
    """Follow the regularized leader. Slots: 'accum', 'linear'."""

    def __init__(
        self,
        learning_rate: Any,
        learning_rate_power: float = -0.5,
        initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        use_locking: bool = False,
        name: str = "Ftrl",
        accum_name: str | None = None,
        linear_name: str | None = None,
        l2_shrinkage_regularization_strength: float = 0.0,
    ) -> None:
        super().__init__(use_locking, name)
        if initial_accumulator_value < 0.0:
            raise ValueError(f"initial_accumulator_value {initial_accumulator_value} needs to be positive or zero")
        if learning_rate_power > 0.0:
            raise ValueError(f"learning_rate_power {learning_rate_power} needs to be negative or zero")
        _at_least_zero(
            l1_regularization_strength=l1_regularization_strength,
            l2_regularization_strength=l2_regularization_strength,
            l2_shrinkage_regularization_strength=l2_shrinkage_regularization_strength,
        )
        self._learning_rate, self._learning_rate_power = learning_rate, learning_rate_power
        self._initial_accumulator_value = initial_accumulator_value
        self._l1_regularization_strength, self._l2_regularization_strength = (
            l1_regularization_strength,
            l2_regularization_strength,
        )
        self._l2_shrinkage_regularization_strength = l2_shrinkage_regularization_strength
        self._accum_name, self._linear_name = accum_name, linear_name

    def _create_slots(self, var_list: Any) -> None:
        for v in var_list:
            value = conversion.constant(self._initial_accumulator_value, v.dtype.base_dtype, v.get_shape())
            self._get_or_make_slot(v, value, "accum", self._accum_name or self._name)
            self._zeros_slot(v, "linear", self._linear_name or self._name)

    def _prepare(self) -> None:
        def tensor(value: Any, name: str) -> Any:
            return conversion.convert_to_tensor(self._call_if_callable(value), name=name)

        self._learning_rate_tensor = tensor(self._learning_rate, "learning_rate")
        self._l1_regularization_strength_tensor = tensor(self._l1_regularization_strength, "l1_regularization_strength")
        self._l2_regularization_strength_tensor = tensor(self._l2_regularization_strength, "l2_regularization_strength")
        self._l2_shrinkage_regularization_strength_tensor = tensor(
            self._l2_shrinkage_regularization_strength, "l2_shrinkage_regularization_strength"
        )
        self._learning_rate_power_tensor = tensor(self._learning_rate_power, "learning_rate_power")

    def _numbers(self, kind: Any, *gradient: Any) -> Any:
        shrinks = self._l2_shrinkage_regularization_strength > 0.0
        strengths = [self._l1_regularization_strength_tensor, self._l2_regularization_strength_tensor]
        if shrinks:
            strengths.append(self._l2_shrinkage_regularization_strength_tensor)
        numbers = (self._learning_rate_tensor, *strengths, self._learning_rate_power_tensor)
        return *gradient, *(cast(t, kind) for t in numbers)

    def _type(self) -> str:
        return "FtrlV2" if self._l2_shrinkage_regularization_strength > 0.0 else "Ftrl"

    def _of(self, var: Any) -> list[Any]:
        return [self.get_slot(var, "accum"), self.get_slot(var, "linear")]

    def _apply_dense(self, grad: Any, var: Any) -> Any:
        return self._apply_both(self._type(), grad, var, self._of(var), self._numbers)

    _resource_apply_dense = _apply_dense

    def _apply_sparse(self, grad: Any, var: Any) -> Any:
        return self._sparse_both(self._type(), grad.values, grad.indices, var, self._of(var), self._numbers)

    def _resource_apply_sparse(self, grad: Any, handle: Any, indices: Any) -> Any:
        return self._sparse_both(self._type(), grad, indices, handle, self._of(handle), self._numbers)


class ProximalGradientDescentOptimizer(Optimizer):
    """Gradient descent, and then a step towards 0."""

    def __init__(
        self,
        learning_rate: Any,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        use_locking: bool = False,
        name: str = "ProximalGradientDescent",
    ) -> None:
        super().__init__(use_locking, name)
        self._learning_rate = learning_rate
        self._l1_regularization_strength, self._l2_regularization_strength = (
            l1_regularization_strength,
            l2_regularization_strength,
        )

    def _prepare(self) -> None:
        self._learning_rate_tensor = conversion.convert_to_tensor(self._learning_rate, name="learning_rate")
        self._l1_regularization_strength_tensor = conversion.convert_to_tensor(
            self._l1_regularization_strength, name="l1_regularization_strength"
        )
        self._l2_regularization_strength_tensor = conversion.convert_to_tensor(
            self._l2_regularization_strength, name="l2_regularization_strength"
        )

    def _numbers(self, kind: Any, *gradient: Any) -> Any:
        tensors = (
            self._learning_rate_tensor,
            self._l1_regularization_strength_tensor,
            self._l2_regularization_strength_tensor,
        )
        return *(cast(t, kind) for t in tensors), *gradient

    _slots_of: tuple[str, ...] = ()
    _kernel = "ProximalGradientDescent"

    def _of(self, var: Any) -> list[Any]:
        return [self.get_slot(var, name) for name in self._slots_of]

    def _apply_dense(self, grad: Any, var: Any) -> Any:
        return self._apply_both(self._kernel, grad, var, self._of(var), self._numbers)

    _resource_apply_dense = _apply_dense

    def _apply_sparse(self, grad: Any, var: Any) -> Any:
        return self._sparse_both(self._kernel, grad.values, grad.indices, var, self._of(var), self._numbers)

    def _resource_apply_sparse(self, grad: Any, handle: Any, indices: Any) -> Any:
        return self._sparse_both(self._kernel, grad, indices, handle, self._of(handle), self._numbers)


class ProximalAdagradOptimizer(ProximalGradientDescentOptimizer):
    """Adagrad, and then a step towards 0. Slot: 'accumulator'."""

    _slots_of, _kernel = ("accumulator",), "ProximalAdagrad"

    def __init__(
        self,
        learning_rate: Any,
        initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        use_locking: bool = False,
        name: str = "ProximalAdagrad",
    ) -> None:
        if initial_accumulator_value <= 0.0:
            raise ValueError(f"initial_accumulator_value must be positive: {initial_accumulator_value}")
        super().__init__(learning_rate, l1_regularization_strength, l2_regularization_strength, use_locking, name)
        self._initial_accumulator_value = initial_accumulator_value

    def _create_slots(self, var_list: Any) -> None:
        for v in var_list:
            value = conversion.constant(self._initial_accumulator_value, v.dtype.base_dtype, v.get_shape())
            self._get_or_make_slot(v, value, "accumulator", self._name)


class AdagradDAOptimizer(Optimizer):
    """Dual averaging: variables are made of the sums of all gradients. Slots: 'gradient_accumulator', 'gradient_squared_accumulator'."""

    def __init__(
        self,
        learning_rate: Any,
        global_step: Any,
        initial_gradient_squared_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        use_locking: bool = False,
        name: str = "AdagradDA",
    ) -> None:
        if initial_gradient_squared_accumulator_value <= 0.0:
            raise ValueError(
                f"initial_gradient_squared_accumulator_value must be positive: {initial_gradient_squared_accumulator_value}"
            )
        super().__init__(use_locking, name)
        self._learning_rate, self._global_step = learning_rate, global_step
        self._initial_gradient_squared_accumulator_value = initial_gradient_squared_accumulator_value
        self._l1_regularization_strength, self._l2_regularization_strength = (
            l1_regularization_strength,
            l2_regularization_strength,
        )

    def _create_slots(self, var_list: Any) -> None:
        for v in var_list:
            kind, shape = v.dtype.base_dtype, v.get_shape()
            zeros = conversion.constant(0.0, kind, shape)
            squares = conversion.constant(self._initial_gradient_squared_accumulator_value, kind, shape)
            self._get_or_make_slot(v, zeros, "gradient_accumulator", self._name)
            self._get_or_make_slot(v, squares, "gradient_squared_accumulator", self._name)

    def _prepare(self) -> None:
        self._learning_rate_tensor = conversion.convert_to_tensor(self._learning_rate, name="learning_rate")

    def _of(self, var: Any) -> list[Any]:
        return [self.get_slot(var, "gradient_accumulator"), self.get_slot(var, "gradient_squared_accumulator")]

    def _numbers(self, kind: Any, *gradient: Any) -> Any:
        step = cast(building.make("Identity", self._global_step) + 1, dtypes.int64)
        strengths = (
            conversion.constant(s, kind) for s in (self._l1_regularization_strength, self._l2_regularization_strength)
        )
        return *gradient, cast(self._learning_rate_tensor, kind), *strengths, step

    def _apply_dense(self, grad: Any, var: Any) -> Any:
        with graphs.device(var.device):
            return self._apply_both("AdagradDA", grad, var, self._of(var), self._numbers)

    _resource_apply_dense = _apply_dense

    def _apply_sparse(self, grad: Any, var: Any) -> Any:
        return self._sparse_both("AdagradDA", grad.values, grad.indices, var, self._of(var), self._numbers)

    def _resource_apply_sparse(self, grad: Any, handle: Any, indices: Any) -> Any:
        return self._sparse_both("AdagradDA", grad, indices, handle, self._of(handle), self._numbers)


def _at_least_zero(**strengths: float) -> None:
    for name, strength in strengths.items():
        if strength < 0.0:
            raise ValueError(f"{name} {strength} needs to be positive or zero")
