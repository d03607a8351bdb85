"""`tf.edit_distance` and `tf.sets`: sequences and sets in the rows of sparse tensors."""

from typing import Any

from jax_slim.tf1.graph import building, composites
from jax_slim.tf1.graph.composites import SparseTensor, SparseTensorValue
from jax_slim.tf1.graph.tensors import Tensor


def _sparse(value: Any) -> SparseTensor:
    if isinstance(value, SparseTensorValue):
        return SparseTensor.from_value(value)
    if not isinstance(value, SparseTensor):
        raise TypeError("Input must be a SparseTensor.")
    return value


def edit_distance(hypothesis: Any, truth: Any, normalize: bool = True, name: str = "edit_distance") -> Tensor:
    """How many insertions, deletions and substitutions make the rows of one sparse tensor those of the other, over the length of the latter."""
    for what, value in (("Hypothesis", hypothesis), ("Truth", truth)):
        if not isinstance(value, SparseTensor | SparseTensorValue):
            raise TypeError(f"{what} must be a SparseTensor.")
    hypothesis, truth = _sparse(hypothesis), _sparse(truth)
    return building.make(
        "EditDistance", hypothesis.indices, hypothesis.values, hypothesis.dense_shape, truth.indices, truth.values, truth.dense_shape,
        normalize=normalize, name=name,
    )  # fmt: skip


def set_size(a: Any, validate_indices: bool = True) -> Tensor:
    """How many different values each row of a sparse tensor has."""
    a = _sparse(a)
    return building.make("SetSize", a.indices, a.values, a.dense_shape, validate_indices=validate_indices)


def _set_operation(a: Any, b: Any, how: str, validate_indices: bool) -> SparseTensor:
    swap = isinstance(a, SparseTensor) and not isinstance(b, SparseTensor)
    if swap:
        a, b = b, a
        how = {"a-b": "b-a", "b-a": "a-b"}.get(how, how)
    if isinstance(a, SparseTensor):
        found = building.make(
            "SparseToSparseSetOperation", a.indices, a.values, a.dense_shape, b.indices, b.values, b.dense_shape, set_operation=how,
            validate_indices=validate_indices,
        )  # fmt: skip
    elif isinstance(b, SparseTensor):
        found = building.make(
            "DenseToSparseSetOperation",
            a,
            b.indices,
            b.values,
            b.dense_shape,
            set_operation=how,
            validate_indices=validate_indices,
        )
    else:
        found = building.make("DenseToDenseSetOperation", a, b, set_operation=how, validate_indices=validate_indices)
    return SparseTensor(*found)


def _as_sets(a: Any, b: Any) -> Any:
    return composites.convert_to_tensor_or_sparse_tensor(a, name="a"), composites.convert_to_tensor_or_sparse_tensor(
        b, name="b"
    )


def set_intersection(a: Any, b: Any, validate_indices: bool = True) -> SparseTensor:
    """What is in both of two sets, row by row."""
    a, b = _as_sets(a, b)
    return _set_operation(a, b, "intersection", validate_indices)


def set_difference(a: Any, b: Any, aminusb: bool = True, validate_indices: bool = True) -> SparseTensor:
    """What is in the first of two sets and not in the second, row by row; the other way round without `aminusb`."""
    a, b = _as_sets(a, b)
    return _set_operation(a, b, "a-b" if aminusb else "b-a", validate_indices)


def set_union(a: Any, b: Any, validate_indices: bool = True) -> SparseTensor:
    """What is in one of two sets or in both, row by row."""
    a, b = _as_sets(a, b)
    return _set_operation(a, b, "union", validate_indices)
