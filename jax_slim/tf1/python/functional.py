"""`tf.map_fn`, `scan`, `foldl` and `foldr`: functions over the rows of tensors, as loops."""

from collections.abc import Callable
from typing import Any

from jax_slim.tf1.graph import building, conversion, dtypes, graphs
from jax_slim.tf1.python import control_flow, structures
from jax_slim.tf1.python.tensor_array import TensorArray


def _arrays(elems: list[Any], count: Any) -> list[TensorArray]:
    return [TensorArray(e.dtype.base_dtype, size=count, infer_shape=True).unstack(e) for e in elems]


def _count(first: Any) -> Any:
    static = first.shape.with_rank_at_least(1)[0].value if first.shape.ndims is not None else None
    if static is not None:
        return static
    return building.make(
        "StridedSlice",
        building.make("Shape", first, name="Shape"),
        [0],
        [1],
        [1],
        shrink_axis_mask=1,
        name="strided_slice",
    )


def map_fn(fn: Callable[..., Any], elems: Any, dtype: Any = None, parallel_iterations: int | None = None, back_prop: bool = True, swap_memory: bool = False,
           infer_shape: bool = True, name: str | None = None) -> Any:  # fmt: skip
    """Applies a function to each row of the elements and stacks what it gives.

    Args:
      fn: gets rows in the structure of `elems`.
      dtype: the types of what it gives, in its structure, where they are not those of `elems`.
    """
    if not callable(fn):
        raise TypeError("fn must be callable.")
    with graphs.name_scope(name, "map", structures.flatten(elems)):
        flat = [conversion.convert_to_tensor(e, name="elem") for e in structures.flatten(elems)]
        for e in flat:
            if e.shape.ndims == 0:
                raise ValueError("elements in elems must be 1+ dimensional Tensors, not scalars")
        kinds = structures.flatten([e.dtype.base_dtype for e in flat] if dtype is None else dtype)
        kinds = [dtypes.as_dtype(k) for k in kinds]
        count = _count(flat[0])
        sources = _arrays(flat, count)
        start = conversion.constant(0)
        results = [TensorArray(k, size=count, dynamic_size=False, infer_shape=infer_shape) for k in kinds]

        def compute(i: Any, arrays: list[Any]) -> Any:
            given = structures.pack_sequence_as(elems, [s.read(i) for s in sources])
            found = fn(given)
            structures.assert_same_structure(elems if dtype is None else dtype, found, check_types=False)
            arrays = [a.write(i, v) for a, v in zip(arrays, structures.flatten(found), strict=True)]
            return building.make("AddV2", i, 1, name="add"), arrays

        _, finished = control_flow.while_loop(
            lambda i, _: building.make("Less", i, count), compute, (start, results), parallel_iterations=parallel_iterations or 10,
            back_prop=back_prop, swap_memory=swap_memory, maximum_iterations=count,
        )  # fmt: skip
        stacked = [a.stack() for a in finished]
        static = flat[0].shape[0].value if flat[0].shape.ndims is not None else None
        for tensor in stacked:
            if tensor.shape.ndims is not None:
                tensor.set_shape([static, *tensor.shape.as_list()[1:]])
        return structures.pack_sequence_as(elems if dtype is None else dtype, stacked)


