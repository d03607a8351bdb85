"""`tf.keras.layers.Layer` in graphs, the phase that says whether layers train, and the variables that Keras begins by itself."""

import inspect
from typing import Any

from jax_slim.tf1.graph import dtypes, graphs, shapes
from jax_slim.tf1.python import (
    array,
    initializers,
    keras_configurations,
    keras_constraints,
    keras_regularizers,
    keras_sessions,
    layer_base,
)
from jax_slim.tf1.python.variables import Variable

KERAS_INPUTS = ("keras_inputs",)  # for each input of models what makes layers of the operations behind it


def set_learning_phase(value: Any) -> None:
    """Has layers of the default graph that are called from now on train (1) or not (0)."""
    graphs.get_default_graph().get_collection_ref(("keras_learning_phase",))[:] = [bool(value)]


def learning_phase() -> Any:
    """The graph's placeholder that says whether layers train: False unless it is fed."""
    graph = graphs.get_default_graph()
    kept = graph.get_collection_ref(("keras_learning_phase",))
    if not kept:
        with graph.name_scope(None), graph.control_dependencies(None):
            kept.append(array.placeholder_with_default(False, shape=(), name="keras_learning_phase"))
    return kept[0]


_OWN_ATTRIBUTES = frozenset(
    {
        "_inbound",
        "_graph",
        "_opened",
        "_trainable_weights",
        "_non_trainable_weights",
        "_updates",
        "_losses",
        "input_spec",
    }
)


def _written(name: str, value: Any) -> Any:
    """An argument as it stands in a configuration."""
    if name.endswith("activation"):
        return "linear" if value is None else keras_configurations.serialize_keras_object(value)
    if name.endswith(("_initializer", "_regularizer", "_constraint")):
        return keras_configurations.serialize_keras_object(value)
    return value


def _read(name: str, value: Any) -> Any:
    """An argument of a configuration as layers take it."""
    if isinstance(value, str | dict):
        if name.endswith("_regularizer"):
            return keras_regularizers.get(value)
        if name.endswith("_constraint"):
            return keras_constraints.get(value)
    return value


