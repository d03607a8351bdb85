"""`tf.Variable`: state that sessions keep, its nodes, and the lists of variables that a graph has."""

import functools
from collections.abc import Callable
from typing import Any

from jax_slim.tf1.graph import building, conversion, dtypes, graphs, shapes
from jax_slim.tf1.graph.collections import GraphKeys
from jax_slim.tf1.graph.tensors import Operation, Tensor
from jax_slim.tf1.python import initial_values
from jax_slim.tf1.python.save_slices import SaveSliceInfo, without_scope


class VariableSynchronization:
    """When copies of a variable on several devices are brought together. Accepted and kept."""

    AUTO, NONE, ON_WRITE, ON_READ = 0, 1, 2, 3


class VariableAggregation:
    """How values written by several devices are put together. Accepted and kept."""

    NONE, SUM, MEAN, ONLY_FIRST_REPLICA, ONLY_FIRST_TOWER = 0, 1, 2, 3, 3


class _Kinds(type):
    """Makes `tf.Variable(...)` a variable of the kind that the scope or the arguments ask for."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        if cls is not Variable:
            return super().__call__(*args, **kwargs)
        names = ("initial_value", "trainable", "collections", "validate_shape", "caching_device", "name", "variable_def",
                 "dtype", "expected_shape", "import_scope", "constraint", "use_resource")  # fmt: skip
        kwargs.update(zip(names, args, strict=False))
        create: Callable[..., Any] = _default_creator
        for creator in _creators():
            create = functools.partial(creator, create)
        return create(**kwargs)


def _creators() -> list[Any]:
    graph = graphs.get_default_graph()
    return graph._stack("variable_creators", [])


class variable_creator_scope:
    """Has `creator(next_creator, **arguments)` make the variables of a `with` block."""

    def __init__(self, variable_creator: Callable[..., Any]) -> None:
        self._creator = variable_creator

    def __enter__(self) -> None:
        self._stack = _creators()
        self._stack.append(self._creator)

    def __exit__(self, *unused: Any) -> None:
        self._stack.pop()


def _default_creator(use_resource: bool | None = None, **kwargs: Any) -> Any:
    if use_resource is None:
        use_resource = _defaults["of_scope"]()
    if use_resource is None:
        use_resource = _defaults["use_resource"]
    if use_resource:
        kwargs.pop("expected_shape", None)
        return _defaults["resource_class"](**kwargs)
    return RefVariable(**kwargs)


# The scope's wish, and the class of resource variables, are set by the files that define them, which import this one.
_defaults: dict[str, Any] = {"use_resource": False, "of_scope": lambda: None, "resource_class": None}


def set_default(name: str, value: Any) -> None:
    """Tells this file of the scopes (`of_scope`) and of the class (`resource_class`) that stand on it."""
    _defaults[name] = value


def enable_resource_variables() -> None:
    """Makes resource variables the kind that is made where nothing is said."""
    _defaults["use_resource"] = True


def disable_resource_variables() -> None:
    """Makes reference variables the kind that is made where nothing is said, as at the start."""
    _defaults["use_resource"] = False


def resource_variables_enabled() -> bool:
    """Whether resource variables are the kind that is made where nothing is said."""
    return _defaults["use_resource"]


class Variable(metaclass=_Kinds):
    """State that a session keeps: made with an initial value, read wherever a tensor is expected, changed by assignments.

    `Variable(initial_value, trainable=True, collections=None, validate_shape=True, caching_device=None, name="Variable",
    dtype=None, constraint=None, use_resource=None)` makes a `VariableV2` node `name`, its `name/Assign` and `name/read`;
    with `use_resource=True` (or in such a scope) a `VarHandleOp` with `name/Assign` and `name/Read/ReadVariableOp`.
    The initial value is a tensor, anything that becomes one, or a function without arguments that gives one. The
    variable is part of the collections given, the global ones by default, and of the trainable ones.
    """

    __array_priority__ = 100
    SaveSliceInfo = SaveSliceInfo
    _save_slice_info: Any = None
    _is_graph_variable = True

    # What both kinds keep.
    _trainable = True
    _constraint: Any = None
    _initial_value: Any = None
    _initializer_op: Any = None
    _shape: Any = None
    _caching_device: Any = None
    synchronization = VariableSynchronization.AUTO
    aggregation = VariableAggregation.NONE

    def _keep(
        self, trainable: Any, collections: Any, constraint: Any, synchronization: Any, aggregation: Any
    ) -> list[Any]:
        """Keeps the options; gives the collections that the variable belongs to."""
        if collections is None:
            collections = [GraphKeys.GLOBAL_VARIABLES]
        if not isinstance(collections, list | tuple | set):
            raise ValueError(
                f"collections argument to Variable constructor must be a list, tuple, or set. Got {collections} of type {type(collections)}"
            )
        if constraint is not None and not callable(constraint):
            raise ValueError("The `constraint` argument must be a callable.")
        if trainable is None:
            trainable = synchronization != VariableSynchronization.ON_READ
        self._trainable, self._constraint = bool(trainable), constraint
        self.synchronization = synchronization or VariableSynchronization.AUTO
        self.aggregation = aggregation or VariableAggregation.NONE
        collections = list(collections)
        if self._trainable and GraphKeys.TRAINABLE_VARIABLES not in collections:
            collections.append(GraphKeys.TRAINABLE_VARIABLES)
        return collections

    graph = property(lambda self: self.op.graph)
    trainable = property(lambda self: self._trainable)
    constraint = property(lambda self: self._constraint)
    initial_value = property(lambda self: self._initial_value)
    initializer = property(lambda self: self._initializer_op)
    device = property(lambda self: self.op.device)
    shape = property(lambda self: self.get_shape())
    _shared_name = property(lambda self: self.name[: self.name.index(":")])

    def get_shape(self) -> shapes.TensorShape:
        raise NotImplementedError

    def value(self) -> Tensor:
        raise NotImplementedError

    def read_value(self) -> Tensor:
        raise NotImplementedError

    @property
    def name(self) -> str:
        raise NotImplementedError

    @property
    def op(self) -> Operation:
        raise NotImplementedError

    @property
    def dtype(self) -> dtypes.DType:
        raise NotImplementedError

    def initialized_value(self) -> Tensor:
        """Its value, or where it has none yet its initial value: what another variable's initial value is made of."""
        from jax_slim.tf1.python import control_flow, state_ops

        with initial_values.init_scope():
            return control_flow.cond(
                state_ops.is_variable_initialized(self), self.read_value, lambda: self.initial_value
            )

    def eval(self, session: Any = None) -> Any:
        """Its value in the session given, or the default one."""
        return self._as_graph_element().eval(session=session)

    def load(self, value: Any, session: Any = None) -> None:
        """Gives it a value in the session given, or the default one, without making a node."""
        session = session or graphs.get_default_session()
        if session is None:
            raise ValueError("Either session argument should be provided or default session should be established")
        session.run(self.initializer, {self.initializer.inputs[1]: value})

    def _as_graph_element(self) -> Any:
        raise NotImplementedError

    def _set_save_slice_info(self, save_slice_info: SaveSliceInfo) -> None:
        self._save_slice_info = save_slice_info

    def _get_save_slice_info(self) -> Any:
        return self._save_slice_info

    def set_shape(self, shape: Any) -> None:
        """Adds what is known of the shape."""
        raise NotImplementedError

    def experimental_ref(self) -> "Variable":
        return self

    def __iter__(self) -> Any:
        raise TypeError("'Variable' object is not iterable.")

    def __hash__(self) -> int:
        return id(self)

    def __eq__(self, other: Any) -> bool:
        return self is other

    def __deepcopy__(self, memo: Any) -> Any:
        return self

    def __copy__(self) -> Any:
        return self

    @staticmethod
    def from_proto(variable_def: Any, import_scope: str | None = None) -> Any:
        """The variable that a VariableDef speaks of, whose nodes are in the default graph."""
        return Variable(
            variable_def=variable_def, import_scope=import_scope, use_resource=bool(variable_def.is_resource)
        )

    def to_proto(self, export_scope: str | None = None) -> Any:
        """A VariableDef; None where the variable is not in the scope."""
        from tensorboard.compat.proto import variable_pb2

        if export_scope is not None and not self.name.startswith(export_scope):
            return None
        shown = lambda element: "" if element is None else without_scope(element.name, export_scope) or ""  # noqa: E731
        made = variable_pb2.VariableDef(  # pyright: ignore[reportAttributeAccessIssue] - made on import
            variable_name=without_scope(self.name, export_scope), initializer_name=shown(self.initializer),
            snapshot_name=shown(self._snapshot_element()), initial_value_name=shown(self._initial_value),
            trainable=self.trainable, is_resource=self._is_resource, synchronization=int(self.synchronization), aggregation=int(self.aggregation),
        )  # fmt: skip
        if self._save_slice_info is not None:
            made.save_slice_info_def.MergeFrom(self._save_slice_info.to_proto(export_scope))
        return made

    _is_resource = False

    def _snapshot_element(self) -> Any:
        raise NotImplementedError

    def _from_proto(self, variable_def: Any, import_scope: str | None) -> None:
        graph = graphs.get_default_graph()

        def element(name: str) -> Any:
            return graph.as_graph_element(f"{import_scope}/{name}" if import_scope else name)

        self._take(element(variable_def.variable_name), element(variable_def.snapshot_name))
        self._initializer_op = element(variable_def.initializer_name)
        # Files of older versions do not say whether a variable is trainable: then it is.
        self._trainable = (
            variable_def.trainable if variable_def.trainable or not _is_default_trainable(variable_def) else True
        )
        self.synchronization, self.aggregation = variable_def.synchronization, variable_def.aggregation
        if variable_def.initial_value_name:
            self._initial_value = element(variable_def.initial_value_name)
        if variable_def.HasField("save_slice_info_def"):
            self._save_slice_info = SaveSliceInfo(
                save_slice_info_def=variable_def.save_slice_info_def, import_scope=import_scope
            )

    def _take(self, variable: Tensor, snapshot: Tensor) -> None:
        raise NotImplementedError