def scan(fn: Callable[..., Any], elems: Any, initializer: Any = None, parallel_iterations: int = 10, back_prop: bool = True, swap_memory: bool = False,
         infer_shape: bool = True, reverse: bool = False, name: str | None = None) -> Any:  # fmt: skip
    """What `accumulated = fn(accumulated, row)` gives after each row, stacked. Without an initializer it starts with row 0."""
    if not callable(fn):
        raise TypeError("fn must be callable.")
    with graphs.name_scope(name, "scan", structures.flatten(elems)):
        flat = [conversion.convert_to_tensor(e, name="elem") for e in structures.flatten(elems)]
        count = _count(flat[0])
        sources = _arrays(flat, count)
        structure = elems if initializer is None else initializer
        if initializer is None:
            first = [s.read(count - 1 if reverse else 0) for s in sources]
            begin = 1
        else:
            first = [conversion.convert_to_tensor(v) for v in structures.flatten(initializer)]
            begin = 0
        results = [
            TensorArray(
                v.dtype.base_dtype,
                size=count,
                dynamic_size=False,
                element_shape=v.shape if infer_shape else None,
                infer_shape=infer_shape,
            )
            for v in first
        ]
        if initializer is None:
            results = [r.write(count - 1 if reverse else 0, v) for r, v in zip(results, first, strict=True)]
        if reverse:
            start, step = count - 1 - begin, -1
        else:
            start, step = conversion.constant(begin), 1

        def compute(i: Any, accumulated: list[Any], arrays: list[Any]) -> Any:
            given = structures.pack_sequence_as(elems, [s.read(i) for s in sources])
            found = fn(structures.pack_sequence_as(structure, accumulated), given)
            structures.assert_same_structure(structure, found, check_types=False)
            values = [conversion.convert_to_tensor(v) for v in structures.flatten(found)]
            arrays = [a.write(i, v) for a, v in zip(arrays, values, strict=True)]
            return building.make("AddV2", i, step, name="add"), values, arrays

        def goes_on(i: Any, *unused: Any) -> Any:
            return building.make("GreaterEqual", i, 0) if reverse else building.make("Less", i, count)

        _, _, finished = control_flow.while_loop(
            goes_on, compute, (conversion.convert_to_tensor(start), first, results), parallel_iterations=parallel_iterations, back_prop=back_prop, swap_memory=swap_memory,
            maximum_iterations=count if initializer is not None else None,
        )  # fmt: skip
        stacked = [a.stack() for a in finished]
        static = flat[0].shape[0].value if flat[0].shape.ndims is not None else None
        for tensor in stacked:
            if tensor.shape.ndims is not None:
                tensor.set_shape([static, *tensor.shape.as_list()[1:]])
        return structures.pack_sequence_as(structure, stacked)


def _fold(
    fn: Callable[..., Any], elems: Any, initializer: Any, backwards: bool, options: dict[str, Any], name: str | None
) -> Any:
    if not callable(fn):
        raise TypeError("fn must be callable.")
    label = "foldr" if backwards else "foldl"
    with graphs.name_scope(name, label, structures.flatten(elems)):
        flat = [conversion.convert_to_tensor(e, name="elem") for e in structures.flatten(elems)]
        count = _count(flat[0])
        sources = _arrays(flat, count)
        if initializer is None:
            place = count - 1 if backwards else 0
            first = structures.pack_sequence_as(elems, [s.read(place) for s in sources])
            start = count - 1 if backwards else conversion.constant(1)
        else:
            first = initializer
            start = count if backwards else conversion.constant(0)

        def compute(i: Any, accumulated: Any) -> Any:
            if backwards:
                i = building.make("Sub", i, 1, name="sub")
            given = structures.pack_sequence_as(elems, [s.read(i) for s in sources])
            found = fn(accumulated, given)
            return [i if backwards else building.make("AddV2", i, 1, name="add"), found]

        def goes_on(i: Any, accumulated: Any) -> Any:
            return building.make("Greater", i, 0) if backwards else building.make("Less", i, count)

        _, result = control_flow.while_loop(
            goes_on, compute, [conversion.convert_to_tensor(start), first], maximum_iterations=count, **options
        )
        return result


def foldl(
    fn: Callable[..., Any],
    elems: Any,
    initializer: Any = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    name: str | None = None,
) -> Any:
    """What is left of `accumulated = fn(accumulated, row)` after all rows, the first one first."""
    return _fold(
        fn,
        elems,
        initializer,
        False,
        dict(parallel_iterations=parallel_iterations, back_prop=back_prop, swap_memory=swap_memory),
        name,
    )


def foldr(
    fn: Callable[..., Any],
    elems: Any,
    initializer: Any = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    name: str | None = None,
) -> Any:
    """What is left of `accumulated = fn(accumulated, row)` after all rows, the last one first."""
    return _fold(
        fn,
        elems,
        initializer,
        True,
        dict(parallel_iterations=parallel_iterations, back_prop=back_prop, swap_memory=swap_memory),
        name,
    )
