"""`Model`: a slim program as pure functions: `init`, `apply`, `collect` and `specs`."""

import contextlib
import dataclasses
import functools
import warnings
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import jax
import jax.core
import jax.numpy as jnp
import numpy as np

from jax_slim.core import arg_scope, names, scopes
from jax_slim.core.collections import Collections, GraphKeys, NamedOutput, by_name
from jax_slim.core.dead_code import used_arguments, without_dead_code
from jax_slim.core.initial_values import draw
from jax_slim.core.program import Item, Program, ProgramError, VariableSpec, current, running
from jax_slim.core.tracebacks import shortened
from jax_slim.core.values import Facts, Variables

R = TypeVar("R", bound="AbstractRun")


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Collected:
    """What a program made besides its result: dicts of named values. A pytree.

    Attributes:
      losses: what was added to the collection LOSSES: 'softmax_cross_entropy_loss/value' -> scalar.
      updates: variable name -> its new value (moving averages, metric totals). `variables | updates`
        applies them.
      summaries: name -> a scalar, or what `summary.histogram` and its like keep.
      end_points: alias -> outputs of every layer that was given `outputs_collections`.
      collections: every collection: name -> {entry name -> value}.
    """

    losses: dict[str, Any]
    updates: dict[str, Any]
    summaries: dict[str, Any]
    end_points: dict[str, Any]
    collections: dict[str, dict[str, Any]]


