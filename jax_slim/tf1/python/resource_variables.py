"""Variables of the second kind: a handle, and operations that read and change what it stands for."""

from typing import Any

from jax_slim.tf1.graph import building, conversion, dtypes, graphs, shapes
from jax_slim.tf1.graph.tensors import Operation, Tensor
from jax_slim.tf1.python import initial_values, variables
from jax_slim.tf1.python.variables import Variable


class ResourceVariable(Variable):
    """A `VarHandleOp` node `name`; reads are `ReadVariableOp` nodes made where the variable is used."""

    _is_resource = True
    _parent: Operation | None = None

    def __init__(self, initial_value: Any = None, trainable: bool | None = None, collections: Any = None, validate_shape: bool = True,
                 caching_device: Any = None, name: str | None = None, variable_def: Any = None, dtype: Any = None, import_scope: str | None = None,
                 constraint: Any = None, distribute_strategy: Any = None, synchronization: Any = None, aggregation: Any = None, shape: Any = None) -> None:  # fmt: skip
        if variable_def is not None:
            if initial_value is not None:
                raise ValueError("variable_def and initial_value are mutually exclusive.")
            self._from_proto(variable_def, import_scope)
            return
        if initial_value is None:
            raise ValueError("initial_value must be specified.")
        collections = self._keep(trainable, collections, constraint, synchronization, aggregation)
        initial_value, from_function = initial_values.checked(initial_value)
        self._caching_device = caching_device
        self._cached: Tensor | None = None
        with (
            initial_values.init_scope(),
            graphs.name_scope(name, "Variable", [] if from_function else [initial_value]) as scope,
        ):
            handle_name = scope.rstrip("/")
            with initial_values.colocated_with_name(handle_name):
                with graphs.name_scope("Initializer"), graphs.device(None):
                    value = conversion.convert_to_tensor(
                        initial_value() if from_function else initial_value, dtype, "initial_value"
                    )
                if shape is None:
                    shape = value.shape if validate_shape else shapes.unknown_shape()
                self._handle = building.make("VarHandleOp", shape=shapes.as_shape(shape),
                                             dtype=value.dtype.base_dtype, shared_name=handle_name, name=scope)  # fmt: skip
            self._initial_value, self._dtype = value, value.dtype.base_dtype
            with graphs.name_scope("IsInitialized"):
                self._is_initialized_op = building.make("VarIsInitializedOp", self._handle)
            with (
                graphs.name_scope("Assign") as assign_scope,
                graphs.colocate_with(None, ignore_existing=True),
                graphs.device(self._handle.device),
            ):
                guarded = initial_values.guarded(scope, value)
                self._initializer_op = building.make("AssignVariableOp", self._handle, guarded, name=assign_scope)
            with graphs.name_scope("Read"):
                self._graph_element = self._read()
                if caching_device is not None:
                    with graphs.device(caching_device):
                        self._cached = building.make("Identity", self._graph_element)
        graphs.add_to_collections(collections, self)

    def _take(self, variable: Tensor, snapshot: Tensor) -> None:
        self._handle, self._graph_element, self._cached = variable, snapshot, None
        self._dtype = variable.op.attrs["dtype"]

    name = property(lambda self: self._handle.name)
    op = property(lambda self: self._handle.op)
    handle = property(lambda self: self._handle)
    dtype = property(lambda self: self._dtype)
    create = property(lambda self: self._initializer_op)

    def get_shape(self) -> shapes.TensorShape:
        return self._handle.op.attrs["shape"]

    def set_shape(self, shape: Any) -> None:
        self._handle.op.attrs["shape"] = self.get_shape().merge_with(shape)

    def _read(self) -> Tensor:
        return building.make("ReadVariableOp", self._handle, dtype=self._dtype)

    def value(self) -> Tensor:
        """A new tensor that reads it."""
        return self._cached if self._cached is not None else self._read()

    def read_value(self) -> Tensor:
        """A new tensor that reads it: in a `control_dependencies` block after what the block waits for."""
        with graphs.name_scope("Read"):
            value = self._read()
        return building.make("Identity", value)

    def sparse_read(self, indices: Any, name: str | None = None) -> Tensor:
        """The rows `indices`."""
        with graphs.name_scope("Gather" if name is None else name) as scope:
            value = building.make("ResourceGather", self._handle, indices, dtype=self._dtype, name=scope)
        return building.make("Identity", value)

    def gather_nd(self, indices: Any, name: str | None = None) -> Tensor:
        """The elements (or slices) at `indices`."""
        with graphs.name_scope("GatherNd" if name is None else name) as scope:
            value = building.make("ResourceGatherNd", self._handle, indices, dtype=self._dtype, name=scope)
        return building.make("Identity", value)

    def is_initialized(self, name: str | None = None) -> Tensor:
        """A bool: whether it has a value in the session."""
        return building.make("VarIsInitializedOp", self._handle, name=name)

    def _as_graph_element(self) -> Tensor:
        return self._graph_element

    def _snapshot_element(self) -> Tensor:
        return self._graph_element

    def __repr__(self) -> str:
        return f"<tf.Variable '{self.name}' shape={self.get_shape()} dtype={self.dtype.name}>"

    def assign(
        self, value: Any, use_locking: bool | None = None, name: str | None = None, read_value: bool = True
    ) -> Any:
        """Makes the node that gives it a value; gives what reads it after that, or with `read_value=False` the operation."""
        return self._changed("AssignVariableOp", value, name, read_value)

    def assign_add(
        self, delta: Any, use_locking: bool | None = None, name: str | None = None, read_value: bool = True
    ) -> Any:
        """Makes the node that adds to it."""
        return self._changed("AssignAddVariableOp", delta, name, read_value)

    def assign_sub(
        self, delta: Any, use_locking: bool | None = None, name: str | None = None, read_value: bool = True
    ) -> Any:
        """Makes the node that subtracts from it."""
        return self._changed("AssignSubVariableOp", delta, name, read_value)

    def _changed(self, type: str, value: Any, name: str | None, read_value: bool) -> Any:
        value = conversion.convert_to_tensor(value, self._dtype)
        if type == "AssignVariableOp":
            self.get_shape().assert_is_compatible_with(value.shape)
        made = building.make(type, self._handle, value, name=name)
        return self._lazy_read(made) if read_value else made

    def _lazy_read(self, op: Operation) -> "UnreadVariable":
        return UnreadVariable(self, op)

    def _strided_slice_assign(
        self, begin: Any, end: Any, strides: Any, value: Any, name: str | None, **masks: int
    ) -> Any:
        value = conversion.convert_to_tensor(value, self._dtype)
        return self._lazy_read(
            building.make("ResourceStridedSliceAssign", self._handle, begin, end, strides, value, name=name, **masks)
        )

    def count_up_to(self, limit: int) -> Tensor:
        """A tensor that gives the value and counts on; OutOfRangeError at the limit."""
        return building.make("ResourceCountUpTo", self._handle, limit=limit, T=self._dtype)


