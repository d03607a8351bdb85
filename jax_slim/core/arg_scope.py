"""Default arguments by scope: `arg_scope` gives decorated functions other defaults inside a `with` block.

    with slim.arg_scope([slim.conv2d, slim.fully_connected], weights_regularizer=slim.l2_regularizer(5e-4)):
        with slim.arg_scope([slim.conv2d], padding="SAME"):
            net = slim.conv2d(images, 64, [11, 11], 4, padding="VALID", scope="conv1")
            net = slim.conv2d(net, 256, [5, 5], scope="conv2")

A scope is an immutable table function key -> arguments, held in a `ContextVar`: threads and tasks do not
see each other's, and a scope that failed to open leaves the ones around it as they were.
"""

import contextlib
import contextvars
import functools
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, ParamSpec, TypeVar

from jax_slim.core import names
from jax_slim.core.tracebacks import shorten

P = ParamSpec("P")
R = TypeVar("R")
Scope = dict[str, dict[str, Any]]

_current: contextvars.ContextVar[Scope] = contextvars.ContextVar("jax_slim_arg_scope")


def arg_scope_func_key(op: Callable[..., Any]) -> str:
    """The key under which `op` stands in a scope (the table that `arg_scope(...) as scope` yields)."""
    return getattr(op, "_key_op", None) or str(op)


def has_arg_scope(func: Callable[..., Any]) -> bool:
    """Whether `func` was decorated with `add_arg_scope`, so that `arg_scope` can give it defaults."""
    return hasattr(func, "_key_op")


def arg_scoped_arguments(func: Callable[..., Any]) -> tuple[str, ...]:
    """The names of the arguments of `func` that have defaults: those an `arg_scope` usually sets.

    Raises:
      ValueError: `func` is not decorated with `add_arg_scope`.
    """
    _require_decorated("arg_scoped_arguments", func)
    parameters = inspect.signature(func).parameters.values()
    return tuple(p.name for p in parameters if p.default is not inspect.Parameter.empty)


def current_arg_scope() -> Scope:
    """The defaults in force here: function key -> argument -> value (a copy: changing it changes nothing)."""
    return {key: dict(arguments) for key, arguments in _current.get({}).items()}


@contextlib.contextmanager
def arg_scope(list_ops_or_scope: Sequence[Callable[..., Any]] | Scope, **kwargs: Any) -> Iterator[Scope]:
    """Sets default arguments of the listed functions, or enters again a scope captured before.

    Inner scopes add to outer ones and override them argument by argument; an argument given in a call
    overrides every scope. A captured scope (`with arg_scope(...) as scope`) entered again replaces the
    scopes around it, as in TF-Slim.

    Args:
      list_ops_or_scope: a list or tuple of functions decorated with `add_arg_scope`, or a captured scope.
      **kwargs: the defaults. Which arguments a function has is checked when it is called, as in TF-Slim.

    Yields:
      The scope now in force, to be entered again later.

    Raises:
      TypeError: `list_ops_or_scope` is neither list, tuple nor dict.
      ValueError: a function is not decorated, or arguments come with a captured scope.
    """
    if isinstance(list_ops_or_scope, Mapping):
        if kwargs:
            raise ValueError(
                f"arg_scope: a captured scope takes no further arguments, got {sorted(kwargs)}. "
                "Open a second arg_scope inside it."
            )
        scope = {key: dict(arguments) for key, arguments in list_ops_or_scope.items()}
    elif isinstance(list_ops_or_scope, list | tuple):
        for func in list_ops_or_scope:
            _require_decorated("arg_scope", func)
        scope = current_arg_scope()
        for func in list_ops_or_scope:
            scope.setdefault(arg_scope_func_key(func), {}).update(kwargs)
    else:
        raise TypeError(
            "arg_scope: list_ops_or_scope must be a list or tuple of functions, or a captured scope, "
            f"got {list_ops_or_scope!r}. For one function write arg_scope([slim.conv2d], ...)."
        )
    token = _current.set(scope)
    try:
        yield current_arg_scope()
    finally:
        _current.reset(token)


@contextlib.contextmanager
def under(scope: Scope) -> Iterator[None]:
    """Runs with `scope` below the scopes in force: these override it. What a `Model` does with its own."""
    merged = {key: dict(arguments) for key, arguments in scope.items()}
    for key, arguments in _current.get({}).items():
        merged.setdefault(key, {}).update(arguments)
    token = _current.set(merged)
    try:
        yield
    finally:
        _current.reset(token)


def add_arg_scope(func: Callable[P, R]) -> Callable[P, R]:
    """Decorates `func` so that `arg_scope` can set its defaults.

        @slim.add_arg_scope
        def bottleneck(inputs, depth, stride=1, scope=None): ...

        with slim.arg_scope([bottleneck], stride=2):
            net = bottleneck(net, 64)               # stride 2

    The decorated function raises TypeError when a scope sets an argument that it does not have, or one
    that the call gives by position.
    """
    parameters = inspect.signature(func).parameters
    positional = [p.name for p in parameters.values() if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    takes_any = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    key = str(func)
    name = getattr(func, "__name__", str(func))

    call: Callable[..., R] = func

    @functools.wraps(func)
    def with_defaults(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return call(*args, **with_scope(args, kwargs))
        except Exception as error:
            shorten(error)
            raise

    def with_scope(args: Any, kwargs: Any) -> Any:
        """The arguments by name, with those that the scope in force adds."""
        defaults = _current.get({}).get(key)
        if not defaults:
            return kwargs
        for argument in defaults:
            if argument not in parameters and not takes_any:
                raise TypeError(
                    f"{name}: got an unexpected argument {argument!r} from an arg_scope."
                    f"{names.hint(argument, parameters, 'arguments')}"
                )
            if argument in positional[: len(args)]:
                raise TypeError(
                    f"{name}: got multiple values for argument {argument!r}: by position in the call and from an "
                    "arg_scope. Pass it by name to override the scope."
                )
        return {**defaults, **kwargs}

    with_defaults._key_op = key  # pyright: ignore[reportAttributeAccessIssue]
    return with_defaults


def _require_decorated(caller: str, func: Callable[..., Any]) -> None:
    if has_arg_scope(func):
        return
    name = getattr(func, "__name__", repr(func))
    more = ""
    if isinstance(func, functools.partial):
        inner = getattr(func.func, "__name__", repr(func.func))
        more = f" It is a partial of {inner}: set the defaults of {inner} instead."
    raise ValueError(f"{caller}: {name} is not decorated with @slim.add_arg_scope, so a scope cannot reach it.{more}")
