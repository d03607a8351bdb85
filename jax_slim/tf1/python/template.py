"""`tf.make_template`: a function that shares its variables between its calls."""

import functools
from typing import Any

from jax_slim.tf1.graph import graphs
from jax_slim.tf1.graph.collections import GraphKeys
from jax_slim.tf1.python import variable_scope


class Template:
    """A function whose first call makes variables that all later calls use."""

    def __init__(
        self,
        name: str,
        func: Any,
        create_scope_now: bool = False,
        unique_name: str | None = None,
        custom_getter: Any = None,
    ) -> None:
        if name is None:
            raise ValueError("name cannot be None.")
        self._func, self._name, self._unique_name, self._custom_getter = func, name, unique_name, custom_getter
        self._variables_created = False
        self._scope: Any = None
        functools.update_wrapper(self, func, updated=[])
        if create_scope_now:
            with variable_scope.variable_scope(unique_name, name, custom_getter=custom_getter) as scope:
                self._scope = scope

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self._scope is not None:
            with variable_scope.variable_scope(self._scope, reuse=self._variables_created):
                return self._called(args, kwargs)
        with variable_scope.variable_scope(self._unique_name, self._name, custom_getter=self._custom_getter) as scope:
            self._scope = scope
            return self._called(args, kwargs)

    def _called(self, args: Any, kwargs: Any) -> Any:
        trainable_before = len(graphs.get_collection(GraphKeys.TRAINABLE_VARIABLES))
        result = self._func(*args, **kwargs)
        if self._variables_created and len(graphs.get_collection(GraphKeys.TRAINABLE_VARIABLES)) != trainable_before:
            raise ValueError(
                f"Trainable variable created when calling a template after the first time, perhaps you used tf.Variable when you meant tf.get_variable: {self._name}"
            )
        self._variables_created = True
        return result

    name = property(lambda self: self._name)
    func = property(lambda self: self._func)

    @property
    def variable_scope(self) -> Any:
        return self._scope

    @property
    def variable_scope_name(self) -> str | None:
        if self._scope is None:
            return None
        return self._scope.name.rstrip("/")

    var_scope = variable_scope

    def _of(self, collection: str) -> list[Any]:
        return [] if self._scope is None else self._scope.get_collection(collection)

    variables = property(lambda self: self._of(GraphKeys.GLOBAL_VARIABLES) + self._of(GraphKeys.LOCAL_VARIABLES))
    weights = property(lambda self: self.variables)
    trainable_variables = property(lambda self: self._of(GraphKeys.TRAINABLE_VARIABLES))
    trainable_weights = property(lambda self: self.trainable_variables)
    global_variables = property(lambda self: self._of(GraphKeys.GLOBAL_VARIABLES))
    local_variables = property(lambda self: self._of(GraphKeys.LOCAL_VARIABLES))


def make_template(
    name_: str,
    func_: Any,
    create_scope_now_: bool = False,
    unique_name_: str | None = None,
    custom_getter_: Any = None,
    **kwargs: Any,
) -> Template:
    """A function like `func_` that shares its variables between its calls.

    Args:
      name_: the name of its scope, made unique.
      create_scope_now_: make the scope at once, not at the first call.
      unique_name_: the name of the scope as it is.
      kwargs: arguments that each call passes on.
    """
    if kwargs:
        func_ = functools.partial(func_, **kwargs)
    return Template(name_, func_, create_scope_now_, unique_name_, custom_getter_)
