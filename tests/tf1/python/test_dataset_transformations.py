"""Transformations of `tf.data.experimental`; sparse elements. The values are those of TensorFlow 2.21's compat.v1."""

import numpy as np
import pytest

import jax_slim.tf1 as tf
from tf1.dataset_elements import elements, plain, rows_of_lengths

D = tf.data.Dataset
E = tf.data.experimental

CASES = [
    ('lens().take(4).apply(E.dense_to_sparse_batch(3,[10]))',
     [['S', [[0, 0], [0, 1], [0, 2], [1, 0], [2, 0], [2, 1], [2, 2], [2, 3]], [3, 3, 3, 1, 4, 4, 4, 4], [3, 10]],
     ['S', [[0, 0]], [1], [1, 10]]]),
    ('D.from_tensor_slices([1,2,1,3,2]).apply(E.unique())', [1, 2, 3]),
    ('D.range(5).apply(E.scan(np.int64(0),lambda s,x:(s+x,s*x)))', [0, 0, 2, 9, 24]),
    ('E.get_single_element(D.range(3).batch(3))', [[0, 1, 2]]),
    ('D.from_tensor_slices(sp)',
     [['S', [[0]], [1], [4]], ['S', [[2]], [2], [4]], ['S', [], [], [4]], ['S', [[1]], [3], [4]]]),
    ('D.from_tensors(sp)', [['S', [[0, 0], [1, 2], [3, 1]], [1, 2, 3], [4, 4]]]),
    ("D.from_tensor_slices({'a':sp,'b':[1,2,3,4]}).batch(2)",
     [{'a': ['S', [[0, 0], [1, 2]], [1, 2], [2, 4]], 'b': [1, 2]}, {'a': ['S', [[1, 1]], [3], [2, 4]], 'b': [3, 4]}]),
    ("D.from_tensor_slices(['a b','c','d e f']).map(lambda t: tf.string_split([t]))",
     [['S', [[0, 0], [0, 1]], [b'a', b'b'], [1, 2]], ['S', [[0, 0]], [b'c'], [1, 1]], ['S', [[0, 0], [0, 1], [0,
     2]], [b'd', b'e', b'f'], [1, 3]]]),
    ("D.from_tensor_slices(['a b','c','d e f']).map(lambda t: tf.string_split([t])).batch(2)",
     [['S', [[0, 0, 0], [0, 0, 1], [1, 0, 0]], [b'a', b'b', b'c'], [2, 1, 2]], ['S', [[0, 0, 0], [0, 0, 1], [0, 0,
     2]], [b'd', b'e', b'f'], [1, 1, 3]]]),
    ('D.from_tensor_slices(sp).filter(lambda s: tf.size(s.values)>0)',
     [['S', [[0]], [1], [4]], ['S', [[2]], [2], [4]], ['S', [[1]], [3], [4]]]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "wanted"), CASES)
def test_elements_are_those_of_tensorflow(text, wanted):
    with tf.Graph().as_default(), tf.Session() as session:
        sp = tf.SparseTensor([[0, 0], [1, 2], [3, 1]], [1, 2, 3], [4, 4])
        given = {"tf": tf, "np": np, "D": D, "E": E, "lens": rows_of_lengths, "sp": sp}
        assert elements(session, eval(text, given)) == wanted


def test_columns_of_csv_files(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text('a,b,c\n1,2.5,x\n3,,"y,z"\n,1,w\n')
    with tf.Graph().as_default(), tf.Session() as session:
        whole = E.CsvDataset(str(path), [tf.constant([0]), tf.constant([-1.0]), tf.string], header=True)
        assert elements(session, whole) == [(1, 2.5, b"x"), (3, -1, b"y,z"), (0, 1, b"w")]
        some = E.CsvDataset(str(path), [[-1.0], tf.string], header=True, select_cols=[1, 2])
        assert elements(session, some) == [(2.5, b"x"), (-1, b"y,z"), (1, b"w")]
        needed = E.CsvDataset(str(path), [tf.float32], header=True, select_cols=[1])
        with pytest.raises(tf.errors.InvalidArgumentError, match="required but missing"):
            elements(session, needed)


def test_sparse_elements_are_told_from_dense_ones():
    with tf.Graph().as_default(), tf.Session() as session:
        both = {"s": tf.SparseTensor([[0, 1]], [5], [1, 2]), "d": [7]}
        made = D.from_tensor_slices(both)
        assert made.output_classes == {"s": tf.SparseTensor, "d": tf.Tensor}
        assert made.output_types == {"s": tf.int32, "d": tf.int32}
        again = tf.data.Iterator.from_structure(
            made.output_types, made.output_shapes, output_classes=made.output_classes
        )
        following = again.get_next()
        session.run(again.make_initializer(made))
        assert plain(session.run(following)) == {"s": ["S", [[1]], [5], [2]], "d": 7}
        with pytest.raises(TypeError, match="padded sparse tensors"):
            made.padded_batch(1, {"s": [None], "d": []})


def test_windows_slide_and_shapes_are_known():
    with tf.Graph().as_default(), tf.Session() as session:
        slide = tf.contrib.data.sliding_window_batch
        made = [D.range(7).apply(slide(3, window_shift=2)), D.range(7).apply(slide(2, 4, window_stride=2))]
        assert [elements(session, one) for one in made] == [[[0, 1, 2], [2, 3, 4], [4, 5, 6]], [[0, 2], [4, 6]]]
        asked = D.range(2).map(lambda i: tf.py_func(lambda: np.zeros(2), [], tf.float64))
        known = asked.apply(tf.contrib.data.assert_element_shape([2]))
        assert known.output_shapes.as_list() == [2]
        assert elements(session, known) == [[0, 0]] * 2
        with pytest.raises(tf.errors.InvalidArgumentError, match="more than one element"):
            session.run(E.get_single_element(D.range(2)))