def _scatter(type: str) -> Any:
    def scatter(self: ResourceVariable, sparse_delta: Any, use_locking: bool = False, name: str | None = None) -> Any:
        values = conversion.convert_to_tensor(sparse_delta.values, self.dtype)
        return self._lazy_read(building.make(type, self._handle, sparse_delta.indices, values, name=name))

    scatter.__doc__ = "Makes the node that changes the rows that the IndexedSlices speak of."
    return scatter


def _scatter_nd(type: str) -> Any:
    def scatter(self: ResourceVariable, indices: Any, updates: Any, name: str | None = None) -> Any:
        return self._lazy_read(
            building.make(type, self._handle, indices, conversion.convert_to_tensor(updates, self.dtype), name=name)
        )

    scatter.__doc__ = "Makes the node that changes the elements at the indices."
    return scatter


for _name in ("Add", "Sub", "Mul", "Div", "Min", "Max", "Update"):
    setattr(ResourceVariable, f"scatter_{_name.lower()}", _scatter(f"ResourceScatter{_name}"))
for _name in ("Add", "Sub", "Update"):
    setattr(ResourceVariable, f"scatter_nd_{_name.lower()}", _scatter_nd(f"ResourceScatterNd{_name}"))


class UnreadVariable(ResourceVariable):
    """A variable as it is after an operation that changes it: every read waits for that."""

    def __init__(self, variable: ResourceVariable, parent: Operation) -> None:
        self._handle, self._dtype, self._parent = variable._handle, variable._dtype, parent
        self._cached, self._caching_device = None, None
        self._trainable, self._constraint = variable._trainable, variable._constraint
        self._initial_value, self._initializer_op = variable._initial_value, variable._initializer_op
        self._graph_element = self._read()

    name = property(lambda self: self._parent.name)
    op = property(lambda self: self._parent)

    def _read(self) -> Tensor:
        assert self._parent is not None
        with graphs.control_dependencies([self._parent]):
            return super()._read()

    def read_value(self) -> Tensor:
        assert self._parent is not None
        with graphs.control_dependencies([self._parent]):
            return super().read_value()


DType = dtypes.DType


variables.set_default("resource_class", ResourceVariable)
