"""`tf.variable_scope` and `tf.get_variable`: names, sharing and defaults of variables."""

import contextlib
import copy
import functools
from typing import Any

from jax_slim.tf1.graph import dtypes, graphs
from jax_slim.tf1.graph.collections import GraphKeys
from jax_slim.tf1.graph.graphs import name_scope
from jax_slim.tf1.python import variables
from jax_slim.tf1.python.variable_store import AUTO_REUSE, VariableStore

_STORE_KEY = ("__variable_store",)
_SCOPES_KEY = ("__varscope",)
_DEFAULTS = (
    "initializer",
    "regularizer",
    "caching_device",
    "partitioner",
    "custom_getter",
    "dtype",
    "use_resource",
    "constraint",
)


class VariableScope:
    """What `variable_scope` gives: the name in front of variables, whether they are shared, and what they get where nothing is said."""

    def __init__(self, reuse: Any, name: str = "", initializer: Any = None, regularizer: Any = None, caching_device: Any = None,
                 partitioner: Any = None, custom_getter: Any = None, name_scope: str = "", dtype: Any = dtypes.float32,
                 use_resource: bool | None = None, constraint: Any = None) -> None:  # fmt: skip
        self._name, self._reuse, self._name_scope = name, reuse, name_scope
        self._initializer, self._regularizer, self._caching_device = initializer, regularizer, caching_device
        self._partitioner, self._custom_getter, self._dtype = partitioner, custom_getter, dtype
        self._use_resource, self._constraint = use_resource, constraint

    name = property(lambda self: self._name)
    original_name_scope = property(lambda self: self._name_scope)
    reuse = property(lambda self: self._reuse)
    initializer = property(lambda self: self._initializer)
    dtype = property(lambda self: self._dtype)
    use_resource = property(lambda self: self._use_resource)
    regularizer = property(lambda self: self._regularizer)
    caching_device = property(lambda self: self._caching_device)
    partitioner = property(lambda self: self._partitioner)
    custom_getter = property(lambda self: self._custom_getter)
    constraint = property(lambda self: self._constraint)

    def reuse_variables(self) -> None:
        """From now on `get_variable` finds what is there and makes nothing."""
        self._reuse = True

    def set_initializer(self, initializer: Any) -> None:
        self._initializer = initializer

    def set_dtype(self, dtype: Any) -> None:
        self._dtype = dtype

    def set_use_resource(self, use_resource: bool | None) -> None:
        self._use_resource = use_resource

    def set_regularizer(self, regularizer: Any) -> None:
        self._regularizer = regularizer

    def set_caching_device(self, caching_device: Any) -> None:
        self._caching_device = caching_device

    def set_partitioner(self, partitioner: Any) -> None:
        self._partitioner = partitioner

    def set_custom_getter(self, custom_getter: Any) -> None:
        self._custom_getter = custom_getter

    def get_collection(self, name: Any) -> list[Any]:
        """The entries of a collection that are in this scope."""
        return graphs.get_collection(name, self._name + "/" if self._name else "")

    def trainable_variables(self) -> list[Any]:
        return self.get_collection(GraphKeys.TRAINABLE_VARIABLES)

    def global_variables(self) -> list[Any]:
        return self.get_collection(GraphKeys.GLOBAL_VARIABLES)

    def local_variables(self) -> list[Any]:
        return self.get_collection(GraphKeys.LOCAL_VARIABLES)

    def get_variable(self, var_store: VariableStore, name: str, shape: Any = None, dtype: Any = None, initializer: Any = None,
                     regularizer: Any = None, reuse: Any = None, trainable: bool | None = None, collections: Any = None,
                     caching_device: Any = None, partitioner: Any = None, validate_shape: bool = True, use_resource: bool | None = None,
                     custom_getter: Any = None, constraint: Any = None, synchronization: Any = None, aggregation: Any = None) -> Any:  # fmt: skip
        """The variable of that name in this scope; what is not given is the scope's."""
        regularizer = self._regularizer if regularizer is None else regularizer
        caching_device = self._caching_device if caching_device is None else caching_device
        partitioner = self._partitioner if partitioner is None else partitioner
        custom_getter = self._custom_getter if custom_getter is None else custom_getter
        reuse = self._reuse if reuse is None else reuse
        full_name = f"{self._name}/{name}" if self._name else name
        # Variables are named by variable scopes alone, whatever name scopes are open.
        with name_scope(None):
            if dtype is not None and initializer is not None and not callable(initializer):
                given = getattr(initializer, "dtype", None)
                if (
                    given is not None
                    and dtypes.as_dtype(given).base_dtype != dtypes.as_dtype(dtype).base_dtype
                    and hasattr(initializer, "op")
                ):
                    raise ValueError(
                        f"Initializer type '{dtypes.as_dtype(given).base_dtype.name}' and explicit dtype '{dtypes.as_dtype(dtype).name}' don't match."
                    )
            initializer = self._initializer if initializer is None else initializer
            constraint = self._constraint if constraint is None else constraint
            dtype = self._dtype if dtype is None else dtype
            use_resource = self._use_resource if use_resource is None else use_resource
            return var_store.get_variable(
                full_name, shape=shape, dtype=dtype, initializer=initializer, regularizer=regularizer, reuse=reuse, trainable=trainable,
                collections=collections, caching_device=caching_device, partitioner=partitioner, validate_shape=validate_shape,
                use_resource=use_resource, custom_getter=custom_getter, constraint=constraint, synchronization=synchronization,
                aggregation=aggregation,
            )  # fmt: skip


