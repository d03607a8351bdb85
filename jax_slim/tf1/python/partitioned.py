"""Variables in several parts, and `partitioner`s, which say how many parts there are along which axis."""

import math
from collections.abc import Callable
from typing import Any

from jax_slim.tf1.graph import conversion, dtypes, graphs, shapes
from jax_slim.tf1.graph.tensors import Tensor


class PartitionInfo:
    """What an initializer is told of the whole: `full_shape`, and `var_offset`, where the part begins."""

    def __init__(self, full_shape: list[int], var_offset: list[int]) -> None:
        self._full_shape, self._var_offset = full_shape, var_offset

    full_shape = property(lambda self: self._full_shape)
    var_offset = property(lambda self: self._var_offset)

    def single_offset(self, shape: list[int]) -> int:
        """The offset along the axis that is cut."""
        axis = self.single_slice_dim(shape)
        return 0 if axis is None else self._var_offset[axis]

    def single_slice_dim(self, shape: list[int]) -> int | None:
        """The axis that is cut, or None."""
        found = [i for i, (a, b) in enumerate(zip(shape, self._full_shape, strict=True)) if a != b]
        if len(found) > 1:
            raise ValueError(
                f"Cannot use single_slice_dim() with shape {shape} and full_shape {self._full_shape} since slice dim could be either dimension {found[0]} or {found[1]}."
            )
        return found[0] if found else None


class PartitionedVariable:
    """A variable in parts. As a tensor it is the parts joined."""

    __array_priority__ = 100

    def __init__(self, name: str, shape: Any, dtype: Any, variable_list: list[Any], partitions: list[int]) -> None:
        self._name, self._shape, self._dtype = name, shapes.as_shape(shape), dtypes.as_dtype(dtype)
        self._variable_list, self._partitions = (
            sorted(variable_list, key=lambda v: v._get_save_slice_info().var_offset),
            partitions,
        )
        self._as_tensor: Tensor | None = None

    name = property(lambda self: self._name)
    dtype = property(lambda self: self._dtype)
    shape = property(lambda self: self._shape)
    graph = property(lambda self: self._variable_list[0].graph)

    def get_shape(self) -> shapes.TensorShape:
        return self._shape

    def __iter__(self) -> Any:
        return iter(self._variable_list)

    def __len__(self) -> int:
        return len(self._variable_list)

    def _get_variable_list(self) -> list[Any]:
        return self._variable_list

    def _get_partitions(self) -> list[int]:
        return self._partitions

    def _partition_axes(self) -> list[int]:
        return [i for i, p in enumerate(self._partitions) if p > 1] or [0]

    def as_tensor(self) -> Tensor:
        """The parts joined."""
        if self._as_tensor is None:
            with graphs.get_default_graph().control_dependencies(None):
                self._as_tensor = self._joined()
        return self._as_tensor

    def _joined(self) -> Tensor:
        from jax_slim.tf1.python import array, joining

        if len(self._variable_list) == 1:
            with graphs.name_scope(None):
                return array.identity(self._variable_list[0], name=self._name)
        joined = joining.concat(
            [v.value() for v in self._variable_list],
            self._partition_axes()[0],
            name=self._name + "/ConcatPartitions/concat",
        )
        with graphs.name_scope(None):
            return array.identity(joined, name=self._name)

    def assign(
        self, value: Any, use_locking: bool = False, name: str | None = None, read_value: bool = True
    ) -> list[Any]:
        """Gives each part its part of a value; a list of what that gives."""
        return self._apply("assign", value, use_locking, name, read_value)

    def assign_add(
        self, value: Any, use_locking: bool = False, name: str | None = None, read_value: bool = True
    ) -> list[Any]:
        """Adds to each part."""
        return self._apply("assign_add", value, use_locking, name, read_value)

    def assign_sub(
        self, value: Any, use_locking: bool = False, name: str | None = None, read_value: bool = True
    ) -> list[Any]:
        """Subtracts from each part."""
        return self._apply("assign_sub", value, use_locking, name, read_value)

    def _apply(self, method: str, value: Any, use_locking: bool, name: str | None, read_value: bool) -> list[Any]:
        from jax_slim.tf1.python import joining

        axis = self._partition_axes()[0]
        if isinstance(value, list):
            values = value
        else:
            values = joining.split(value, [v.shape.as_list()[axis] for v in self._variable_list], axis)
        found = [
            getattr(v, method)(p, use_locking, name, read_value)
            for v, p in zip(self._variable_list, values, strict=True)
        ]
        return found

    def __repr__(self) -> str:
        return f"<tf.PartitionedVariable '{self._name}' shape={self._shape} dtype={self._dtype!r} parts={len(self._variable_list)}>"


