"""`tf.data`: data sets as nodes of the graph, and their iterators."""

import collections.abc
from collections.abc import Callable
from typing import Any

import numpy as np

from jax_slim.tf1.graph import building, conversion, dtypes, graphs, shapes
from jax_slim.tf1.graph.composites import SparseTensor
from jax_slim.tf1.graph.functions import Function, PythonOnly
from jax_slim.tf1.graph.tensors import Operation, Tensor
from jax_slim.tf1.python import generated_elements, random
from jax_slim.tf1.python.elements import (
    Leaf,
    Nested,
    SparseLeaf,
    Spec,
    class_of,
    component,
    flatten,
    leaf_of,
    nested,
    pack_spec,
    pack_structure,
    parts,
    shapes_like,
    tensor_of,
)
from jax_slim.tf1.python.iterators import Iterator


def _spec_of_result(result: Any) -> Spec:
    """What a function's result is as elements. Lists are stacked to one tensor."""
    if isinstance(result, Dataset):
        return Spec(Nested(Dataset, result.spec))
    if nested(result):
        specs = [_spec_of_result(p).structure for p in parts(result)]
        if isinstance(result, collections.abc.Mapping):
            kind: Any = type(result)
            return Spec(kind(zip(sorted(result), specs, strict=True)))
        return Spec(type(result)(*specs) if hasattr(result, "_fields") else tuple(specs))
    return Spec(leaf_of(component(result)))


def _convert(structure: Any) -> tuple[list[Any], Any]:
    return [component(v) for v in flatten(structure)], structure


def _int64(value: Any, name: str) -> Tensor:
    return conversion.convert_to_tensor(value, dtypes.int64, name=name)


