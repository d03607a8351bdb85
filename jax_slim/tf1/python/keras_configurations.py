"""Objects of Keras as configurations, `{"class_name": ..., "config": {...}}`, and back: `serialize`, `deserialize` and `get` of each kind."""

import contextlib
import inspect
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any

_registered: dict[str, Any] = {}  # what programs register: for the whole process, as in Keras
_scoped: ContextVar[dict[str, Any] | None] = ContextVar("custom_objects", default=None)


def get_custom_objects() -> dict[str, Any]:
    """The table of classes and functions that programs add to by name."""
    return _registered


def register_keras_serializable(package: str = "Custom", name: str | None = None) -> Callable[[Any], Any]:
    """Decorates a class or function that configurations may name, as 'package>name'.

    Raises:
      ValueError: a class has no `get_config`.
    """

    def register(arg: Any) -> Any:
        if inspect.isclass(arg) and not hasattr(arg, "get_config"):
            raise ValueError("Cannot register a class that does not have a get_config() method.")
        registered = f"{package}>{name or arg.__name__}"
        _registered[registered] = arg
        return arg

    return register


@contextlib.contextmanager
def custom_object_scope(*args: dict[str, Any]) -> Iterator[None]:
    """Inside, the names of some dictionaries are known to `deserialize` and `get`."""
    token = _scoped.set({**(_scoped.get() or {}), **{k: v for objects in args for k, v in objects.items()}})
    try:
        yield
    finally:
        _scoped.reset(token)


def _name_of(made: Any) -> str:
    """By what name a class or function is written down."""
    return next((name for name, known in _registered.items() if known is made), made.__name__)


def serialize_keras_object(instance: Any) -> Any:
    """The configuration of an object, the name of a function; None stays None.

    Raises:
      ValueError: it has neither.
    """
    if instance is None:
        return None
    if hasattr(instance, "get_config"):
        return {"class_name": _name_of(type(instance)), "config": instance.get_config()}
    if hasattr(instance, "__name__"):
        return _name_of(instance)
    raise ValueError(f"Cannot serialize {instance}")


def deserialize_keras_object(
    identifier: Any, module_objects: dict[str, Any] | None = None, custom_objects: dict[str, Any] | None = None,
    printable_module_name: str = "object",
) -> Any:  # fmt: skip
    """The object of a configuration, the function of a name: of the custom objects, those in scope, those registered, then the kind's own.

    Raises:
      ValueError: the name is not known, or it is no configuration.
    """
    if identifier is None or inspect.isfunction(identifier):
        return identifier
    known = {**(module_objects or {}), **_registered, **(_scoped.get() or {}), **(custom_objects or {})}
    if isinstance(identifier, str):
        found = known.get(identifier)
        if found is None:
            raise ValueError(f"Unknown {printable_module_name}: {identifier}")
        return found() if inspect.isclass(found) else found
    if not isinstance(identifier, dict):
        raise ValueError(f"Could not interpret serialized {printable_module_name}: {identifier}")
    if "class_name" not in identifier or "config" not in identifier:
        raise ValueError(f"Improper config format: {identifier}")
    found = known.get(identifier["class_name"])
    if found is None:
        raise ValueError(f"Unknown {printable_module_name}: {identifier['class_name']}")
    if not hasattr(found, "from_config"):
        return found(**identifier["config"])
    if custom_objects and "custom_objects" in inspect.signature(found.from_config).parameters:
        return found.from_config(identifier["config"], custom_objects=custom_objects)
    with custom_object_scope(custom_objects or {}):
        return found.from_config(identifier["config"])


def of_objects(title: str, table: dict[str, Any]) -> tuple[Callable[..., Any], Callable[..., Any], Callable[..., Any]]:
    """(serialize, deserialize, get) of a kind of objects, by a table of its names."""

    def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
        """The object of a configuration, or of a name."""
        found = deserialize_keras_object(config, table, custom_objects, title)
        # A name may be that of a function which makes the object.
        return (
            found() if isinstance(config, str) and table.get(config) is found and inspect.isfunction(found) else found
        )

    def get(identifier: Any) -> Any:
        """An object: itself, by its configuration or by its name; None stays None."""
        if identifier is None or isinstance(identifier, str | dict):
            return deserialize(identifier)
        if callable(identifier):
            return identifier() if inspect.isclass(identifier) else identifier
        raise ValueError(f"Could not interpret {title} identifier: {identifier}")

    def serialize(instance: Any) -> Any:
        """The object's configuration."""
        return serialize_keras_object(instance)

    return serialize, deserialize, get


def of_functions(title: str, find: Callable[[str], Any]) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """(serialize, deserialize) of a kind of functions; `find` gives one by its name, or raises ValueError."""

    def deserialize(name: Any, custom_objects: dict[str, Any] | None = None) -> Any:
        """The function of a name."""
        try:
            return deserialize_keras_object(name, None, custom_objects, title)
        except ValueError:
            if not isinstance(name, str):
                raise
            return find(name)

    def serialize(instance: Any) -> Any:
        """The function's name; an object's configuration."""
        return serialize_keras_object(instance)

    return serialize, deserialize
