"""`tf.serialize_sparse` and its kin: sparse tensors as texts and back."""

from typing import Any

from jax_slim.tf1.graph import building, dtypes
from jax_slim.tf1.graph.composites import SparseTensor
from jax_slim.tf1.graph.tensors import Tensor


def serialize_sparse(sp_input: Any, name: str | None = None, out_type: Any = dtypes.string) -> Tensor:
    """A sparse tensor as a vector of three texts."""
    sp_input = SparseTensor.from_value(sp_input)
    return building.make(
        "SerializeSparse", sp_input.indices, sp_input.values, sp_input.dense_shape, out_type=out_type, name=name
    )


def serialize_many_sparse(sp_input: Any, name: str | None = None, out_type: Any = dtypes.string) -> Tensor:
    """Each entry of a sparse tensor's first axis as three texts."""
    sp_input = SparseTensor.from_value(sp_input)
    return building.make(
        "SerializeManySparse", sp_input.indices, sp_input.values, sp_input.dense_shape, out_type=out_type, name=name
    )


def deserialize_sparse(
    serialized_sparse: Any, dtype: Any, rank: int | None = None, name: str | None = None
) -> SparseTensor:
    """What undoes `serialize_sparse`; several are stacked along a new first axis."""
    return _known_rank(building.make("DeserializeSparse", serialized_sparse, dtype=dtype, name=name), rank)


def deserialize_many_sparse(
    serialized_sparse: Any, dtype: Any, rank: int | None = None, name: str | None = None
) -> SparseTensor:
    """What undoes `serialize_many_sparse`."""
    return _known_rank(building.make("DeserializeManySparse", serialized_sparse, dtype=dtype, name=name), rank)


def _known_rank(parts: Any, rank: int | None) -> SparseTensor:
    indices, values, shape = parts
    indices.set_shape([None, rank])
    shape.set_shape([rank])
    return SparseTensor(indices, values, shape)