class _Scopes:
    """The current scope of a graph, and how often each name was opened."""

    def __init__(self) -> None:
        self.current = VariableScope(False)
        self.counts: dict[str, int] = {}

    def open(self, name: str) -> None:
        self.counts[name] = self.counts.get(name, 0) + 1

    def close_below(self, name: str) -> None:
        below = name + "/" if name else ""
        for key in [key for key in self.counts if key.startswith(below)]:
            del self.counts[key]


def _scopes() -> _Scopes:
    found = graphs.get_collection_ref(_SCOPES_KEY)
    if not found:
        found.append(_PerThread())
    return found[0].scopes()


class _PerThread:
    """Each thread has a current scope of its own."""

    def __init__(self) -> None:
        import threading

        self._local = threading.local()

    def scopes(self) -> _Scopes:
        if not hasattr(self._local, "scopes"):
            self._local.scopes = _Scopes()
        return self._local.scopes


def _store() -> VariableStore:
    found = graphs.get_collection_ref(_STORE_KEY)
    if not found:
        found.append(VariableStore())
    return found[0]


def get_variable_scope() -> VariableScope:
    """The current variable scope."""
    return _scopes().current


def get_variable(name: str, shape: Any = None, dtype: Any = None, initializer: Any = None, regularizer: Any = None,
                 trainable: bool | None = None, collections: Any = None, caching_device: Any = None, partitioner: Any = None,
                 validate_shape: bool = True, use_resource: bool | None = None, custom_getter: Any = None, constraint: Any = None,
                 synchronization: Any = None, aggregation: Any = None) -> Any:  # fmt: skip
    """The variable `name` of the current variable scope: a new one, or where the scope shares variables the one that is there.

    Args:
      shape: needed unless the initializer is a value or a function without arguments.
      dtype: float32 where neither this nor the scope says.
      initializer: an initializer, a function, a tensor or a value; by default the scope's, else Glorot's uniform one for
        floats and zeros for integers and bools.
      regularizer: its loss becomes part of the collection REGULARIZATION_LOSSES when the variable is made.

    Raises:
      ValueError: the variable exists and is not to be shared, does not exist and is to be, or has another shape or type.
    """
    return get_variable_scope().get_variable(
        _store(), name, shape=shape, dtype=dtype, initializer=initializer, regularizer=regularizer, trainable=trainable,
        collections=collections, caching_device=caching_device, partitioner=partitioner, validate_shape=validate_shape,
        use_resource=use_resource, custom_getter=custom_getter, constraint=constraint, synchronization=synchronization,
        aggregation=aggregation,
    )  # fmt: skip


