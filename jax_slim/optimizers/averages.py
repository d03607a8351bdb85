"""Moving averages of variables: `tf.train.ExponentialMovingAverage`, as pure functions of values by name."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jax_slim.core import names
from jax_slim.core.collections import GraphKeys
from jax_slim.core.values import Facts, Variables

_FROM_UPDATE = "global_step"


class AverageState(NamedTuple):
    """The state of an `ExponentialMovingAverage`: a pytree.

    Attributes:
      shadows: variable name -> its average.
      biased: variable name -> the average before it is corrected for its start at 0; None unless `zero_debias` acts.
      local_step: how many updates there were, for that correction; None likewise.
    """

    shadows: Variables
    biased: Variables | None = None
    local_step: jax.Array | None = None


class ExponentialMovingAverage:
    """Averages of variables that follow them slowly: shadow -= (1 - decay) · (shadow - variable).

        average = slim.optimizers.ExponentialMovingAverage(0.999, num_updates="global_step")
        state = average.init(variables.trainable)                        # the shadows start at the variables
        state = average.update(state, variables, num_updates=step)       # after each training step; pure
        averaged = average.averaged(state, variables)                    # for evaluation

    `slim.learning.create_train_op(..., moving_average=average)` does this inside its compiled step.

    The shadows are float32 at least: an average in bfloat16 would stop moving.

    Args:
      decay: how much of the shadow each update keeps.
      num_updates: None: the decay is constant. Otherwise it is min(decay, (1 + n) / (10 + n)), so that averages move
        faster at first: n is what `update` is given; or else this, where it is a number or array. 'global_step' says
        that each `update` is given it, as `create_train_op` does.
      zero_debias: corrects averages that start at 0 for that start; acts only where `init` is told `from_zero`.
      name: the last part of the shadows' names in TensorFlow.

    Raises:
      ValueError: `decay` is not between 0 and 1.
    """

    def __init__(
        self,
        decay: Any,
        num_updates: Any = None,
        zero_debias: bool = False,
        name: str = "ExponentialMovingAverage",
    ) -> None:
        if not hasattr(decay, "dtype") and not 0 <= decay <= 1:
            raise ValueError(f"ExponentialMovingAverage: decay must be between 0 and 1, got {decay}.")
        if isinstance(num_updates, str) and num_updates != _FROM_UPDATE:
            raise ValueError(
                f"ExponentialMovingAverage: num_updates must be None, a number, an array or {_FROM_UPDATE!r}, got "
                f"{num_updates!r}."
            )
        self.name = name
        self._decay = decay
        self._num_updates = num_updates
        self._zero_debias = zero_debias

    def init(self, variables: Mapping[str, Any], from_zero: bool = False) -> AverageState:
        """The averages before the first update.

        Args:
          variables: what to average, by name: `variables.trainable`, or with the moving averages of batch normalization
            `variables.model`.
          from_zero: whether to start at 0 instead of at the values, as TensorFlow does for tensors that are no
            variables (losses, activations).

        Raises:
          TypeError: one of them is not of floating point.
        """
        for name, value in variables.items():
            if not jnp.issubdtype(value.dtype, jnp.floating):
                raise TypeError(
                    f"ExponentialMovingAverage.init: variables must be of floating point, got {name!r} of "
                    f"{value.dtype}. Choose some: variables.trainable."
                )
        fact = Facts(False, (GraphKeys.GLOBAL_VARIABLES,))
        facts = dict.fromkeys(variables, fact)

        def start(value: Any) -> jax.Array:
            dtype = jnp.promote_types(value.dtype, jnp.float32)
            # A copy: the state must not share a buffer with the variables, which a step donates.
            return jnp.zeros(np.shape(value), dtype) if from_zero else jnp.array(value, dtype)

        shadows = Variables({name: start(value) for name, value in variables.items()}, facts)
        if not (from_zero and self._zero_debias):
            return AverageState(shadows)
        return AverageState(shadows, jax.tree.map(jnp.zeros_like, shadows), jnp.zeros((), jnp.float32))

    def update(self, state: AverageState, variables: Mapping[str, Any], num_updates: Any = None) -> AverageState:
        """The averages after the variables have changed to these values. Pure.

        Args:
          state: as `init` or an earlier `update` returned it.
          variables: the new values, of those that are averaged at least.
          num_updates: how many updates (training steps) there were; not looked at when the decay is constant.

        Raises:
          ValueError: num_updates='global_step' was promised and is not given, or a variable is missing.
        """
        slow = 1 - self._decay_now(num_updates)

        def follow(average: jax.Array, name: str) -> jax.Array:
            if name not in variables:
                raise ValueError(
                    f"ExponentialMovingAverage.update: variables must hold {name!r}, which is averaged."
                    f"{names.hint(name, variables)}"
                )
            return average - (slow * (average - variables[name])).astype(average.dtype)

        if state.biased is None:
            return AverageState(state.shadows | {name: follow(old, name) for name, old in state.shadows.items()})
        biased = state.biased | {name: follow(old, name) for name, old in state.biased.items()}
        assert state.local_step is not None  # it goes with `biased`
        steps = state.local_step + 1
        weight = 1 - jnp.power(1 - slow, steps)
        shadows = state.shadows | {name: (value / weight).astype(value.dtype) for name, value in biased.items()}
        return AverageState(shadows, biased, steps)

    def averaged(self, state: AverageState, variables: Mapping[str, Any]) -> Variables:
        """`variables` with the averages in place of those that are averaged: what to evaluate with."""
        values = {name: shadow.astype(variables[name].dtype) for name, shadow in state.shadows.items()}
        # As `Variables` first, so that the shadows' facts do not come along.
        return Variables(variables) | values

    def average_name(self, variable: Any) -> str:
        """What TensorFlow calls the average of a variable: 'conv1/weights/ExponentialMovingAverage'."""
        return names.join(str(getattr(variable, "name", variable)), self.name)

    def variables_to_restore(
        self, variables: Mapping[str, Any], moving_avg_variables: Iterable[Any] | None = None
    ) -> dict[str, str]:
        """Which entry of a TensorFlow checkpoint to put into which variable, to evaluate with the averages.

            {'conv1/weights/ExponentialMovingAverage': 'conv1/weights', ..., 'global_step': 'global_step'}

        Args:
          variables: all variables to restore: `Variables`, or specs by name.
          moving_avg_variables: those with averages: names or records. None means those that are trainable or listed
            in the collection MOVING_AVERAGE_VARIABLES.

        Returns:
          name in the checkpoint -> name of the variable.
        """
        if moving_avg_variables is None:
            facts = variables.facts if isinstance(variables, Variables) else variables
            averaged = [
                name
                for name, fact in facts.items()
                if fact.trainable or GraphKeys.MOVING_AVERAGE_VARIABLES in fact.collections
            ]
        else:
            averaged = [str(getattr(one, "name", one)) for one in moving_avg_variables]
        for name in averaged:
            if name not in variables:
                raise ValueError(
                    f"variables_to_restore: moving_avg_variables names {name!r}, which is not among variables."
                    f"{names.hint(name, variables)}"
                )
        from_averages = {self.average_name(name): name for name in averaged}
        others = {name: name for name in variables if name not in averaged and name not in from_averages}
        return from_averages | others

    def shadow_variables(self, state: AverageState) -> Variables:
        """The averages under TensorFlow's names, for a TensorFlow checkpoint; zero_debias's variables among them."""
        found = {self.average_name(name): shadow for name, shadow in state.shadows.items()}
        if state.biased is not None:
            for name, biased in state.biased.items():
                found[f"{self.average_name(name)}/biased"] = biased
                found[f"{self.average_name(name)}/local_step"] = state.local_step
        return Variables(found, dict.fromkeys(found, Facts(False, (GraphKeys.GLOBAL_VARIABLES,))))

    def with_shadow_variables(self, state: AverageState, arrays: Mapping[str, Any]) -> AverageState:
        """`state` with the values of `arrays`, by TensorFlow's names: the way back from `shadow_variables`.

        Args:
          state: as `init` returned it.
          arrays: name -> array; other names are passed over.

        Raises:
          ValueError: a name is missing, or an array has another shape.
        """

        def read(name: str, old: jax.Array) -> jax.Array:
            if name not in arrays:
                raise ValueError(
                    f"with_shadow_variables: arrays must hold {name!r}, which it does not."
                    f"{names.hint(name, arrays, 'arrays')}"
                )
            if np.shape(arrays[name]) != old.shape:
                raise ValueError(
                    f"with_shadow_variables: {name!r} must have shape {old.shape}, got {np.shape(arrays[name])}."
                )
            return jnp.asarray(arrays[name], old.dtype)

        shadows = state.shadows | {name: read(self.average_name(name), old) for name, old in state.shadows.items()}
        if state.biased is None:
            return AverageState(shadows)
        assert state.local_step is not None
        biased = {name: read(f"{self.average_name(name)}/biased", old) for name, old in state.biased.items()}
        steps = state.local_step
        for name in state.biased:  # TensorFlow counts for each, and all counts are one
            steps = read(f"{self.average_name(name)}/local_step", state.local_step)
        return AverageState(shadows, state.biased | biased, steps)

    def _decay_now(self, num_updates: Any) -> Any:
        if self._num_updates is None:
            return self._decay
        if num_updates is None:
            num_updates = self._num_updates
        if isinstance(num_updates, str):
            raise ValueError(
                "ExponentialMovingAverage.update: num_updates must be given, as the average was made with "
                f"num_updates={_FROM_UPDATE!r}, got None."
            )
        count = jnp.asarray(num_updates, jnp.float32)
        return jnp.minimum(self._decay, (1 + count) / (10 + count))