def _is_default_trainable(variable_def: Any) -> bool:
    return False


def _operator(name: str) -> Callable[..., Any]:
    def operator(self: Variable, *args: Any) -> Any:
        return getattr(Tensor, name)(self.value(), *args)

    operator.__name__ = name
    return operator


for _name in ("add radd sub rsub mul rmul div rdiv truediv rtruediv floordiv rfloordiv mod rmod lt le gt ge and rand or ror xor rxor "
              "pow rpow invert neg abs matmul rmatmul").split():  # fmt: skip
    setattr(Variable, f"__{_name}__", _operator(f"__{_name}__"))


def _getitem(self: Variable, spec: Any) -> Tensor:
    from jax_slim.tf1.python import slicing

    return slicing.getitem(self.value(), spec, var=self)


Variable.__getitem__ = _getitem  # type: ignore[attr-defined]


class RefVariable(Variable):
    """A variable of the first kind: a `VariableV2` node that gives a reference, and `name/read` that gives its value."""

    def __init__(self, initial_value: Any = None, trainable: bool | None = None, collections: Any = None, validate_shape: bool = True,
                 caching_device: Any = None, name: str | None = None, variable_def: Any = None, dtype: Any = None, expected_shape: Any = None,
                 import_scope: str | None = None, constraint: Any = None, synchronization: Any = None, aggregation: Any = None, shape: Any = None) -> None:  # fmt: skip
        if variable_def is not None:
            if initial_value is not None:
                raise ValueError("variable_def and initial_value are mutually exclusive.")
            self._from_proto(variable_def, import_scope)
            return
        from jax_slim.tf1.python import state_ops

        if initial_value is None:
            raise ValueError("initial_value must be specified.")
        collections = self._keep(trainable, collections, constraint, synchronization, aggregation)
        initial_value, from_function = initial_values.checked(initial_value)
        self._caching_device = caching_device
        with (
            initial_values.init_scope(),
            graphs.name_scope(name, "Variable", [] if from_function else [initial_value]) as scope,
        ):
            with initial_values.colocated_with_name(scope if from_function else None):
                self._initial_value = initial_values.tensor(initial_value, from_function, dtype)
                if not validate_shape:
                    shape = shapes.unknown_shape()
                elif shape is None:
                    shape = self._initial_value.shape
                if validate_shape and not self._initial_value.shape.is_fully_defined():
                    raise ValueError(f"initial_value must have a shape specified: {self._initial_value}")
                self._variable = state_ops.variable_op_v2(shape, self._initial_value.dtype.base_dtype, name=scope)
            guarded = initial_values.guarded(scope, self._initial_value)
            self._initializer_op = state_ops.assign(self._variable, guarded, validate_shape=validate_shape).op
            if caching_device is not None:
                with graphs.device(caching_device):
                    self._snapshot = building.make("Identity", self._variable, name="read")
            else:
                with graphs.colocate_with(self._variable.op):
                    self._snapshot = building.make("Identity", self._variable, name="read")
        graphs.add_to_collections(collections, self)

    def _take(self, variable: Tensor, snapshot: Tensor) -> None:
        self._variable, self._snapshot = variable, snapshot

    name = property(lambda self: self._variable.name)
    op = property(lambda self: self._variable.op)
    dtype = property(lambda self: self._variable.dtype)

    def get_shape(self) -> shapes.TensorShape:
        return self._variable.shape

    def set_shape(self, shape: Any) -> None:
        self._variable.set_shape(shape)
        self.value().set_shape(shape)

    def value(self) -> Tensor:
        """Its read tensor, `name/read`."""
        return self._snapshot

    def read_value(self) -> Tensor:
        """A new tensor that reads it: in a `control_dependencies` block after what the block waits for."""
        return building.make("Identity", self._variable, name="read")

    def _ref(self) -> Tensor:
        return self._variable

    def _as_graph_element(self) -> Tensor:
        return self._variable

    def _snapshot_element(self) -> Tensor:
        return self._snapshot

    def __repr__(self) -> str:
        return f"<tf.Variable '{self.name}' shape={self.get_shape()} dtype={self.dtype.name}>"

    def assign(self, value: Any, use_locking: bool = False, name: str | None = None, read_value: bool = True) -> Any:
        """Makes the node that gives it a value; gives the value after it, or with `read_value=False` the operation."""
        return self._made("assign", value, use_locking, name, read_value)

    def assign_add(
        self, delta: Any, use_locking: bool = False, name: str | None = None, read_value: bool = True
    ) -> Any:
        """Makes the node that adds to it."""
        return self._made("assign_add", delta, use_locking, name, read_value)

    def assign_sub(
        self, delta: Any, use_locking: bool = False, name: str | None = None, read_value: bool = True
    ) -> Any:
        """Makes the node that subtracts from it."""
        return self._made("assign_sub", delta, use_locking, name, read_value)

    def _made(self, function: str, value: Any, use_locking: bool, name: str | None, read_value: bool) -> Any:
        from jax_slim.tf1.python import state_ops

        made = getattr(state_ops, function)(self._variable, value, use_locking=use_locking, name=name)
        return made if read_value else made.op

    def _strided_slice_assign(
        self, begin: Any, end: Any, strides: Any, value: Any, name: str | None, **masks: int
    ) -> Any:
        return building.make("StridedSliceAssign", self._variable, begin, end, strides, value, name=name, **masks)

    def count_up_to(self, limit: int) -> Tensor:
        """A tensor that gives the value and counts on; OutOfRangeError at the limit."""
        return building.make("CountUpTo", self._variable, limit=limit)