def get_local_variable(name: str, shape: Any = None, dtype: Any = None, initializer: Any = None, regularizer: Any = None,
                       trainable: Any = False, collections: Any = None, caching_device: Any = None, partitioner: Any = None,
                       validate_shape: bool = True, use_resource: bool | None = None, custom_getter: Any = None, constraint: Any = None,
                       synchronization: Any = None, aggregation: Any = None) -> Any:  # fmt: skip
    """`get_variable` of a local variable: part of LOCAL_VARIABLES, never trained."""
    collections = (
        [*(collections or []), GraphKeys.LOCAL_VARIABLES]
        if GraphKeys.LOCAL_VARIABLES not in (collections or [])
        else collections
    )
    return get_variable(name, shape, dtype, initializer, regularizer, False, collections, caching_device, partitioner, validate_shape,
                        use_resource, custom_getter, constraint, synchronization, aggregation)  # fmt: skip


def _unique_scope(prefix: str) -> str:
    scopes = _scopes()
    name = f"{scopes.current.name}/{prefix}" if scopes.current.name else prefix
    if not scopes.counts.get(name, 0):
        return prefix
    number = 1
    while scopes.counts.get(f"{name}_{number}", 0) > 0:
        number += 1
    return f"{prefix}_{number}"


def _composed(new: Any, old: Any) -> Any:
    if new is None or old is None:
        return new if new is not None else old

    def getter(getter: Any, *args: Any, **kwargs: Any) -> Any:
        return new(functools.partial(old, getter), *args, **kwargs)

    return getter


@contextlib.contextmanager
def pure_variable_scope(name_or_scope: Any, reuse: Any = None, original: str | None = None, **given: Any) -> Any:
    """A variable scope without a name scope."""
    _store()
    scopes = _scopes()
    old = scopes.current
    if isinstance(name_or_scope, VariableScope):
        base, name = name_or_scope, name_or_scope.name
        where = base._name_scope if original is None else original
        reuse = reuse or base.reuse
    else:
        base, name = old, f"{old.name}/{name_or_scope}" if old.name else name_or_scope
        where = original or name_or_scope
        reuse = reuse or old.reuse
    options = {n: getattr(base, "_" + n) if given.get(n) is None else given[n] for n in _DEFAULTS}
    options["custom_getter"] = _composed(given.get("custom_getter"), base._custom_getter)
    scope = VariableScope(reuse, name=name, name_scope=where, **options)
    scopes.open(name)
    kept = copy.copy(scopes.counts) if base is name_or_scope else None
    scopes.current = scope
    try:
        yield scope
    finally:
        if kept is None:
            scopes.close_below(name)
        else:
            scopes.counts = kept
        scopes.current = old


