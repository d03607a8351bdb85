"""Data sets grouped by keys, and several as one. The values are those of TensorFlow 2.21's compat.v1."""

import numpy as np
import pytest

import jax_slim.tf1 as tf
from tf1.dataset_elements import elements, rows_of_lengths

D = tf.data.Dataset
E = tf.data.experimental

CASES = [
    ('D.range(10).apply(E.group_by_window(lambda x:x%3,lambda k,w:w.batch(4),window_size=4))',
     [[0, 3, 6, 9], [1, 4, 7], [2, 5, 8]]),
    (('D.range(10).apply(E.group_by_window(lambda x:x%2,lambda k,w:w.batch(5).map(lambda b:(k,b)),'
     'window_size_func=lambda k:k+2))'),
     [(0, [0, 2]), (1, [1, 3, 5]), (0, [4, 6]), (0, [8]), (1, [7, 9])]),
    ('lens().apply(E.bucket_by_sequence_length(lambda t:tf.shape(t)[0],[3,5],[3,2,2]))',
     [[[3, 3, 3, 0], [4, 4, 4, 4]], [[5, 5, 5, 5, 5, 0, 0, 0, 0], [9, 9, 9, 9, 9, 9, 9, 9, 9]], [[1, 0], [1, 0],
     [2, 2]], [[6, 6, 6, 6, 6, 6]]]),
    (('lens().filter(lambda t: tf.shape(t)[0]<5).apply(E.bucket_by_sequence_length(lambda t:tf.shape(t)[0],[3,'
     '5],[3,2,2],pad_to_bucket_boundary=True,padding_values=-1))'),
     [[[3, 3, 3, -1], [4, 4, 4, 4]], [[1, -1], [1, -1], [2, 2]]]),
    (('lens().map(lambda t:(t,tf.size(t))).apply(E.bucket_by_sequence_length(lambda t,n:n,[3,5],[3,2,2],'
     'padded_shapes=([None],[]),drop_remainder=True))'),
     [([[3, 3, 3, 0], [4, 4, 4, 4]], [3, 4]), ([[5, 5, 5, 5, 5, 0, 0, 0, 0], [9, 9, 9, 9, 9, 9, 9, 9, 9]], [5, 9]),
     ([[1, 0], [1, 0], [2, 2]], [1, 1, 2])]),
    (('D.range(7).apply(E.group_by_reducer(lambda x:x%2,E.Reducer(lambda k:np.int64(0),lambda s,x:s+x,'
     'lambda s:s*10)))'),
     [120, 90]),
    ('E.choose_from_datasets([D.range(3),D.range(10,13)],D.from_tensor_slices(np.int64([0,1,1,0,1,1,0])))',
     [0, 10, 11, 1, 12, 2]),
    ('E.sample_from_datasets([D.range(4),D.range(10,14),D.range(20,24)],seed=3)',
     [10, 11, 20, 0, 21, 12, 13, 22, 1, 23, 2, 3]),
    ('E.sample_from_datasets([D.range(4),D.range(10,14)],weights=[0.2,0.8],seed=7)', [10, 0, 11, 12, 13, 1, 2, 3]),
    ('E.RandomDataset(seed=5).take(6)', [3568415791, 2798973839, 2476249224, 2816106479, 2507884952, 3643392934]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "wanted"), CASES)
def test_elements_are_those_of_tensorflow(text, wanted):
    with tf.Graph().as_default(), tf.Session() as session:
        given = {"tf": tf, "np": np, "D": D, "E": E, "lens": rows_of_lengths}
        assert elements(session, eval(text, given)) == wanted


def test_what_does_not_fit_is_refused():
    with tf.Graph().as_default(), tf.Session() as session:
        numbers = D.range(3)
        with pytest.raises(ValueError, match="but not both"):
            E.group_by_window(lambda x: x, lambda k, w: w)
        with pytest.raises(ValueError, match=r"single tf.int64 scalar"):
            numbers.apply(E.group_by_window(lambda x: tf.cast(x, tf.int32), lambda k, w: w, 2))
        with pytest.raises(TypeError, match="must return a `Dataset`"):
            numbers.apply(E.group_by_window(lambda x: x, lambda k, w: k, 2))
        with pytest.raises(ValueError, match=r"len\(bucket_boundaries\) \+ 1"):
            E.bucket_by_sequence_length(lambda x: x, [1, 2], [3, 4])
        with pytest.raises(TypeError, match=r"scalar `tf.int64`"):
            E.choose_from_datasets([numbers], D.from_tensors([1]))
        with pytest.raises(ValueError, match="must be a vector of length"):
            E.sample_from_datasets([numbers, numbers], [0.1, 0.2, 0.7])
        with pytest.raises(tf.errors.InvalidArgumentError, match="greater than zero, but got 0"):
            elements(session, numbers.apply(E.group_by_window(lambda x: x, lambda k, w: w, 0)))
        long = numbers.map(lambda x: tf.fill([x + 3], x)).apply(
            E.bucket_by_sequence_length(lambda x: tf.size(x), [4], [1, 1], pad_to_bucket_boundary=True)
        )
        with pytest.raises(tf.errors.InvalidArgumentError, match="elements must have length"):
            elements(session, long)
