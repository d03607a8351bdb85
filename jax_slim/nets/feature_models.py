"""Named intermediate results of a net, and no more of the net than they need."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
from jax.extend.core import ClosedJaxpr, jaxpr_as_fun

from jax_slim.core import names
from jax_slim.core.dead_code import used_arguments, without_dead_code
from jax_slim.core.model import Collected, Model, arrays_apart
from jax_slim.core.program import VariableSpec


class _EndPoints:
    """A net that returns some of its end points. A class, because functions within functions cannot be pickled."""

    def __init__(self, function: Callable[..., Any], end_points: tuple[str, ...]) -> None:
        self._function, self._end_points = function, end_points

    def __call__(self, *args: Any, **kwargs: Any) -> list[Any]:
        result = self._function(*args, **kwargs)
        if not (isinstance(result, tuple) and len(result) == 2 and isinstance(result[1], Mapping)):
            raise TypeError(
                f"features: model must return (outputs, end points) as the nets of slim.nets do, got "
                f"{type(result).__name__}."
            )
        found = result[1]
        for name in self._end_points:
            if name not in found:
                hint = names.hint(name, found, "end points")
                raise ValueError(f"features: end_points must be end points of the model, got {name!r}.{hint}")
        return [found[name] for name in self._end_points]


class FeatureModel(Model):
    """A `Model` whose result is a dict of another model's end points. Made by `features`.

    It has the variables, and does the work, that these end points depend on.
    """

    def __init__(self, model: Model, end_points: Sequence[str]) -> None:
        self.end_points = tuple(end_points)

        super().__init__(_EndPoints(model.function, self.end_points))
        self._arg_scope = model._arg_scope

    def specs(self, *args: Any, **kwargs: Any) -> dict[str, VariableSpec]:
        """As `Model.specs`: the variables that the end points depend on."""
        every, closed, _ = self._sliced(args, kwargs, jax.random.key(0))
        inputs = used_arguments(closed)
        return {name: spec for index, (name, spec) in enumerate(every.items()) if index in inputs}

    def apply(self, variables: Mapping[str, Any], *args: Any, rng: jax.Array | None = None, **kwargs: Any) -> Any:
        """As `Model.apply`: end point -> value. `variables` may hold others too, such as all of the net's."""
        closed, arguments = self.bound(variables, args, kwargs, rng)
        return dict(zip(self.end_points, jaxpr_as_fun(closed)(*arguments), strict=True))

    def bound(
        self, variables: Mapping[str, Any], args: tuple[Any, ...], kwargs: dict[str, Any], rng: jax.Array | None = None
    ) -> tuple[ClosedJaxpr, list[Any]]:
        """What `apply` computes as a program, whose results are the end points, and the arguments to run it with."""
        every, closed, arrays = self._sliced(args, kwargs, rng)
        inputs = used_arguments(closed)
        values: list[Any] = []
        for index, (name, spec) in enumerate(every.items()):
            value = variables.get(name) if index in inputs else None
            if index in inputs and (value is None or value.shape != spec.shape):
                problem = "is not among the variables passed" if value is None else f"has shape {value.shape}"
                raise ValueError(
                    f"Model: variable {name!r} of shape {spec.shape} {problem}.{names.hint(name, variables)}"
                )
            values.append(value)
        return closed, [*values, *arrays, *([] if rng is None else [rng])]

    def collect(
        self, variables: Mapping[str, Any], *args: Any, rng: jax.Array | None = None, **kwargs: Any
    ) -> tuple[Any, Collected]:
        """As `apply`, with nothing collected: what layers collect belongs to the whole net."""
        return self.apply(variables, *args, rng=rng, **kwargs), Collected({}, {}, {}, {}, {})

    def _sliced(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], rng: jax.Array | None
    ) -> tuple[dict[str, VariableSpec], ClosedJaxpr, list[Any]]:
        """The whole net's variables, what the end points need of it as a program of them and of arrays, and these."""
        every = super().specs(*args, **kwargs)
        arrays, rebuild = arrays_apart((args, kwargs))

        def run(values: list[Any], arrays: list[Any], rng: jax.Array | None) -> Any:
            args, kwargs = rebuild(arrays)
            given = dict(zip(every, values, strict=True))
            return Model.collect(self, given, *args, rng=rng, **kwargs)[0]

        shapes = [jax.ShapeDtypeStruct(spec.shape, spec.dtype) for spec in every.values()]
        return every, without_dead_code(jax.make_jaxpr(run)(shapes, arrays, rng)), arrays


def features(model: Model, end_points: Sequence[str] | str) -> FeatureModel:
    """Cuts a net down to some of its end points: only what they depend on is computed, and has variables.

        model = slim.nets.create_model("inception_resnet_v2")
        stem = slim.nets.features(model, ["Mixed_5b", "Mixed_6a"])
        variables = stem.init(jax.random.key(0), images)            # no variables of later layers
        stem.apply(variables, images)["Mixed_5b"].shape             # (N, 35, 35, 320)

    Args:
      model: a `Model` whose program returns (outputs, end points), as `create_model` makes them.
      end_points: their names, in the order wanted.

    Returns:
      A `Model` with the same arguments, whose result is a dict: end point -> value. Unknown names are refused when
      it runs, with near names.
    """
    wanted = [end_points] if isinstance(end_points, str) else list(end_points)
    if not wanted or not all(isinstance(name, str) for name in wanted):
        raise ValueError(f"features: end_points must be one or more names, got {end_points!r}.")
    return FeatureModel(model, wanted)
