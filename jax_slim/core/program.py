"""The seam between layers and whoever runs them: `Program`, the current one, and the `operation` decorator.

A layer never knows whether it is part of `Model.init`, `apply` or `collect`: it asks the current program
for variables and random keys, and hands it what it collects.
"""

import contextlib
import contextvars
import functools
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, ParamSpec, TypeVar

import jax

from jax_slim.core import names
from jax_slim.core.arguments import Checks
from jax_slim.core.tracebacks import shorten

P = ParamSpec("P")
R = TypeVar("R")

# Where a user's code is not. A body that JAX traces is called from its files.
_OTHERS = (str(Path(__file__).resolve().parent.parent), str(Path(jax.__file__).resolve().parent))


class ProgramError(RuntimeError):
    """A program was used in a way that would lose or mix up what it makes."""


class Item(NamedTuple):
    """One entry of a collection: an array (or whatever was added) and the name it goes by."""

    name: str
    value: Any


class VariableSpec(NamedTuple):
    """The static facts about a variable: all that is known without running anything.

    Attributes:
      name: the whole name, scopes included: 'vgg_16/conv1/conv1_1/weights'.
      shape, dtype: of its value.
      trainable: whether gradients are taken with respect to it.
      collections: the collections that list it, in TensorFlow's strings.
      initializer: (key, shape, dtype) -> array, or an array.
      regularizer: array -> scalar loss, or None.
      drawn_as: the name whose random key draws the initial value; the same as `name`, but for the parts
        of a partitioned variable, which all cut their piece out of one draw.
      made_at: 'file:line' of the call that made it.
    """

    name: str
    shape: tuple[int, ...]
    dtype: Any
    trainable: bool = True
    collections: tuple[str, ...] = ()
    initializer: Any = None
    regularizer: Any = None
    drawn_as: str = ""
    made_at: str = ""


class Program(ABC):
    """What a layer may ask of the run that it is part of."""

    def __init__(self) -> None:
        self.op_names = names.OpNames()
        self.scope_counts = names.ScopeCounts()
        self.aliases: dict[int, tuple[Any, list[str]]] = {}  # id of an array -> the array and its names
        self.one_hot: dict[int, tuple[Any, Any]] = {}  # id of an array -> the array and the class ids it was made of
        # Id of an array -> the array, and a function of limits that makes it, clipped to them, by a faster kernel.
        self.clipped: dict[int, tuple[Any, Any]] = {}

    @abstractmethod
    def variables(self) -> dict[str, VariableSpec]:
        """The variables made so far, by name, in the order in which they were made."""

    @abstractmethod
    def make_variable(self, spec: VariableSpec) -> jax.Array:
        """Makes a new variable and returns its value."""

    @abstractmethod
    def read_variable(self, name: str) -> jax.Array:
        """The present value of a variable made before."""

    @abstractmethod
    def update_variable(self, name: str, change: Callable[[Any], Any], now: bool = False) -> jax.Array:
        """Notes that a variable becomes `change(value)` when the program is over; returns that value.

        Several updates of one variable are applied one after the other. With `now`, later reads in the
        same run see the new value.
        """

    @abstractmethod
    def updated_variable(self, name: str) -> jax.Array:
        """The value of a variable after the updates noted so far."""

    @abstractmethod
    def name_of(self, value: Any) -> str | None:
        """The name of the variable whose value this very array is, or None."""

    @abstractmethod
    def collect(self, collection: str, item: Item) -> None:
        """Adds an item to a collection."""

    @abstractmethod
    def collection(self, collection: str) -> list[Item]:
        """The items of a collection, in order."""

    @abstractmethod
    def clear_collection(self, collection: str) -> None:
        """Empties a collection."""

    @abstractmethod
    def collections(self) -> tuple[str, ...]:
        """The names of the collections that have items."""

    @abstractmethod
    def next_key(self, name: str) -> jax.Array:
        """A random key for the operation called `name`, which is unique in the program."""

    def call(self, function: Callable[..., R], args: tuple[Any, ...], kwargs: dict[str, Any]) -> R:
        """Runs one layer, loss, metric or summary; what tells other programs what a layer is."""
        return function(*args, **kwargs)


_current: contextvars.ContextVar[Program | None] = contextvars.ContextVar("jax_slim_program", default=None)


def current() -> Program | None:
    """The program being run, or None outside of one."""
    return _current.get()


def require(function: str) -> Program:
    """The program being run; raises ProgramError, naming the caller and the way out, outside of one."""
    program = _current.get()
    if program is None:
        raise ProgramError(
            f"{function}: needs a running program, and there is none. Put the code into a function, "
            "wrap it in `model = slim.Model(function)` and call model.init, model.apply or model.collect."
        )
    return program


@contextlib.contextmanager
def running(program: Program) -> Iterator[None]:
    """Makes `program` the current one for the duration of the block."""
    token = _current.set(program)
    try:
        yield
    finally:
        _current.reset(token)


def operation(function: Callable[P, R]) -> Callable[P, R]:
    """Decorates every public layer, loss, metric and summary: routes the call through the current program.

    Names of arguments, and values that cannot be meant, are checked first (see `arguments`).

    An exception from inside gets a note that names the operation, so a shape error three libraries down
    still says which layer it happened in.
    """
    name, check = function.__name__, Checks(function)

    @functools.wraps(function)
    def routed(*args: P.args, **kwargs: P.kwargs) -> R:
        program = _current.get()
        try:
            check(args, kwargs)
            if program is None:
                return function(*args, **kwargs)
            return program.call(function, args, kwargs)
        except Exception as error:
            scope = kwargs.get("scope")
            error.add_note(f"  in slim.{name}" + (f" (scope {scope!r})" if isinstance(scope, str) else ""))
            shorten(error)
            raise

    return routed


def user_line() -> str:
    """'file:line' of the nearest caller outside this package and JAX."""
    frame = sys._getframe(1)
    while frame is not None:
        filename = frame.f_code.co_filename
        if not filename.startswith(_OTHERS) and "contextlib" not in filename:
            return f"{filename}:{frame.f_lineno}"
        frame = frame.f_back
    return "unknown"
