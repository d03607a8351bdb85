"""`variable_scope` and `name_scope`, with TensorFlow 1's naming and reuse rules.

A variable scope names variables; every variable scope also opens a name scope, which names operations
(losses, summaries, random keys, profiles). The two differ when a scope is entered again: variables stay
under 'net', operations go to 'net_1'.
"""

import contextlib
import contextvars
import enum
from collections.abc import Callable, Iterator
from typing import Any

import jax

from jax_slim.core import names
from jax_slim.core import program as _program


class _Reuse(enum.Enum):
    AUTO_REUSE = 1

    def __repr__(self) -> str:
        return "slim.AUTO_REUSE"


AUTO_REUSE = _Reuse.AUTO_REUSE
"""For `reuse=`: share the variables that exist and make those that do not."""


class VariableScope:
    """An open variable scope: what `with variable_scope(...) as scope` yields; may be entered again.

    Attributes:
      name: the whole name: 'a/b'.
      original_name_scope: the name scope opened with it, ending in '/'.
      reuse: None (make variables), True (share existing ones) or AUTO_REUSE (either).
      initializer, regularizer, partitioner, custom_getter, dtype: defaults for variables made inside.
    """

    def __init__(
        self,
        name: str,
        original_name_scope: str = "",
        reuse: Any = None,
        initializer: Any = None,
        regularizer: Any = None,
        partitioner: Callable[..., Any] | None = None,
        custom_getter: Callable[..., Any] | None = None,
        dtype: Any = None,
    ) -> None:
        self.name = name
        self.original_name_scope = original_name_scope
        self.reuse = reuse
        self.initializer = initializer
        self.regularizer = regularizer
        self.partitioner = partitioner
        self.custom_getter = custom_getter
        self.dtype = dtype

    def reuse_variables(self) -> None:
        """From here on, this scope shares existing variables instead of making them."""
        self.reuse = True

    def __repr__(self) -> str:
        return f"VariableScope({self.name!r}, reuse={self.reuse!r})"


_variable_scope: contextvars.ContextVar[VariableScope] = contextvars.ContextVar("jax_slim_variable_scope")
_name_scope: contextvars.ContextVar[str] = contextvars.ContextVar("jax_slim_name_scope", default="")


def get_variable_scope() -> VariableScope:
    """The innermost open variable scope; its name is '' at the root."""
    scope = _variable_scope.get(None)
    if scope is None:
        scope = VariableScope("")
        if _program.current() is not None:
            _variable_scope.set(scope)  # so that reuse_variables() at the root lasts for the program
    return scope


def get_name_scope() -> str:
    """The name scope in force, without a trailing '/'; '' at the root."""
    return _name_scope.get()


def unique_op_name(name: str) -> str:
    """`name` in the current name scope, made unique in the program ('loss', 'loss_1', ...)."""
    full = names.join(_name_scope.get(), name)
    program = _program.current()
    return full if program is None else program.op_names.unique(full)


@contextlib.contextmanager
def name_scope(name: str | None, default_name: str | None = None, values: Any = None) -> Iterator[str]:
    """Names operations: the losses, summaries and random keys made inside begin with 'name/'.

    Variable names do not change (`variable_scope` changes both). The scope also names the operations in
    a JAX profile.

    Args:
      name: the scope's name, made unique in the program ('n', 'n_1', ...); one that ends in '/' is taken
        whole, as it is; '' returns to the root. None means `default_name`.
      default_name: used when `name` is None.
      values: ignored; TensorFlow's third argument.

    Yields:
      The whole name, ending in '/' ('' at the root).

    Raises:
      ValueError: the name has characters that a scope may not have.
    """
    del values
    name = default_name if name is None else name
    if not name:
        full = ""
    elif name.endswith("/"):
        full = name[:-1]
    else:
        names.check(name, _name_scope.get())
        full = unique_op_name(name)
    token = _name_scope.set(full)
    try:
        if not full:
            yield ""
        else:
            with jax.named_scope(full.rsplit("/", 1)[-1]):
                yield full + "/"
    finally:
        _name_scope.reset(token)