def _contained(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [v for entry in value.values() for v in _contained(entry)]
    if isinstance(value, list | tuple):
        return [v for entry in value for v in _contained(entry)]
    return [value]


def _once(values: list[Any]) -> list[Any]:
    return list({id(v): v for v in values}.values())


class Layer(layer_base.Layer):
    """A layer: a name scope of its name for each call, resource variables below the first one's, losses and updates kept in the layer."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if layer_base.Layer in cls.__bases__:  # named beside a layer of Keras it comes before Keras's, as in TensorFlow
            for name in vars(Layer).keys() & vars(layer_base.Layer).keys() - vars(cls).keys():
                if name == "__call__" or not name.startswith("__"):
                    setattr(cls, name, vars(layer_base.Layer)[name])

    def _set_name(self, name: Any) -> None:
        self._base_name = layer_base.snake_case(type(self).__name__)
        self._name = name or layer_base.unique_name(self._base_name, zero_based=True)

    def _set_scope(self, scope: Any = None) -> None:
        pass

    def get_config(self) -> dict[str, Any]:
        """The arguments that make one like it: for a class of a program's own those of the layer of Keras that it extends."""
        config = {"name": self.name, "trainable": self.trainable, "dtype": self.dtype}
        if self._batch_input_shape is not None:
            config["batch_input_shape"] = tuple(self._batch_input_shape)
        made = next(c for c in type(self).__mro__ if c.__module__.startswith(__name__.partition(".")[0] + "."))
        for name in inspect.signature(made.__init__).parameters:
            if name not in config and name != "self" and hasattr(self, name):
                config[name] = _written(name, getattr(self, name))
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """The layer of a configuration."""
        return cls(**{name: _read(name, value) for name, value in config.items()})

    @property
    def trainable(self) -> bool:
        """Whether it, and the layers inside of it, train."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = value
        for layer in self._sublayers():
            layer.trainable = value

    def _sublayers(self) -> list[Any]:
        """The layers that its attributes hold, in lists and dictionaries too, in the order in which they were set."""
        found: dict[int, Any] = {}
        for name, value in self.__dict__.items():
            if name not in _OWN_ATTRIBUTES:
                for entry in _contained(value):
                    if isinstance(entry, layer_base.Layer) and entry is not self:
                        found[id(entry)] = entry
        return list(found.values())

    def _own_variables(self) -> list[Any]:
        """The variables that its attributes hold, beside those of `add_weight`."""
        there = {id(v) for v in (*self._trainable_weights, *self._non_trainable_weights)}
        return [v for v in self.__dict__.values() if isinstance(v, Variable) and id(v) not in there]

    @property
    def trainable_weights(self) -> list[Any]:
        if not self.trainable:
            return []
        own = self._trainable_weights + [v for v in self._own_variables() if v.trainable]
        return _once(own + [w for layer in self._sublayers() for w in layer.trainable_weights])

    @property
    def non_trainable_weights(self) -> list[Any]:
        below = self._sublayers()
        if self.trainable:
            own = self._non_trainable_weights + [v for v in self._own_variables() if not v.trainable]
            return _once(own + [w for layer in below for w in layer.non_trainable_weights])
        own = self._trainable_weights + self._own_variables() + self._non_trainable_weights
        return _once(own + [w for layer in below for w in layer.weights])

    weights = property(lambda self: _once(self.trainable_weights + self.non_trainable_weights))
    variables = property(lambda self: self.weights)
    trainable_variables = property(lambda self: self.trainable_weights)
    non_trainable_variables = property(lambda self: self.non_trainable_weights)

    @property
    def updates(self) -> list[Any]:
        own = list(self._updates) if self.trainable or self.stateful else []
        return own + [u for layer in self._sublayers() for u in layer.updates]

    @property
    def losses(self) -> list[Any]:
        return list(self._losses) + [loss for layer in self._sublayers() for loss in layer.losses]

    def get_losses_for(self, inputs: Any) -> list[Any]:
        return self.losses

    def get_weights(self) -> list[Any]:
        """The values of its variables, in the session that Keras uses."""
        return keras_sessions.get_session().run(self.weights)

    def set_weights(self, weights: Any) -> None:
        """Gives its variables values, in the session that Keras uses.

        Raises:
          ValueError: another number of values, or other shapes.
        """
        mine = self.weights
        if len(mine) != len(weights):
            raise ValueError(f'You called `set_weights(weights)` on layer "{self.name}" with a  weight list of length {len(weights)}, '
                             f"but the layer was expecting {len(mine)} weights.")  # fmt: skip
        for variable, value in zip(mine, weights, strict=True):
            if tuple(variable.shape.as_list()) != tuple(getattr(value, "shape", ())):
                raise ValueError(
                    f"Layer weight shape {tuple(variable.shape.as_list())} not compatible with provided weight shape {value.shape}"
                )
        session = keras_sessions.get_session()
        for variable, value in zip(mine, weights, strict=True):
            variable.load(value, session)

    def _collect(self, elements: list[Any], collection: str) -> None:
        pass

    def add_weight(self, name: Any = None, shape: Any = None, dtype: Any = None, initializer: Any = None, regularizer: Any = None,
                   trainable: bool | None = None, constraint: Any = None, **unused: Any) -> Any:  # fmt: skip
        """A variable of the layer."""
        kind = dtypes.as_dtype(dtype or self._dtype or dtypes.float32)
        initializer = initializers.get(initializer) or (
            initializers.GlorotUniform() if kind.is_floating else initializers.Zeros()
        )
        trainable = unused.get("synchronization") != 3 if trainable is None else trainable
        sizes = shapes.as_shape(() if shape is None else shape).as_list()
        made = Variable(
            lambda: initializer(sizes, dtype=kind),
            name=name,
            trainable=bool(trainable),
            use_resource=True,
            constraint=constraint,
        )
        keras_sessions.note_variable(made)
        (self._trainable_weights if trainable else self._non_trainable_weights).append(made)
        if regularizer is not None:
            self._add_regularization(name, [made], regularizer)
        return made

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Makes the operations for inputs, at the first call the variables too."""
        tensors = layer_base.flatten(inputs)
        graph = graphs.graph_of(tensors)
        for make_layers in graph.get_collection(KERAS_INPUTS)[:1]:
            make_layers(tensors)
        with graph.as_default(), graphs.name_scope(self._name) as scope:
            self._opened = scope
            return self._called(inputs, tensors, args, kwargs)

    def _name_scope(self) -> str:
        return self._opened