def _convert(variable: PartitionedVariable, dtype: Any = None, name: str | None = None, as_ref: bool = False) -> Tensor:
    if dtype is not None and not dtype.is_compatible_with(variable.dtype):
        raise ValueError(
            f"Incompatible type conversion requested to type '{dtype.name}' for variable of type '{variable.dtype.name}'"
        )
    return variable.as_tensor()


conversion.register_tensor_conversion_function(PartitionedVariable, _convert)


def partition_slices(
    partitioner: Any, shape: shapes.TensorShape, dtype: Any
) -> tuple[int, list[int], list[int], list[int]]:
    """(axis that is cut, offsets, sizes, number of parts of each axis), as a partitioner says.

    Raises:
      ValueError: what it says does not fit the shape.
    """
    if not shape.is_fully_defined():
        raise ValueError(f"Shape of a new partitioned variable must be fully defined, but instead was {shape}.")
    partitions = partitioner(shape=shape, dtype=dtypes.as_dtype(dtype))
    if not isinstance(partitions, list | tuple):
        raise ValueError(f"Partitioner must return a sequence, but saw: {partitions}")
    partitions = list(partitions)
    if len(partitions) != shape.ndims:
        raise ValueError(
            f"Partitioner returned a partition list that does not match the Variable's rank: {partitions} vs. {shape}"
        )
    if any(p < 1 for p in partitions):
        raise ValueError(f"Partitioner returned zero partitions for some axes: {partitions}")
    cut = [i for i, p in enumerate(partitions) if p > 1]
    if len(cut) > 1:
        raise ValueError(f"Cannot slice along more than one dimension: {partitions}")
    axis = cut[0] if cut else 0
    parts, total = partitions[axis], shape.as_list()[axis]
    small, larger = divmod(total, parts)
    sizes = [small + (i < larger) for i in range(parts)]
    offsets = [sum(sizes[:i]) for i in range(parts)]
    return axis, offsets, sizes, partitions


def fixed_size_partitioner(num_shards: int, axis: int = 0) -> Callable[..., list[int]]:
    """A partitioner: `num_shards` parts along `axis`, or as many as it is long."""

    def partitioner(shape: Any, **unused: Any) -> list[int]:
        partitions = [1] * len(shape)
        partitions[axis] = min(num_shards, shape.dims[axis].value)
        return partitions

    return partitioner


def variable_axis_size_partitioner(
    max_shard_bytes: int, axis: int = 0, bytes_per_string_element: int = 16, max_shards: int | None = None
) -> Callable[..., list[int]]:
    """A partitioner: parts along `axis` of no more than `max_shard_bytes` bytes."""
    if max_shard_bytes < 1 or bytes_per_string_element < 1:
        raise ValueError("Both max_shard_bytes and bytes_per_string_element must be positive.")
    if max_shards and max_shards < 1:
        raise ValueError("max_shards must be positive.")

    def partitioner(shape: Any, dtype: Any) -> list[int]:
        if not isinstance(shape, shapes.TensorShape):
            raise ValueError(f"shape is not a TensorShape: {shape}")
        element = bytes_per_string_element if dtype.base_dtype.name == "string" else dtype.size
        partitions = [1] * (shape.ndims or 0)
        slice_bytes = (shape.num_elements() or 0) // shape.as_list()[axis] * element  # type: ignore[operator]
        per_shard = max(1, max_shard_bytes // slice_bytes)
        wanted = math.ceil(shape.as_list()[axis] / per_shard)  # type: ignore[operator]
        partitions[axis] = max(1, min(wanted, max_shards) if max_shards else wanted)
        return partitions

    return partitioner


def min_max_variable_partitioner(
    max_partitions: int = 1, axis: int = 0, min_slice_size: int = 256 << 10, bytes_per_string_element: int = 16
) -> Callable[..., list[int]]:
    """A partitioner: up to `max_partitions` parts along `axis`, each of at least `min_slice_size` bytes."""

    def partitioner(shape: Any, dtype: Any) -> list[int]:
        shape = shapes.as_shape(shape)
        sizes = shape.as_list()
        total = (shape.num_elements() or 0) * (
            bytes_per_string_element if dtype.base_dtype.name == "string" else dtype.size
        )
        partitions = [1] * len(sizes)
        wanted = -(-total // min_slice_size)
        partitions[axis] = max(1, min(sizes[axis], max_partitions, wanted))
        return partitions

    return partitioner