class Dataset:
    """`tf.data.Dataset`: elements that are nested structures of tensors, made one after the other when iterators ask."""

    def __init__(self, variant_tensor: Tensor, spec: Spec) -> None:
        self._variant_tensor, self.spec = variant_tensor, spec
        self._graph = variant_tensor.graph

    def _as_variant_tensor(self) -> Tensor:
        return self._variant_tensor

    @property
    def output_types(self) -> Any:
        return self.spec.packed(self.spec.own_types)

    @property
    def output_shapes(self) -> Any:
        return self.spec.packed(self.spec.own_shapes)

    @property
    def output_classes(self) -> Any:
        return self.spec.packed([class_of(leaf) for leaf in self.spec.flat])

    element_spec = property(lambda self: self.spec.structure)

    def _facts(self, spec: Spec | None = None) -> dict[str, Any]:
        spec = self.spec if spec is None else spec
        return {"output_types": spec.types, "output_shapes": spec.shapes}

    def _made(self, type: str, *inputs: Any, spec: Spec | None = None, **attributes: Any) -> "Dataset":
        spec = self.spec if spec is None else spec
        return Dataset(building.make(type, self._variant_tensor, *inputs, **attributes, **self._facts(spec)), spec)

    def __repr__(self) -> str:
        return f"<DatasetV1Adapter shapes: {self.output_shapes}, types: {self.output_types}>"

    # Sources.

    @staticmethod
    def from_tensors(tensors: Any) -> "Dataset":
        """One element: these tensors."""
        flat, structure = _convert(tensors)
        spec = Spec(pack_structure(structure, [leaf_of(t) for t in flat]))
        return Dataset(building.make("TensorDataset", [tensor_of(t) for t in flat], output_shapes=spec.shapes), spec)

    @staticmethod
    def from_tensor_slices(tensors: Any) -> "Dataset":
        """The rows of tensors.

        Raises:
          ValueError: scalars, or tensors with other numbers of rows.
        """
        flat, structure = _convert(tensors)
        count = shapes.Dimension(None)
        for tensor in flat:
            if isinstance(tensor, SparseTensor):
                continue
            if tensor.shape.ndims == 0:
                raise ValueError("from_tensor_slices: the tensors must have a first dimension, got a scalar.")
            if tensor.shape.ndims is not None:
                count = count.merge_with(tensor.shape[0])
        leaves = [type(leaf_of(t))((t.dtype.base_dtype, t.get_shape()[1:])) for t in flat]
        spec = Spec(pack_structure(structure, leaves))
        rows = [
            building.make("SerializeManySparse", t.indices, t.values, t.dense_shape, out_type=dtypes.variant)
            if isinstance(t, SparseTensor)
            else t
            for t in flat
        ]
        return Dataset(building.make("TensorSliceDataset", rows, output_shapes=spec.shapes), spec)

    @staticmethod
    def range(*args: Any) -> "Dataset":
        """int64 numbers: (stop), (start, stop) or (start, stop, step)."""
        start, stop, step = (0, args[0], 1) if len(args) == 1 else (*args, 1) if len(args) == 2 else args
        spec = Spec(Leaf((dtypes.int64, shapes.TensorShape([]))))
        variant = building.make(
            "RangeDataset",
            _int64(start, "start"),
            _int64(stop, "stop"),
            _int64(step, "step"),
            output_types=spec.types,
            output_shapes=spec.shapes,
        )
        return Dataset(variant, spec)

    @staticmethod
    def from_generator(
        generator: Callable[..., Any], output_types: Any, output_shapes: Any = None, args: Any = None
    ) -> "Dataset":
        """What a Python generator yields.

        Args:
          generator: makes the generator; called anew for each iteration.
          output_types, output_shapes: of what it yields, in its structure.

        Raises:
          TypeError: it cannot be called.
        """
        if not callable(generator):
            raise TypeError("`generator` must be callable.")
        kinds = [dtypes.as_dtype(t) for t in flatten(output_types)]
        if output_shapes is None:
            known = [shapes.unknown_shape() for _ in kinds]
        else:
            known = [shapes.as_shape(s) for s in shapes_like(output_types, output_shapes)]
        spec = Spec(pack_structure(output_types, [Leaf(pair) for pair in zip(kinds, known, strict=True)]))
        given = [conversion.convert_to_tensor(a) for a in (args or ())]
        python = PythonOnly("generator")
        variant = building.make(
            "GeneratorDataset",
            given,
            [],
            [],
            init_func=python,
            next_func=python,
            finalize_func=python,
            output_types=spec.types,
            output_shapes=spec.shapes,
        )
        variant.op.private["elements"] = generated_elements.generated(generator, output_types, kinds, known, given)
        return Dataset(variant, spec)

    @staticmethod
    def zip(datasets: Any) -> "Dataset":
        """Elements of several data sets side by side, in the structure given; as many as the shortest has."""
        flat = flatten(datasets)
        if not all(isinstance(d, Dataset) for d in flat):
            raise TypeError(f"The argument to Dataset.zip must be a nested structure of data sets, got {datasets!r}.")
        structure = pack_structure(datasets, [d.spec.structure for d in flat])
        spec = Spec(structure)
        return Dataset(
            building.make(
                "ZipDataset", [d._variant_tensor for d in flat], output_types=spec.types, output_shapes=spec.shapes
            ),
            spec,
        )

    @staticmethod
    def list_files(file_pattern: Any, shuffle: bool | None = None, seed: int | None = None) -> "Dataset":
        """The names of the files that match a pattern (or several), shuffled by default."""
        from jax_slim.tf1.python import files

        names = files.matching_files(file_pattern)
        found = Dataset.from_tensor_slices(names)
        if shuffle is None or shuffle:
            found = found.shuffle(1 << 20, seed=seed)
        return found

    # Transformations.

    def map(self, map_func: Callable[..., Any], num_parallel_calls: Any = None) -> "Dataset":
        """A function of each element; its tensors are the arguments, one for each part of a tuple."""
        function, spec = self._function(map_func, "Dataset_map")
        if num_parallel_calls is None:
            return self._made("MapDataset", function.captured, f=function, spec=spec)
        return self._made(
            "ParallelMapDataset",
            function.captured,
            conversion.convert_to_tensor(num_parallel_calls, dtypes.int32, name="num_parallel_calls"),
            f=function,
            spec=spec,
        )

    map_with_legacy_function = map

    def _function(self, python: Callable[..., Any], name: str) -> tuple[Function, Spec]:
        found: list[Spec] = []

        def pack_arguments(tensors: list[Tensor]) -> list[Any]:
            element = self.spec.of_tensors(tensors)
            return list(element) if isinstance(element, tuple) and not hasattr(element, "_fields") else [element]

        def unpack(result: Any) -> list[Tensor]:
            if isinstance(result, list):
                result = tuple(result) if any(isinstance(r, Dataset) or nested(r) for r in result) else result
            spec = _spec_of_result(result)
            found.append(spec)
            flat = [result] if isinstance(result, Dataset) else flatten(result)
            return [r._variant_tensor if isinstance(r, Dataset) else tensor_of(component(r)) for r in flat]

        function = Function(python, self.spec.types, self.spec.shapes, name, pack_arguments, unpack)
        return function, found[0]

    def filter(self, predicate: Callable[..., Any]) -> "Dataset":
        """The elements for which a function gives true.

        Raises:
          ValueError: it does not give a boolean scalar.
        """
        function, spec = self._function(predicate, "Dataset_filter")
        if len(spec.flat) != 1 or spec.types[0] != dtypes.bool_:
            raise ValueError("`predicate` must return a scalar boolean tensor.")
        return self._made("FilterDataset", function.captured, predicate=function)

    filter_with_legacy_function = filter

    def _inner(self, map_func: Callable[..., Any], name: str) -> tuple[Function, Spec]:
        function, spec = self._function(map_func, name)
        if len(spec.flat) != 1 or not isinstance(spec.flat[0], Nested):
            raise TypeError(f"{name.replace('_', '.')}: the function must return a `Dataset` object.")
        return function, spec.flat[0].spec

    def flat_map(self, map_func: Callable[..., Any]) -> "Dataset":
        """The elements of the data sets that a function makes of each element, one after the other."""
        function, spec = self._inner(map_func, "Dataset_flat_map")
        return self._made("FlatMapDataset", function.captured, f=function, spec=spec)

    def interleave(
        self,
        map_func: Callable[..., Any],
        cycle_length: Any = -1,
        block_length: Any = 1,
        num_parallel_calls: Any = None,
    ) -> "Dataset":
        """Blocks of the data sets that a function makes, `cycle_length` of them in turns."""
        function, spec = self._inner(map_func, "Dataset_interleave")
        cycle = 10 if isinstance(cycle_length, int) and cycle_length < 1 else cycle_length
        return self._made(
            "InterleaveDataset",
            function.captured,
            _int64(cycle, "cycle_length"),
            _int64(block_length, "block_length"),
            f=function,
            spec=spec,
        )

    def batch(self, batch_size: Any, drop_remainder: Any = False) -> "Dataset":
        """So many elements stacked; what is left at the end is a smaller batch unless it is dropped."""
        size = _int64(batch_size, "batch_size")
        drop = conversion.convert_to_tensor(drop_remainder, dtypes.bool_, name="drop_remainder")
        spec = self._batched(size, drop)
        if any(isinstance(f, Nested) for f in self.spec.flat):
            raise TypeError("Batching of nested data sets is not supported.")
        return self._made("BatchDatasetV2", size, drop, spec=spec)

    def _batched(self, size: Tensor, drop: Tensor) -> Spec:
        from jax_slim.tf1.graph import known_values

        count, whole = known_values.constant_value(size), known_values.constant_value(drop)
        known = int(count) if whole is not None and bool(whole) and count is not None else None
        return self.spec.with_shapes(lambda s: shapes.TensorShape([known]).concatenate(s))

    def padded_batch(
        self, batch_size: Any, padded_shapes: Any, padding_values: Any = None, drop_remainder: Any = False
    ) -> "Dataset":
        """So many elements, padded to the shapes given (None or -1: the largest of the batch) and stacked."""
        size = _int64(batch_size, "batch_size")
        drop = conversion.convert_to_tensor(drop_remainder, dtypes.bool_, name="drop_remainder")
        if any(isinstance(leaf, SparseLeaf | Nested) for leaf in self.spec.flat):
            raise TypeError("Batching of padded sparse tensors and data sets is not supported.")
        wanted = [
            _padded_shape(s, leaf[1])
            for s, leaf in zip(shapes_like(self.output_types, padded_shapes), self.spec.flat, strict=True)
        ]
        values = [_padding(leaf[0]) for leaf in self.spec.flat] if padding_values is None else flatten(padding_values)
        values = [
            conversion.convert_to_tensor(v, leaf[0])
            if v is not None
            else conversion.convert_to_tensor(_padding(leaf[0]))
            for v, leaf in zip(values, self.spec.flat, strict=True)
        ]
        from jax_slim.tf1.graph import known_values

        statics = [known_values.constant_value_as_shape(w) for w in wanted]
        count, whole = known_values.constant_value(size), known_values.constant_value(drop)
        first = int(count) if whole is not None and bool(whole) and count is not None else None
        spec = Spec(
            pack_spec(
                self.spec.structure,
                [
                    Leaf((leaf[0], shapes.TensorShape([first]).concatenate(s)))
                    for leaf, s in zip(self.spec.flat, statics, strict=True)
                ],
            )
        )
        variant = building.make(
            "PaddedBatchDatasetV2", self._variant_tensor, size, wanted, values, drop, output_shapes=spec.shapes
        )
        return Dataset(variant, spec)

    def shuffle(
        self, buffer_size: Any, seed: int | None = None, reshuffle_each_iteration: bool | None = None
    ) -> "Dataset":
        """Elements drawn at random from the next `buffer_size` ones; in another order each time it is iterated."""
        first, second = _seeds(seed)
        return self._made(
            "ShuffleDataset",
            _int64(buffer_size, "buffer_size"),
            first,
            second,
            reshuffle_each_iteration=True if reshuffle_each_iteration is None else reshuffle_each_iteration,
        )

    def repeat(self, count: Any = None) -> "Dataset":
        """The data set so many times; None or -1: without end."""
        return self._made("RepeatDataset", _int64(-1 if count is None else count, "count"))

    def take(self, count: Any) -> "Dataset":
        """The first elements."""
        return self._made("TakeDataset", _int64(count, "count"))

    def skip(self, count: Any) -> "Dataset":
        """All but the first elements."""
        return self._made("SkipDataset", _int64(count, "count"))

    def shard(self, num_shards: Any, index: Any) -> "Dataset":
        """Every num_shards-th element, from number `index` on."""
        return self._made("ShardDataset", _int64(num_shards, "num_shards"), _int64(index, "index"))

    def concatenate(self, dataset: "Dataset") -> "Dataset":
        """Another data set behind this one.

        Raises:
          TypeError: its elements are of other types.
        """
        if self.spec.types != dataset.spec.types:
            raise TypeError(
                f"Two datasets to concatenate have different types {self.output_types} and {dataset.output_types}"
            )
        return self._made("ConcatenateDataset", dataset._variant_tensor, spec=self.spec.merged(dataset.spec))

    def prefetch(self, buffer_size: Any) -> "Dataset":
        """The same elements."""
        return self._made("PrefetchDataset", _int64(-1 if buffer_size is None else buffer_size, "buffer_size"))

    def cache(self, filename: Any = "") -> "Dataset":
        """The same elements, made once and kept in memory."""
        return self._made("CacheDataset", conversion.convert_to_tensor(filename, dtypes.string, name="filename"))

    def enumerate(self, start: int = 0) -> "Dataset":
        """(number, element) for each element."""
        return Dataset.zip((Dataset.range(start, (1 << 63) - 1), self))

    def window(self, size: Any, shift: Any = None, stride: Any = 1, drop_remainder: Any = False) -> "Dataset":
        """Data sets of `size` elements; a new one begins every `shift` elements."""
        spec = Spec(pack_spec(self.spec.structure, [Nested(Dataset, Spec(f)) for f in self.spec.flat]))
        return self._made(
            "WindowDataset", _int64(size, "size"), _int64(size if shift is None else shift, "shift"), _int64(stride, "stride"),
            conversion.convert_to_tensor(drop_remainder, dtypes.bool_, name="drop_remainder"), spec=spec,
        )  # fmt: skip

    def reduce(self, initial_state: Any, reduce_func: Callable[..., Any]) -> Any:
        """What is left of `state = reduce_func(state, element)` after all elements: tensors."""
        flat, structure = _convert(initial_state)
        state = Spec(pack_structure(structure, [leaf_of(t) for t in flat]))
        both = Dataset(self._variant_tensor, Spec((state.structure, self.spec.structure)))
        function, _ = both._function(reduce_func, "Dataset_reduce")
        made = building.make_op(
            "ReduceDataset",
            self._variant_tensor,
            [tensor_of(t) for t in flat],
            function.captured,
            f=function,
            Tstate=state.types,
            output_types=state.types,
            output_shapes=state.shapes,
        )
        return state.of_operation(made)

    def apply(self, transformation_func: Callable[["Dataset"], "Dataset"]) -> "Dataset":
        """What a function makes of the data set."""
        found = transformation_func(self)
        if not isinstance(found, Dataset):
            raise TypeError("`transformation_func` must return a Dataset.")
        return found

    def with_options(self, options: Any) -> "Dataset":
        """The same data set: options do not change what it gives."""
        return self

    def options(self) -> Any:
        return Options()

    # Iterators.

    def make_one_shot_iterator(self) -> Iterator:
        """An iterator that needs no initialization.

        Raises:
          ValueError: the data set depends on a placeholder or a variable.
        """
        _check_self_contained(self._variant_tensor)
        resource = building.make("OneShotIterator", dataset_factory=PythonOnly("_make_dataset"), **self._facts())
        resource.op.private["dataset"] = self._variant_tensor
        return Iterator(resource, None, self.spec)

    def make_initializable_iterator(self, shared_name: str | None = None) -> Iterator:
        """An iterator that starts over whenever its `initializer` runs."""
        resource = building.make("IteratorV2", shared_name=shared_name or "", container="", **self._facts())
        with graphs.colocate_with(resource):
            initializer = building.make("MakeIterator", self._variant_tensor, resource)
        return Iterator(resource, initializer, self.spec)

    def __iter__(self) -> Any:
        raise RuntimeError("__iter__() is only supported inside of tf.function or when eager execution is enabled.")


