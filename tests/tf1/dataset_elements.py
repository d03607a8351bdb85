"""The elements of a data set as lists and numbers."""

import numpy as np

import jax_slim.tf1 as tf


def elements(session, made):
    if not isinstance(made, tf.data.Dataset):
        return [plain(session.run(made))]
    iterator = made.make_initializable_iterator()
    following = iterator.get_next()
    session.run(iterator.initializer)
    found = []
    try:
        while len(found) < 30:
            found.append(plain(session.run(following)))
    except tf.errors.OutOfRangeError:
        pass
    return found


def plain(value):
    if hasattr(value, "_fields"):
        return ["S"] + [np.asarray(part).tolist() for part in value]
    if isinstance(value, dict):
        return {key: plain(part) for key, part in value.items()}
    return tuple(map(plain, value)) if isinstance(value, tuple) else np.asarray(value).tolist()


def rows_of_lengths():
    """A data set of rows of 3, 1, 4, 1, 5, 9, 2 and 6 numbers."""
    return tf.data.Dataset.from_tensor_slices([3, 1, 4, 1, 5, 9, 2, 6]).map(lambda n: tf.fill([n], n))
