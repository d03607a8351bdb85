"""Layers inside an inner trace: the body of a `scan`, a `checkpoint` or a function with its own derivative.

Arrays made inside such a body do not exist outside of it, so a program must not keep them: an update, a loss or an end
point made there has to leave as a result. A `Body` arranges that. It runs the function with a program of its own, which
takes its variables and random keys from the one around it and notes what the function makes. `run` returns that beside
the function's result, and `hand_over`, called outside, passes it on:

    body = Body("recompute_grad", function)
    outputs, made = jax.checkpoint(body.run)(inputs)
    body.hand_over(made)

There are two ways to get at variables and keys. As above, the body reads them through the program around it, and JAX
sees values that the function closes over. Where they have to be arguments (one step of a scan differs from the next
only by them; a derivative is taken with respect to them), `rehearse` first runs the function on abstract values and
learns what it needs, `fetch` gets that, and `run` takes it as `needs`.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jax_slim.core.model import Run
from jax_slim.core.names import SAME, Renamed
from jax_slim.core.program import Item, Program, ProgramError, VariableSpec, require, running


class Needs(NamedTuple):
    """What a body takes from the program around it, by the names that its rehearsal knows. A pytree.

    Attributes:
      values: of the variables.
      updated: the values that variables have after the updates so far; absent for those without.
      keys: random keys.
    """

    values: dict[str, Any]
    updated: dict[str, Any]
    keys: dict[str, Any]


class Update(NamedTuple):
    """A body gave a variable a new value."""

    variable: str
    now: bool


class Addition(NamedTuple):
    """A body added an item to a collection."""

    collection: str
    name: str
    kind: type[Item]


class Clearing(NamedTuple):
    """A body emptied a collection."""

    collection: str


class Made(NamedTuple):
    """One thing that a body made: what it is, and how its value is made of the arrays that left the body."""

    fact: Update | Addition | Clearing
    rebuild: Callable[[list[Any]], Any]


class Rehearsal(NamedTuple):
    """What a run on abstract values has learned.

    Attributes:
      outputs: shapes and dtypes of what the function returns.
      used: every variable that it made or read, in the order of the first use.
      new: the names of those that it made.
      keys: the names of its random keys.
      made: what it made besides.
      looked: the names of the collections that it read.
      program: the program that it ran with.
      jaxpr: what it computes.
    """

    outputs: Any
    used: dict[str, VariableSpec]
    new: set[str]
    keys: tuple[str, ...]
    made: list[Made]
    looked: set[str]
    program: "Inner"
    jaxpr: Any


class Body:
    """A function that calls layers, prepared to run inside an inner trace of the current program.

    Args:
      caller: who asks, for error messages.
      function: arrays -> arrays, or trees of them.
      after: the rehearsal of a body that is to have run before; its variables and names count as taken.
    """

    def __init__(self, caller: str, function: Callable[..., Any], after: Rehearsal | None = None) -> None:
        self.caller = caller
        self.program = require(caller)
        before: Program = self.program if after is None else after.program
        self._function = function
        self._specs = dict(before.variables())
        self._op_names, self._scope_counts = before.op_names.copy(), before.scope_counts.copy()
        self._last: Inner | None = None

    @property
    def made(self) -> list[Made]:
        """What the last run made; its arrays are those that `run` returned."""
        assert self._last is not None
        return self._last.made

    def rehearse(self, *args: Any) -> Rehearsal:
        """Runs the function on abstract values, and leaves the program around as it is."""
        run: Inner | None = None

        def traced(*args: Any) -> Any:
            nonlocal run
            run = self._program(Apart(self.program, self._specs, None))
            return self._call(run, args)

        jaxpr, outputs = jax.make_jaxpr(traced, return_shape=True)(*args)
        assert run is not None
        used = {name: run.variables()[name] for name in run.used}
        return Rehearsal(outputs, used, run.new, tuple(run.keys), run.made, run.looked, run, jaxpr)

    def fetch(self, rehearsal: Rehearsal, rename: Renamed = SAME) -> Needs:
        """Makes the variables that the function makes, reads those that it reads, and draws its keys.

        Args:
          rehearsal: tells what is needed.
          rename: the name that a variable or key goes by in this program, out of the rehearsal's.

        Raises:
          ValueError: under the new names, variables are there that should not be, or the reverse.
        """
        specs = self.program.variables()
        values = {}
        for name, spec in rehearsal.used.items():
            here = rename(name)
            moved = spec._replace(name=here, drawn_as=rename(spec.drawn_as))
            if here not in specs and name in rehearsal.new:
                values[name] = self.program.make_variable(moved)
                continue
            self._check_found(moved, specs.get(here), new=here != name and name in rehearsal.new)
            listed = dict.fromkeys((*specs[here].collections, *spec.collections))  # a body may list one anew
            specs[here] = specs[here]._replace(collections=tuple(listed))
            values[name] = self.program.read_variable(here)
        updates = [made.fact.variable for made in rehearsal.made if isinstance(made.fact, Update)]
        updated = {name: self.program.updated_variable(rename(name)) for name in dict.fromkeys(updates)}
        keys = {name: self.program.next_key(rename(name)) for name in rehearsal.keys}
        return Needs(values, {name: new for name, new in updated.items() if new is not values[name]}, keys)

    def _check_found(self, wanted: VariableSpec, found: VariableSpec | None, new: bool) -> None:
        if found is not None and not new and (found.shape, found.dtype) == (wanted.shape, wanted.dtype):
            return
        if found is None:
            problem = "does not exist, though that of an earlier step does"
        elif new:
            problem = f"already exists (made at {found.made_at}), though that of an earlier step did not"
        else:
            problem = f"is {found.dtype}{list(found.shape)}, that of an earlier step {wanted.dtype}{list(wanted.shape)}"
        raise ValueError(f"{self.caller}: variable {wanted.name!r} {problem}. Leave out scan=True.")

    def run(self, *args: Any, needs: Needs | None = None) -> tuple[Any, list[list[Any]]]:
        """Runs the function, inside an inner trace.

        Args:
          *args: the function's.
          needs: what `fetch` returned, as seen in the trace; None reads through the program around.

        Returns:
          The function's result, and the arrays of what it made: return both from the inner trace.
        """
        run = self._program(Through(self.program) if needs is None else Apart(self.program, self._specs, needs))
        outputs = self._call(run, args)
        self._last = run
        return outputs, run.arrays

    def hand_over(self, arrays: list[list[Any]], rename: Renamed = SAME) -> None:
        """Gives the program around what the last run made.

        Args:
          arrays: what `run` returned, as it came out of the inner trace.
          rename: as for `fetch`.
        """
        assert self._last is not None
        for made, leaves in zip(self.made, arrays, strict=True):
            value = made.rebuild(leaves)
            match made.fact:
                case Update(variable, now):
                    self.program.update_variable(rename(variable), lambda old, new=value: new, now)
                case Addition(collection, name, kind):
                    self.program.collect(collection, kind(rename(name), value))
                case Clearing(collection):
                    self.program.clear_collection(collection)
        self.program.op_names.take(self._last.op_names, rename)
        if rename is SAME:
            self.program.scope_counts.restore(self._last.scope_counts.snapshot())

    def _program(self, run: "Inner") -> "Inner":
        run.op_names, run.scope_counts = self._op_names.copy(), self._scope_counts.copy()
        return run

    def _call(self, run: "Inner", args: tuple[Any, ...]) -> Any:
        with running(run):
            return self._function(*args)


class Inner(Run):
    """The program that a body runs with: notes what is made, and sees the collections of the program around it."""

    def __init__(self, around: Program) -> None:
        super().__init__()
        self.around = around
        self._cleared: set[str] = set()
        self.used: dict[str, None] = {}
        self.new: set[str] = set()
        self.keys: dict[str, None] = {}
        self.looked: set[str] = set()
        self.made: list[Made] = []
        self.arrays: list[list[Any]] = []
        self._values: dict[str, Any] = {}

    def update_variable(self, name: str, change: Callable[[Any], Any], now: bool = False) -> jax.Array:
        new = super().update_variable(name, change, now)
        self._make(Update(name, now), new)
        return new

    def name_of(self, value: Any) -> str | None:
        return super().name_of(value) or self.around.name_of(value)

    def collect(self, collection: str, item: Item) -> None:
        super().collect(collection, item)
        self._make(Addition(collection, item.name, type(item)), item.value)

    def collection(self, collection: str) -> list[Item]:
        self.looked.add(collection)
        earlier = [] if collection in self._cleared else self.around.collection(collection)
        return earlier + super().collection(collection)

    def clear_collection(self, collection: str) -> None:
        super().clear_collection(collection)
        self._cleared.add(collection)
        self._make(Clearing(collection), ())

    def collections(self) -> tuple[str, ...]:
        earlier = [name for name in self.around.collections() if name not in self._cleared]
        return tuple(dict.fromkeys((*earlier, *super().collections())))

    def _set_value(self, name: str, value: Any) -> None:
        self._values[name] = self._give(name, value)

    def _make(self, fact: Update | Addition | Clearing, value: Any) -> None:
        leaves, structure = jax.tree.flatten(value)
        places = [place for place, leaf in enumerate(leaves) if isinstance(leaf, jax.Array | np.ndarray | np.generic)]
        arrays = [leaves[place] for place in places]
        for place in places:
            leaves[place] = None  # an array of the inner trace is not to be kept

        def rebuild(arrays: list[Any]) -> Any:
            filled = list(leaves)
            for place, array in zip(places, arrays, strict=True):
                filled[place] = array
            return jax.tree.unflatten(structure, filled)

        self.made.append(Made(fact, rebuild))
        self.arrays.append(arrays)


class Through(Inner):
    """Takes variables and keys from the program around it when they are asked for."""

    def variables(self) -> dict[str, VariableSpec]:
        return self.around.variables()

    def make_variable(self, spec: VariableSpec) -> jax.Array:
        return self._give(spec.name, self.around.make_variable(spec))

    def read_variable(self, name: str) -> jax.Array:
        return self._give(name, self._values[name] if name in self._values else self.around.read_variable(name))

    def updated_variable(self, name: str) -> jax.Array:
        return self.updates[name] if name in self.updates else self.around.updated_variable(name)

    def next_key(self, name: str) -> jax.Array:
        return self.around.next_key(name)


class Apart(Inner):
    """Has its own table of variables, and values and keys that are given to it, or placeholders for them.

    Args:
      around: the program around it.
      specs: the variables that exist at the beginning.
      needs: what is given; None means a rehearsal.
    """

    def __init__(self, around: Program, specs: dict[str, VariableSpec], needs: Needs | None) -> None:
        super().__init__(around)
        self._specs = dict(specs)
        self._rehearses = needs is None
        if needs is not None:
            self._values, self.updates, self._keys = dict(needs.values), dict(needs.updated), needs.keys

    def make_variable(self, spec: VariableSpec) -> jax.Array:
        self._specs[spec.name] = spec
        self.new.add(spec.name)
        return self.read_variable(spec.name)

    def read_variable(self, name: str) -> jax.Array:
        self.used.setdefault(name)
        if name in self._values:
            return self._give(name, self._values[name])
        if not self._rehearses:
            raise ProgramError(f"variable {name!r} {_NEW}")
        # A new placeholder each time: one kept from inside a scan would leak out of it.
        return self._give(name, jnp.zeros(self._specs[name].shape, self._specs[name].dtype))

    def next_key(self, name: str) -> jax.Array:
        self.keys.setdefault(name)
        if self._rehearses:
            return jax.random.key(0)
        if name not in self._keys:
            raise ProgramError(f"a random key for {name!r} {_NEW}")
        return self._keys[name]


_NEW = "is asked for now, but was not when the function ran first. It must do the same every time."
