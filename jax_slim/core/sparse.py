"""`SparseTensor`: an array as a list of its elements and their places."""

from typing import Any, NamedTuple


class SparseTensor(NamedTuple):
    """Values at given places, as in TensorFlow.

    Attributes:
      indices: the places [n, rank]. One outside of `dense_shape` holds nothing (as in jax.experimental.sparse).
      values: [n].
      dense_shape: the shape [rank].
    """

    indices: Any
    values: Any
    dense_shape: Any