def _scatter(type: str) -> Callable[..., Any]:
    def scatter(self: RefVariable, sparse_delta: Any, use_locking: bool = False, name: str | None = None) -> Any:
        return building.make(
            type, self._variable, sparse_delta.indices, sparse_delta.values, use_locking=use_locking, name=name
        )

    scatter.__doc__ = "Makes the node that changes the rows that the IndexedSlices speak of."
    return scatter


def _scatter_nd(type: str) -> Callable[..., Any]:
    def scatter(self: RefVariable, indices: Any, updates: Any, name: str | None = None) -> Any:
        return building.make(type, self._variable, indices, updates, use_locking=True, name=name)

    scatter.__doc__ = "Makes the node that changes the elements at the indices."
    return scatter


for _name in ("Add", "Sub", "Mul", "Div", "Min", "Max", "Update"):
    setattr(RefVariable, f"scatter_{_name.lower()}", _scatter(f"Scatter{_name}"))
for _name in ("Add", "Sub", "Update"):
    setattr(RefVariable, f"scatter_nd_{_name.lower()}", _scatter_nd(f"ScatterNd{_name}"))


def _convert(variable: Variable, dtype: Any = None, name: str | None = None, as_ref: bool = False) -> Any:
    if dtype is not None and not dtype.is_compatible_with(variable.dtype):
        raise ValueError(
            f"Incompatible type conversion requested to type '{dtype.name}' for variable of type '{variable.dtype.name}'"
        )
    return variable._ref() if as_ref and isinstance(variable, RefVariable) else variable.value()


