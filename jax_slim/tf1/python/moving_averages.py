"""`ExponentialMovingAverage`, and updates of single averages."""

from typing import Any

from jax_slim.tf1.graph import conversion, dtypes, graphs
from jax_slim.tf1.graph.collections import GraphKeys
from jax_slim.tf1.graph.tensors import Tensor
from jax_slim.tf1.python import (
    control_flow,
    initial_values,
    initializers,
    math,
    optimizers_slots,
    state_ops,
    variable_scope,
    variables,
)


def assign_moving_average(
    variable: Any, value: Any, decay: Any, zero_debias: bool = True, name: str | None = None
) -> Any:
    """variable -= (variable - value) · (1 - decay).

    Args:
      zero_debias: keep the average of values beside it and divide by its weight, as if there had been no zeros at the
        start. It makes variables `biased` and `local_step`.
    """
    with graphs.name_scope(name, "AssignMovingAvg", [variable, value, decay]) as scope, graphs.colocate_with(variable):
        rest = conversion.convert_to_tensor(1.0 - decay, name="decay")
        if rest.dtype != variable.dtype.base_dtype:
            rest = math.cast(rest, variable.dtype.base_dtype)
        if zero_debias:
            return state_ops.assign(variable, _zero_debias(variable, value, rest), name=scope)
        return state_ops.assign_sub(variable, (variable - value) * rest, name=scope)


def weighted_moving_average(
    value: Any, decay: Any, weight: Any, truediv: bool = True, collections: Any = None, name: str | None = None
) -> Any:
    """The moving average of `value` by `weight`, kept in two variables: the sum and the weights' sum."""
    if collections is None:
        collections = [GraphKeys.GLOBAL_VARIABLES]
    with variable_scope.variable_scope(name, "WeightedMovingAvg", [value, weight, decay]) as scope:
        value_x_weight = variable_scope.get_variable(
            "value_x_weight",
            shape=value.get_shape(),
            initializer=initializers.zeros_initializer(),
            trainable=False,
            collections=collections,
        )
        kept = variable_scope.get_variable(
            "weight",
            shape=weight.get_shape(),
            initializer=initializers.zeros_initializer(),
            trainable=False,
            collections=collections,
        )
        numerator = assign_moving_average(value_x_weight, value * weight, decay, zero_debias=False)
        denominator = assign_moving_average(kept, weight, decay, zero_debias=False)
        divide = math.truediv if truediv else math.div
        return divide(numerator, denominator, name=scope.name)


def _zero_debias(unbiased: Any, value: Any, rest: Any) -> Any:
    with (
        variable_scope.variable_scope(unbiased.op.name, values=[unbiased, value, rest]),
        graphs.colocate_with(unbiased),
    ):

        def average(name: str, initial: Any, shape: Any, dtype: Any) -> Any:
            return variable_scope.get_variable(
                name,
                shape=shape,
                dtype=dtype,
                initializer=initial,
                trainable=False,
                use_resource=bool(getattr(unbiased, "_is_resource", False)),
            )

        biased = average("biased", initializers.zeros_initializer(), unbiased.get_shape(), unbiased.dtype.base_dtype)
        step = average("local_step", initializers.zeros_initializer(), [], unbiased.dtype.base_dtype)
        moved = state_ops.assign_sub(biased, (biased - value) * rest)
        counted = step.assign_add(1)
        # What the weights of all values so far sum up to.
        factor = 1 - math.pow(1.0 - rest, counted)
        return moved / factor


class ExponentialMovingAverage:
    """Keeps moving averages of variables and tensors: `average = decay · average + (1 - decay) · value`.

    Args:
      decay: how much is kept.
      num_updates: a count of updates: the decay is then at most (1 + num_updates) / (10 + num_updates).
      zero_debias: correct averages of tensors for their start at 0.
      name: what averages are called: '<variable>/<name>'.
    """

    def __init__(
        self, decay: Any, num_updates: Any = None, zero_debias: bool = False, name: str = "ExponentialMovingAverage"
    ) -> None:
        self._decay, self._num_updates, self._zero_debias, self._name = decay, num_updates, zero_debias, name
        self._averages: dict[Any, Any] = {}

    name = property(lambda self: self._name)

    def apply(self, var_list: Any = None) -> Any:
        """An operation that moves the averages of variables and tensors; makes those that there are not yet.

        Args:
          var_list: floating variables or tensors; the trainable variables by default.

        Raises:
          TypeError: one of them is not floating.
          ValueError: one of them has an average already.
        """
        if var_list is None:
            var_list = variables.trainable_variables()
        for var in var_list:
            if var.dtype.base_dtype not in (dtypes.bfloat16, dtypes.float16, dtypes.float32, dtypes.float64):
                raise TypeError(f"The variables must be half, float, or double: {var.name}")
        debiased = set()
        for var in var_list:
            if _key(var) in self._averages:
                continue
            with initial_values.init_scope():
                if isinstance(var, variables.Variable):
                    with graphs.device(var.device):
                        made = optimizers_slots.create_slot(
                            var, var.initialized_value(), self.name, colocate_with_primary=True
                        )
                    graphs.add_to_collection(GraphKeys.MOVING_AVERAGE_VARIABLES, var)
                else:
                    colocate = var.op.type in ("Variable", "VariableV2", "VarHandleOp")
                    made = optimizers_slots.create_zeros_slot(var, self.name, colocate_with_primary=colocate)
                    if self._zero_debias:
                        debiased.add(_key(var))
            self._averages[_key(var)] = made
        with graphs.name_scope(self.name) as scope:
            decay = conversion.convert_to_tensor(self._decay, dtypes.float32, name="decay")
            if self._num_updates is not None:
                count = math.cast(self._num_updates, dtypes.float32, name="num_updates")
                decay = math.minimum(decay, (1.0 + count) / (10.0 + count))
            updates = [
                assign_moving_average(self._averages[_key(var)], var, decay, zero_debias=_key(var) in debiased)
                for var in var_list
            ]
            return control_flow.group(*updates, name=scope)

    def average(self, var: Any) -> Any:
        """The variable that holds the average, or None."""
        return self._averages.get(_key(var))

    def average_name(self, var: Any) -> str:
        """What the average of a variable or tensor is called, also where there is none."""
        if _key(var) in self._averages:
            return self._averages[_key(var)].op.name
        return graphs.get_default_graph().unique_name(f"{var.op.name}/{self.name}", mark_as_used=False)

    def variables_to_restore(self, moving_avg_variables: Any = None) -> dict[str, Any]:
        """A mapping for `Saver` that restores variables from their averages: names in the checkpoint -> variables."""
        found: dict[str, Any] = {}
        if moving_avg_variables is None:
            moving_avg_variables = variables.trainable_variables() + variables.moving_average_variables()
        averaged = list(dict.fromkeys(moving_avg_variables))
        for v in averaged:
            found[self.average_name(v)] = v
        names = {v.op.name for v in averaged}
        for v in dict.fromkeys(variables.global_variables()):
            if v.op.name not in names and v.op.name not in found:
                found[v.op.name] = v
        return found


def _key(var: Any) -> Any:
    return (var.graph, var.name) if isinstance(var, Tensor) else (var.op.graph, var.op.name)
