"""`BipartiteMatch`: rows and columns in pairs, the nearest first. It runs on the host."""

from typing import Any

import numpy as np

from jax_slim.tf1.graph import errors, op_defs, rows, shapes

# An operation of a library of tf.contrib.image, which TensorFlow's own list does not have.
op_defs.register(
    "BipartiteMatch(distance_mat: float, num_valid_rows: float) -> "
    "(row_to_col_match_indices: int32, col_to_row_match_indices: int32) | top_k: int = -1"
)


def _both_sides(op: Any) -> Any:
    sizes = op._inputs[0].shape.with_rank(2)
    return [shapes.TensorShape([sizes[0]]), shapes.TensorShape([sizes[1]])]


@rows.row("BipartiteMatch", host=True, shape=_both_sides, gradient=rows.NONE)
def bipartite_match(distance_mat: Any, num_valid_rows: Any, *, top_k: int) -> Any:
    """The column of each row and the row of each column, -1 without a partner: of what is free the nearest pair, and again."""
    if distance_mat.ndim != 2:
        raise errors.InvalidArgumentError(None, None, f"distance_mat must have 2 axes, got shape {distance_mat.shape}.")
    count, columns = distance_mat.shape
    valid = count if num_valid_rows < 0 else min(int(num_valid_rows), count)
    of_rows, of_columns = np.full(count, -1, np.int32), np.full(columns, -1, np.int32)
    left = min(valid, columns) if top_k < 0 else min(valid, columns, top_k)
    for place in np.argsort(distance_mat[:valid], axis=None, kind="stable"):
        if not left:
            break
        row, column = divmod(int(place), columns)
        if of_rows[row] < 0 and of_columns[column] < 0:
            of_rows[row], of_columns[column] = column, row
            left -= 1
    return of_rows, of_columns
