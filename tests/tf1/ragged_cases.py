"""Expressions of ragged tensors, all run at once, and their values as nested lists."""

import numpy as np

import jax_slim.tf1 as tf


def check(cases):
    """Each case is an expression and the value that it must have."""
    with tf.Graph().as_default(), tf.Session() as session:
        given = {
            "tf": tf,
            "rt": tf.ragged.constant([[3, 1, 4, 1], [], [5, 9, 2], [6]]),
            "rf": tf.ragged.constant([[3.0, 1, 4, 1], [], [5, 9, 2], [6]]),
            "bo": tf.ragged.constant([[True, False, True, True], [], [False, True, True], [False]]),
            "nest": tf.ragged.constant([[[1, 2], [3]], [], [[4, 5, 6]], [[], [7]]]),
            "inner": tf.ragged.constant([[[1, 2], [3, 4]], [], [[5, 6]]], ragged_rank=1),
        }
        made = [eval(text, given) for text, _ in cases]
        found = session.run(made)
    for (text, wanted), value in zip(cases, found, strict=True):
        rows = plain(value)
        if isinstance(wanted, float) or (isinstance(wanted, list) and wanted and isinstance(wanted[0], float)):
            np.testing.assert_allclose(rows, wanted, rtol=1e-6, err_msg=text)
        else:
            assert rows == wanted, text


def plain(value):
    """Arrays and ragged values as nested lists."""
    if isinstance(value, tuple) and not hasattr(value, "to_list"):
        return [plain(part) for part in value]
    if not hasattr(value, "to_list"):
        return np.asarray(value).tolist() if not isinstance(value, bytes) else value
    rows = plain(value.values)
    return [rows[a:b] for a, b in zip(value.row_splits[:-1], value.row_splits[1:], strict=True)]