@contextlib.contextmanager
def variable_scope(
    name_or_scope: str | VariableScope | None,
    default_name: str | None = None,
    values: Any = None,
    initializer: Any = None,
    regularizer: Any = None,
    caching_device: Any = None,
    partitioner: Callable[..., Any] | None = None,
    custom_getter: Callable[..., Any] | None = None,
    reuse: Any = None,
    dtype: Any = None,
    use_resource: Any = None,
    constraint: Any = None,
    auxiliary_name_scope: bool = True,
) -> Iterator[VariableScope]:
    """Names variables: those made inside begin with 'name/'.

        with slim.variable_scope("tower") as scope:
            a = slim.conv2d(left, 64, 3, scope="conv")        # makes tower/conv/weights
        with slim.variable_scope(scope, reuse=True):
            b = slim.conv2d(right, 64, 3, scope="conv")       # shares them

    Args:
      name_or_scope: a name inside the current scope, a scope object to enter again (from anywhere), or
        None for `default_name`.
      default_name: used when `name_or_scope` is None, and then made unique ('Conv', 'Conv_1', ...).
      initializer, regularizer, partitioner, custom_getter, dtype: defaults for the variables made inside;
        inherited by inner scopes.
      reuse: True shares existing variables and makes none; AUTO_REUSE makes those that are missing; None
        inherits from the scope around.
      auxiliary_name_scope: False opens no name scope.
      values, caching_device, use_resource, constraint: accepted and without meaning here.

    Yields:
      The scope.

    Raises:
      TypeError: neither a name nor a default name is given, or the first argument is of another kind.
      ValueError: `reuse` without a name, or a name that is not valid.
    """
    del values, caching_device, use_resource, constraint
    if name_or_scope is None and default_name is None:
        raise TypeError("variable_scope: name_or_scope must be given when default_name is None.")
    if not isinstance(name_or_scope, str | VariableScope | None):
        raise TypeError(f"variable_scope: name_or_scope must be a string or a VariableScope, got {name_or_scope!r}.")
    if name_or_scope is None and reuse:
        raise ValueError(
            f"variable_scope: reuse={reuse!r} needs a name: give scope= (layers) or name_or_scope, got None."
        )
    outer = get_variable_scope()
    program = _program.current()
    if isinstance(name_or_scope, VariableScope):
        source, op_name = name_or_scope, name_or_scope.name.rsplit("/", 1)[-1]
        name, reuse = source.name, reuse or source.reuse
    else:
        op_name = default_name if name_or_scope is None else name_or_scope
        assert op_name is not None
        if op_name:
            names.check(op_name, outer.name)
        if name_or_scope is None and program is not None:
            name = program.scope_counts.unique(outer.name, op_name)
        else:
            name = op_name
        source, name, reuse = outer, names.join(outer.name, name), reuse or outer.reuse

    # Entering the root ('') leaves the name scope as it is.
    opened = (
        name_scope(op_name) if auxiliary_name_scope and op_name else contextlib.nullcontext(_slash(get_name_scope()))
    )
    with opened as ops:
        scope = VariableScope(
            name,
            source.original_name_scope if isinstance(name_or_scope, VariableScope) else ops,
            reuse,
            source.initializer if initializer is None else initializer,
            source.regularizer if regularizer is None else regularizer,
            source.partitioner if partitioner is None else partitioner,
            _chain(source.custom_getter, custom_getter),
            source.dtype if dtype is None else dtype,
        )
        counts = program.scope_counts if program is not None else names.ScopeCounts()
        counts.open(name)
        before = counts.snapshot()
        token = _variable_scope.set(scope)
        try:
            yield scope
        finally:
            _variable_scope.reset(token)
            # TensorFlow's rule: a scope entered by name forgets the default names used inside, one
            # entered as an object puts all of them back.
            if isinstance(name_or_scope, VariableScope):
                counts.restore(before)
            else:
                counts.forget_below(name)


def _slash(scope: str) -> str:
    return scope + "/" if scope else ""


def _chain(outer: Callable[..., Any] | None, inner: Callable[..., Any] | None) -> Callable[..., Any] | None:
    """One getter out of two: the inner one is asked first and gets the outer one as its `getter`."""
    if outer is None or inner is None:
        return inner or outer

    def chained(getter: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        def ask_outer(*args: Any, **kwargs: Any) -> Any:
            return outer(getter, *args, **kwargs)

        return inner(ask_outer, *args, **kwargs)

    return chained


@contextlib.contextmanager
def at_root() -> Iterator[None]:
    """Runs with the root scopes, whatever is open around: a program's names never depend on its caller."""
    tokens = _variable_scope.set(VariableScope("")), _name_scope.set("")
    try:
        yield
    finally:
        _variable_scope.reset(tokens[0])
        _name_scope.reset(tokens[1])