conversion.register_tensor_conversion_function(Variable, _convert)


# The lists of a graph's variables.


def global_variables(scope: str | None = None) -> list[Any]:
    """The variables that are saved and shared: the collection GLOBAL_VARIABLES."""
    return graphs.get_collection(GraphKeys.GLOBAL_VARIABLES, scope)


def all_variables() -> list[Any]:
    """`global_variables()`, by its first name."""
    return global_variables()


def _all_saveable_objects(scope: str | None = None) -> list[Any]:
    return global_variables(scope) + graphs.get_collection(GraphKeys.SAVEABLE_OBJECTS, scope)


def local_variables(scope: str | None = None) -> list[Any]:
    """The variables of one process, such as counters of metrics: the collection LOCAL_VARIABLES."""
    return graphs.get_collection(GraphKeys.LOCAL_VARIABLES, scope)


def model_variables(scope: str | None = None) -> list[Any]:
    """The collection MODEL_VARIABLES."""
    return graphs.get_collection(GraphKeys.MODEL_VARIABLES, scope)


def trainable_variables(scope: str | None = None) -> list[Any]:
    """What optimizers train: the collection TRAINABLE_VARIABLES."""
    return graphs.get_collection(GraphKeys.TRAINABLE_VARIABLES, scope)


def moving_average_variables(scope: str | None = None) -> list[Any]:
    """The variables that have moving averages: the collection MOVING_AVERAGE_VARIABLES."""
    return graphs.get_collection(GraphKeys.MOVING_AVERAGE_VARIABLES, scope)