class Model:
    """A slim program, that is a function that calls layers, as pure functions of its variables.

        def net(images, is_training=True):
            net = slim.conv2d(images, 32, [3, 3], scope="conv1")
            ...

        model = slim.Model(net)
        variables = model.init(jax.random.key(0), images)
        logits = jax.jit(functools.partial(model.apply, is_training=False))(variables, images)
        logits, collected = model.collect(variables, images, rng=key)

    The `arg_scope` in force where the model is made is in force when it runs, below the scopes that are
    open then.

    Args:
      function: the program. Its positional and keyword arguments are those of init, apply and collect.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        if not callable(function):
            raise TypeError(f"Model: function must be callable, got {function!r}.")
        self.function = function
        self._arg_scope = arg_scope.current_arg_scope()

    def __repr__(self) -> str:
        return f"Model({getattr(self.function, '__name__', self.function)!r})"

    @shortened
    def specs(self, *args: Any, **kwargs: Any) -> dict[str, VariableSpec]:
        """The variables that the program makes: name -> shape, dtype, collections, ... Computes nothing.

        Args:
          *args, **kwargs: as for the program; arrays may be `jax.ShapeDtypeStruct`s.
        """
        traced, arrays = self._traced(AbstractRun, args, kwargs)
        runs: list[AbstractRun] = []
        jax.eval_shape(lambda arrays: runs.append(traced(arrays)), arrays)
        return dict(runs[0].variables())

    @shortened
    def init(self, key: jax.Array, *args: Any, **kwargs: Any) -> Variables:
        """Draws the variables' initial values. The program is traced, not run.

        Each variable is drawn with `key` folded with a hash of its own name, so that adding or removing a
        layer changes no other variable's value.

        Args:
          key: a JAX random key.
          *args, **kwargs: as for the program; arrays may be `jax.ShapeDtypeStruct`s.

        Returns:
          The variables, in the order in which the program makes them.
        """
        if not _is_random_key(key):
            raise TypeError(
                f"Model.init: key must be a random key such as jax.random.key(0), got {_kind(key)}. "
                "The program's arguments come after it."
            )
        return self._draw(key, self.specs(*args, **kwargs), args, kwargs)

    def init_placed(
        self, key: jax.Array, place: Callable[[str, jax.Array], Any], *args: Any, **kwargs: Any
    ) -> Variables:
        """As `init`, but gives each value to `place(name, value)` as soon as it is drawn, and keeps what that returns.

        So no device needs to hold all of them whole.
        """
        return self._draw(key, self.specs(*args, **kwargs), args, kwargs, place)

    def init_local(self, key: jax.Array, *args: Any, **kwargs: Any) -> Variables:
        """As `init`, but draws only the LOCAL_VARIABLES: metric totals and counters, which no checkpoint holds."""
        specs = self.specs(*args, **kwargs)
        local = {name: spec for name, spec in specs.items() if GraphKeys.LOCAL_VARIABLES in spec.collections}
        return self._draw(key, local, args, kwargs)

    @shortened
    def apply(self, variables: Mapping[str, Any], *args: Any, rng: jax.Array | None = None, **kwargs: Any) -> Any:
        """Runs the program on these variables and returns its result. Pure: jit, grad, vmap or shard it.

        Args:
          variables: name -> array: what `init` returned, or any mapping with those names.
          *args, **kwargs: as for the program.
          rng: a random key for dropout and its like.

        Raises:
          ValueError: a variable is missing or has another shape.
          ProgramError: the program draws random numbers and `rng` is None.
        """
        run = _Apply(variables, rng)
        result = self._run(run, args, kwargs)
        if run.updates:
            # A moving average that silently stays what it was is TF-Slim's best known trap.
            some = ", ".join(list(run.updates)[:3])
            warnings.warn(
                f"Model.apply drops the updates of {len(run.updates)} variables ({some}, ...): use model.collect and "
                "apply collected.updates, or run layers such as batch_norm with is_training=False.",
                stacklevel=2,
            )
        return result

    @shortened
    def collect(
        self, variables: Mapping[str, Any], *args: Any, rng: jax.Array | None = None, **kwargs: Any
    ) -> tuple[Any, Collected]:
        """As `apply`, and also returns what the program collected: losses, updates, summaries, end points."""
        run = _Apply(variables, rng)
        result = self._run(run, args, kwargs)
        return result, run.collected()

    @shortened
    def trace(self, make_run: Callable[[], R], *args: Any, **kwargs: Any) -> tuple[R, Any]:
        """Runs the program on abstract values with a run of your own, such as one that watches the layers' calls.

        Args:
          make_run: makes it: an `AbstractRun`, or what derives from it.
          *args, **kwargs: as for the program; arrays may be `jax.ShapeDtypeStruct`s.

        Returns:
          The run, and what the program computes, as a jaxpr. Its arguments are the arrays among the program's.
        """
        traced, arrays = self._traced(make_run, args, kwargs)
        runs: list[R] = []
        jaxpr = jax.make_jaxpr(lambda arrays: runs.append(traced(arrays)))(arrays)
        return runs[0], jaxpr

    def run(self, run: Program, *args: Any, **kwargs: Any) -> Any:
        """Runs the program with a run of your own, in the trace that is open there, and returns its result.

        Args:
          run: the run.
          *args, **kwargs: as for the program.
        """
        return self._run(run, args, kwargs)

    def _traced(
        self, make_run: Callable[[], R], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[Callable[[list[Any]], R], list[Any]]:
        """A function that runs the program, on other arrays in place of those in its arguments; and these arrays."""
        arrays, rebuild = arrays_apart((args, kwargs))

        def traced(arrays: list[Any]) -> R:
            run = make_run()  # here: it remembers the trace that it was made in
            args, kwargs = rebuild(arrays)
            self._run(run, args, kwargs)
            return run

        return traced, arrays

    def _draw(
        self,
        key: jax.Array,
        specs: Mapping[str, VariableSpec],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        place: Callable[[str, jax.Array], Any] = lambda name, value: value,
    ) -> Variables:
        """The initial values of these variables."""
        # An array that the program computes (`initializer=jnp.zeros(2)`) has no value yet in an abstract run.
        computed = [name for name, spec in specs.items() if isinstance(spec.initializer, jax.core.Tracer)]
        known = self._compute_initial(computed, args, kwargs) if computed else {}
        values = {
            name: place(name, known[name] if name in known else _draw_value(key, spec)) for name, spec in specs.items()
        }
        return Variables(values, {name: facts_of(spec) for name, spec in specs.items()})

    def _compute_initial(
        self, wanted: list[str], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> dict[str, jax.Array]:
        """The initial values that the program computes itself; the compiler leaves out the rest of the program."""
        traced, arrays = self._traced(AbstractRun, args, kwargs)

        def initial(arrays: list[Any]) -> dict[str, jax.Array]:
            specs = traced(arrays).variables()
            return {name: jnp.asarray(specs[name].initializer, specs[name].dtype) for name in wanted}

        abstract = [index for index, array in enumerate(arrays) if isinstance(array, jax.ShapeDtypeStruct)]
        if abstract:
            used = used_arguments(without_dead_code(jax.make_jaxpr(initial)(arrays)))
            if used.intersection(abstract):
                raise ValueError(
                    f"Model.init: the initial values of {', '.join(wanted)} are computed from the program's inputs, so "
                    "init needs real arrays there, not jax.ShapeDtypeStruct."
                )
            arrays = [jnp.zeros(a.shape, a.dtype) if index in abstract else a for index, a in enumerate(arrays)]
        return jax.jit(initial)(arrays)

    def _run(self, run: Program, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if current() is None and scopes.get_variable_scope().name:
            raise ProgramError(
                f"Model: a variable_scope ({scopes.get_variable_scope().name!r}) is open around the model's run, which "
                "it cannot see. Open the scope inside the model's function."
            )
        with contextlib.ExitStack() as stack:
            stack.enter_context(running(run))
            stack.enter_context(scopes.at_root())
            stack.enter_context(arg_scope.under(self._arg_scope))
            return self.function(*args, **kwargs)


class Run(Program):
    """What all runs have in common: specs, collections and pending updates."""

    def __init__(self) -> None:
        super().__init__()
        self._specs: dict[str, VariableSpec] = {}
        self._collections = Collections()
        # The arrays are kept with their names: an id is only good while its object lives.
        self._given: dict[int, tuple[Any, str]] = {}
        self.updates: dict[str, Any] = {}

    def variables(self) -> dict[str, VariableSpec]:
        return self._specs

    def name_of(self, value: Any) -> str | None:
        return self._given.get(id(value), (None, None))[1]

    def collect(self, collection: str, item: Item) -> None:
        self._collections.add(collection, item)

    def collection(self, collection: str) -> list[Item]:
        return self._collections.get(collection)

    def clear_collection(self, collection: str) -> None:
        self._collections.clear(collection)

    def collections(self) -> tuple[str, ...]:
        return tuple(self._collections)

    def update_variable(self, name: str, change: Callable[[Any], Any], now: bool = False) -> jax.Array:
        self._collections.check_trace(f"variable {name!r} was updated")
        spec = self.variables()[name]
        old = self.updated_variable(name)
        new = jnp.asarray(change(old))
        if new.shape != spec.shape:
            raise ValueError(f"update_variable: {name!r} must keep its shape {spec.shape}, got {new.shape}.")
        new = new.astype(old.dtype)
        self.updates[name] = new
        if now:
            self._set_value(name, new)
        return new

    def updated_variable(self, name: str) -> jax.Array:
        return self.updates[name] if name in self.updates else self.read_variable(name)

    def _set_value(self, name: str, value: Any) -> None:
        raise NotImplementedError

    def _give(self, name: str, value: Any) -> Any:
        self._given[id(value)] = (value, name)
        return value

    def collected(self) -> Collected:
        collections = {name: by_name(self._collections.get(name)) for name in self._collections}
        outputs = [item for name in self._collections for item in self._collections.get(name)]
        return Collected(
            losses=collections.get(GraphKeys.LOSSES, {}),
            updates=dict(self.updates),
            summaries=collections.get(GraphKeys.SUMMARIES, {}),
            end_points={item.name: item.value for item in outputs if isinstance(item, NamedOutput)},
            collections=collections,
        )


class AbstractRun(Run):
    """A run on abstract values that learns which variables there are."""

    def make_variable(self, spec: VariableSpec) -> jax.Array:
        self._specs[spec.name] = spec
        return self.read_variable(spec.name)

    def read_variable(self, name: str) -> jax.Array:
        # A new placeholder each time: one kept from inside a scan would leak out of it.
        spec = self._specs[name]
        return self._give(name, jnp.zeros(spec.shape, spec.dtype))

    def next_key(self, name: str) -> jax.Array:
        return jax.random.fold_in(jax.random.key(0), names.stable_hash(name))

    def _set_value(self, name: str, value: Any) -> None:
        del name, value


class _Apply(Run):
    """A run on given values."""

    def __init__(self, values: Mapping[str, Any], rng: jax.Array | None) -> None:
        super().__init__()
        if not isinstance(values, Mapping):
            raise TypeError(f"Model: variables must be a mapping name -> array, got {_kind(values)}.")
        if rng is not None and not _is_random_key(rng):
            raise TypeError(f"Model: rng must be a random key such as jax.random.key(0), got {_kind(rng)}.")
        self._passed = values
        self._values: dict[str, Any] = {}
        self._rng = rng

    def make_variable(self, spec: VariableSpec) -> jax.Array:
        name = spec.name
        if name in self._passed:
            value = self._passed[name]
            if not isinstance(value, jax.Array):
                with jax.ensure_compile_time_eval():  # kept by this run, so not of the trace that happens to be open
                    value = jnp.asarray(value)
            if value.shape != spec.shape:
                raise ValueError(
                    f"Model: variable {name!r} must have shape {spec.shape}, got {value.shape}. Were the variables "
                    "made for another model, or for inputs of another size?"
                )
        elif GraphKeys.LOCAL_VARIABLES in spec.collections:
            traced = isinstance(spec.initializer, jax.core.Tracer)
            with contextlib.nullcontext() if traced else jax.ensure_compile_time_eval():
                value = draw(spec.initializer, jax.random.key(0), spec.shape, spec.dtype)
        else:
            raise ValueError(
                f"Model: variable {name!r} (made at {spec.made_at}) is not among the {len(self._passed)} variables "
                f"passed.{names.hint(name, self._passed)} Did init run under another arg_scope or with other arguments?"
            )
        self._specs[name] = spec
        self._values[name] = value
        return self._give(name, value)

    def read_variable(self, name: str) -> jax.Array:
        return self._values[name]

    def next_key(self, name: str) -> jax.Array:
        if self._rng is None:
            raise ProgramError(
                f"{name}: needs random numbers, but no key was given. Pass rng=jax.random.key(...) to model.apply or "
                "model.collect, or is_training=False to the layer."
            )
        return jax.random.fold_in(self._rng, names.stable_hash(name))

    def _set_value(self, name: str, value: Any) -> None:
        self._values[name] = self._give(name, value)


def arrays_apart(tree: Any) -> tuple[list[Any], Callable[[list[Any]], Any]]:
    """The arrays (and `ShapeDtypeStruct`s) in a tree, and a function that puts others in their places.

    What is not an array stays as it is: flags and names are no arguments that JAX traces.
    """
    leaves, structure = jax.tree.flatten(tree)
    places = [index for index, leaf in enumerate(leaves) if hasattr(leaf, "shape") and hasattr(leaf, "dtype")]

    def rebuild(arrays: list[Any]) -> Any:
        filled = list(leaves)
        for index, array in zip(places, arrays, strict=True):
            filled[index] = array
        return jax.tree.unflatten(structure, filled)

    return [leaves[index] for index in places], rebuild


def facts_of(spec: VariableSpec) -> Facts:
    """The part of a spec that a `Variables` keeps."""
    return Facts(spec.trainable, spec.collections)


def _draw_value(key: jax.Array, spec: VariableSpec) -> jax.Array:
    if not callable(spec.initializer):
        return draw(spec.initializer, key, spec.shape, spec.dtype)
    key = jax.random.fold_in(key, names.stable_hash(spec.drawn_as))
    try:
        hash(spec.initializer)
    except TypeError:  # jit wants its static arguments hashable; a user's initializer need not be
        return draw(spec.initializer, key, spec.shape, spec.dtype)
    return _drawn(spec.initializer, key, spec.shape, jnp.dtype(spec.dtype))


@functools.partial(jax.jit, static_argnums=(0, 2, 3))
def _drawn(initializer: Any, key: jax.Array, shape: tuple[int, ...], dtype: Any) -> jax.Array:
    """Compiled once per initializer and shape: a net has far fewer of these than variables."""
    return draw(initializer, key, shape, dtype)


def _is_random_key(key: Any) -> bool:
    """A typed key, or the older form: two or four uint32."""
    if not hasattr(key, "dtype") or not hasattr(key, "shape"):
        return False
    if jnp.issubdtype(key.dtype, jax.dtypes.prng_key):
        return key.shape == ()
    return np.dtype(key.dtype) == np.uint32 and len(key.shape) == 1


def _kind(value: Any) -> str:
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        return f"an array of shape {value.shape} and dtype {value.dtype}"
    return f"{type(value).__name__} ({value!r:.60})"