class variable_scope:
    """Names of variables inside get `scope/` in front, operations a name scope of that name.

    `with tf.variable_scope(name_or_scope, default_name=None, values=None, initializer=None, regularizer=None,
    caching_device=None, partitioner=None, custom_getter=None, reuse=None, dtype=None, use_resource=None, constraint=None,
    auxiliary_name_scope=True) as scope:`. With None as the name, `default_name` is made unique. `reuse=True` shares
    variables, `tf.AUTO_REUSE` shares those that exist; both hold for scopes inside. A scope object is entered again under
    its own full name. `auxiliary_name_scope=False` opens no name scope.
    """

    def __init__(self, name_or_scope: Any, default_name: str | None = None, values: Any = None, initializer: Any = None, regularizer: Any = None,
                 caching_device: Any = None, partitioner: Any = None, custom_getter: Any = None, reuse: Any = None, dtype: Any = None,
                 use_resource: bool | None = None, constraint: Any = None, auxiliary_name_scope: bool = True) -> None:  # fmt: skip
        if default_name is None and name_or_scope is None:
            raise TypeError("If default_name is None then name_or_scope is required")
        if reuse not in (None, True, False) and reuse is not AUTO_REUSE:
            raise ValueError(f"The reuse parameter must be True or False or None, got {reuse!r}.")
        if not isinstance(auxiliary_name_scope, bool):
            raise TypeError(f"The auxiliary_name_scope must be `True` or `False`, while get {auxiliary_name_scope}")
        self._name_or_scope, self._default_name, self._values = name_or_scope, default_name, values
        self._reuse = None if reuse is False else reuse
        if self._reuse and name_or_scope is None:
            raise ValueError("reuse=True cannot be used without a name_or_scope")
        self._auxiliary = auxiliary_name_scope
        self._given = dict(initializer=initializer, regularizer=regularizer, caching_device=caching_device, partitioner=partitioner,
                           custom_getter=custom_getter, dtype=dtype, use_resource=use_resource, constraint=constraint)  # fmt: skip
        self._stacks: list[contextlib.ExitStack] = []

    def __enter__(self) -> VariableScope:
        stack = contextlib.ExitStack()
        try:
            scope = self._enter(stack)
        except BaseException:
            stack.close()
            raise
        self._stacks.append(stack)
        return scope

    def __exit__(self, *error: Any) -> Any:
        return self._stacks.pop().__exit__(*error)

    def _enter(self, stack: contextlib.ExitStack) -> VariableScope:
        graph = graphs.graph_of(self._values or [])
        if graph is not graphs.get_default_graph():
            stack.enter_context(graph.as_default())
        asked = self._name_or_scope
        if asked is None:
            assert self._default_name is not None  # one of the two must be given
            opened = self._name_scope(stack, graph, self._default_name)
            return stack.enter_context(
                pure_variable_scope(_unique_scope(self._default_name), original=opened, **self._given)
            )
        if not isinstance(asked, VariableScope | str):
            raise TypeError("VariableScope: name_or_scope must be a string or VariableScope.")
        last = asked if isinstance(asked, str) else asked.name.split("/")[-1]
        original = None if isinstance(asked, str) else asked.original_name_scope
        if last or not self._auxiliary:
            opened = self._name_scope(stack, graph, last)
            original = opened if isinstance(asked, str) else original
        return stack.enter_context(pure_variable_scope(asked, self._reuse, original, **self._given))

    def _name_scope(self, stack: contextlib.ExitStack, graph: Any, name: str | None) -> str:
        if self._auxiliary:
            return stack.enter_context(graph.name_scope(name))
        here = graph.get_name_scope()
        return f"{here}/" if here else ""

    def __call__(self, function: Any) -> Any:
        @functools.wraps(function)
        def inside(*args: Any, **kwargs: Any) -> Any:
            with self:
                return function(*args, **kwargs)

        return inside


@contextlib.contextmanager
def variable_op_scope(values: Any, name_or_scope: Any, default_name: str | None = None, initializer: Any = None, regularizer: Any = None,
                      caching_device: Any = None, partitioner: Any = None, custom_getter: Any = None, reuse: Any = None, dtype: Any = None,
                      use_resource: bool | None = None, constraint: Any = None) -> Any:  # fmt: skip
    """`variable_scope` with the values first, as it was once called."""
    with variable_scope(name_or_scope, default_name, values, initializer, regularizer, caching_device, partitioner, custom_getter, reuse,
                        dtype, use_resource, constraint) as scope:  # fmt: skip
        yield scope


def no_regularizer(_: Any) -> None:
    """A regularizer that asks for nothing: where a scope's is not wanted."""


variables.set_default("of_scope", lambda: get_variable_scope().use_resource)
