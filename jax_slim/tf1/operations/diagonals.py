"""Diagonals of matrices and tensors, and bands around them."""

from typing import Any

import numpy as np

from jax_slim.tf1.graph import rows, shape_inference, shapes
from jax_slim.tf1.operations import arrays, shape_rules


def _diag_shape(op: Any) -> shapes.TensorShape:
    sizes = shape_rules.sizes(op)
    return shapes.TensorShape(None if sizes is None else [*sizes, *sizes])


@rows.row("Diag", shape=_diag_shape)
def diag(diagonal: Any) -> Any:
    xp = arrays.xp(diagonal)
    return xp.diag(diagonal.reshape(-1)).reshape(diagonal.shape * 2)


def _diag_part_shape(op: Any) -> shapes.TensorShape:
    sizes = shape_rules.sizes(op)
    if sizes is None:
        return shapes.unknown_shape()
    if len(sizes) % 2 or not sizes:
        shape_rules.refuse(op, f"Input must have even and non-zero rank, input rank is {len(sizes)}")
    half = len(sizes) // 2
    return shapes.TensorShape(shape_rules.merged(op, sizes[:half], sizes[half:]))


@rows.row("DiagPart", shape=_diag_part_shape)
def diag_part(input: Any) -> Any:
    xp = arrays.xp(input)
    left = input.shape[: input.ndim // 2]
    side = int(np.prod(left))
    return xp.diagonal(input.reshape(side, side)).reshape(left)


def _matrix_diag_shape(op: Any) -> shapes.TensorShape:
    sizes = shape_rules.sizes(op)
    if sizes is None:
        return shapes.unknown_shape()
    if not sizes:
        shape_rules.refuse(op, "Shape must be at least rank 1 but is rank 0")
    return shapes.TensorShape([*sizes, sizes[-1]])


@rows.row("MatrixDiag", "BatchMatrixDiag", shape=_matrix_diag_shape)
def matrix_diag(diagonal: Any) -> Any:
    xp = arrays.xp(diagonal)
    on = np.eye(diagonal.shape[-1], dtype=bool)
    return xp.where(on, diagonal[..., None], np.zeros((), diagonal.dtype))


def _matrix_diag_part_shape(op: Any) -> shapes.TensorShape:
    sizes = shape_rules.sizes(op)
    if sizes is None:
        return shapes.unknown_shape()
    if len(sizes) < 2:
        shape_rules.refuse(op, f"Shape must be at least rank 2 but is rank {len(sizes)}")
    *batch, m, n = sizes
    return shapes.TensorShape([*batch, None if m is None or n is None else min(m, n)])


@rows.row("MatrixDiagPart", "BatchMatrixDiagPart", shape=_matrix_diag_part_shape)
def matrix_diag_part(input: Any) -> Any:
    return arrays.xp(input).diagonal(input, axis1=-2, axis2=-1)


def _set_diag_shape(op: Any) -> shapes.TensorShape:
    sizes, diagonal = shape_rules.sizes(op), shape_rules.sizes(op, 1)
    if sizes is not None and len(sizes) < 2:
        shape_rules.refuse(op, f"Shape must be at least rank 2 but is rank {len(sizes)}")
    if diagonal is not None and not diagonal:
        shape_rules.refuse(op, "Shape must be at least rank 1 but is rank 0")
    if sizes is None or diagonal is None:
        return op._inputs[0].shape
    batch = shape_rules.merged(op, sizes[:-2], diagonal[:-1]) or ()
    matrix = [size for size in sizes[-2:] if size is not None]
    if len(matrix) == 2 and diagonal[-1] is not None and min(matrix) != diagonal[-1]:
        shape_rules.refuse(op, f"Dimensions must be equal, but are {min(matrix)} and {diagonal[-1]}")
    return shapes.TensorShape([*batch, *sizes[-2:]])


@rows.row("MatrixSetDiag", "BatchMatrixSetDiag", shape=_set_diag_shape)
def matrix_set_diag(input: Any, diagonal: Any) -> Any:
    xp = arrays.xp(input, diagonal)
    m, n = input.shape[-2:]
    least = min(m, n)
    if diagonal.shape[-1] != least:
        raise ValueError(
            f"must have diagonal.shape == input.shape[:-2] + min(input.shape[-2:]), but received input shape: {list(input.shape)} and diagonal shape: {list(diagonal.shape)}"
        )
    along = diagonal[..., :, None] if least == m else diagonal[..., None, :]
    return xp.where(np.eye(m, n, dtype=bool), along, input)


@rows.row("MatrixBandPart", "BatchMatrixBandPart", shape=shape_inference.like_input())
def matrix_band_part(input: Any, num_lower: Any, num_upper: Any) -> Any:
    xp = arrays.xp(input, num_lower, num_upper)
    m, n = input.shape[-2:]
    below = np.arange(m)[:, None] - np.arange(n)[None, :]  # how far below the diagonal
    keep = ((num_lower < 0) | (below <= num_lower)) & ((num_upper < 0) | (-below <= num_upper))
    return xp.where(keep, input, np.zeros((), input.dtype))