def _padded_shape(given: Any, component: shapes.TensorShape) -> Tensor:
    if isinstance(given, Tensor):
        return given
    shape = shapes.as_shape([None if d == -1 else d for d in given] if isinstance(given, list | tuple) else given)
    if shape.ndims is None:
        shape = component
    return conversion.constant(np.array([-1 if d is None else d for d in shape.as_list()], np.int64))


def _padding(kind: dtypes.DType) -> Any:
    return b"" if kind == dtypes.string else np.zeros((), kind.as_numpy_dtype)


def _seeds(seed: int | None) -> tuple[Tensor, Tensor]:
    first, second = random.get_seed(seed)
    return _int64(first or 0, "seed"), _int64(second or 0, "seed2")


def _check_self_contained(tensor: Tensor) -> None:
    seen: set[Operation] = set()
    stack = [tensor.op]
    while stack:
        op = stack.pop()
        if op in seen:
            continue
        seen.add(op)
        if op.type in ("Placeholder", "PlaceholderV2"):
            raise ValueError(f"Cannot capture a placeholder (name:{op.name}, type:{op.type}) by value.")
        if op.type in ("Variable", "VariableV2", "VarHandleOp", "HashTableV2", "HashTable"):
            raise ValueError(
                f"Failed to create a one-shot iterator for a dataset. `Dataset.make_initializable_iterator()` is recommended: Cannot capture a stateful node (name:{op.name}, type:{op.type}) by value."
            )
        stack.extend(t.op for t in op._inputs)


class Options:
    """`tf.data.Options`: accepted; they change nothing."""

    def __init__(self) -> None:
        self.experimental_optimization = _Bag()
        self.experimental_threading = _Bag()


class _Bag:
    pass
