"""`tf.feature_column`: numbers and names as TensorFlow's."""

import numpy as np
import pytest

import jax_slim.tf1 as tf

fc = tf.feature_column


def _features():
    return {
        "price": tf.constant([[1.0], [5.0], [9.0]]),
        "pair": tf.constant([[0.1, 0.9], [0.5, 0.2], [2.0, 3.0]]),
        "color": tf.constant([["red"], ["blue"], [""]]),
        "words": tf.constant([["a", "b"], ["b", "zz"], ["", "a"]]),
        "weighted": tf.constant([["a", "b"], ["b", "zz"], ["k", "a"]]),
        "w": tf.constant([[1.0, 2.0], [0.5, 1.0], [3.0, 0.2]]),
        "id": tf.constant([2, 0, 1]),
        "ints": tf.constant([[3], [4], [5]]),
    }


def _evaluated(value):
    with tf.Session() as session:
        session.run([tf.global_variables_initializer(), tf.tables_initializer()])
        return session.run(value)


def test_dense_columns_are_what_tensorflow_makes_of_them():
    with tf.Graph().as_default():
        price = fc.numeric_column("price", normalizer_fn=lambda x: (x - 3) / 2)
        buckets = fc.bucketized_column(fc.numeric_column("price"), [2.0, 6.0])
        words = fc.categorical_column_with_vocabulary_list("words", ["a", "b", "c"], num_oov_buckets=2)
        ids = fc.categorical_column_with_identity("id", 4)
        weights = fc.weighted_categorical_column(
            fc.categorical_column_with_vocabulary_list("weighted", ["a", "b", "zz"]), "w"
        )
        hashed = fc.categorical_column_with_hash_bucket("color", 7)
        three = fc.crossed_column(["words", "color", ids], 13)
        rows = tf.constant_initializer(np.arange(15).reshape(5, 3) / 10.0)
        wanted = {
            price: [[-1.0], [1.0], [3.0]],
            fc.bucketized_column(fc.numeric_column("pair", shape=2), [0.3, 1.0]): [
                [1, 0, 0, 0, 1, 0],
                [0, 1, 0, 1, 0, 0],
                [0, 0, 1, 0, 0, 1],
            ],
            fc.indicator_column(hashed): np.eye(7)[[1, 6, 0]] * [[1], [1], [0]],
            fc.indicator_column(fc.categorical_column_with_hash_bucket("ints", 5, tf.int64)): np.eye(5)[[1, 3, 1]],
            fc.indicator_column(words): [[1, 1, 0, 0, 0], [0, 1, 0, 1, 0], [1, 0, 0, 0, 0]],
            fc.indicator_column(ids): np.eye(4)[[2, 0, 1]],
            fc.indicator_column(weights): [[1, 2, 0], [0, 0.5, 1], [0.2, 0, 0]],
            fc.indicator_column(fc.crossed_column(["color", buckets], 11)): np.eye(11)[[10, 0, 7]],
            fc.indicator_column(three): np.eye(13)[[[10, 11], [6, 12], [1, 8]]].sum(1),
            fc.embedding_column(words, 3, initializer=rows): [[0.15, 0.25, 0.35], [0.6, 0.7, 0.8], [0, 0.1, 0.2]],
        }  # fmt: skip
        outputs = {}
        together = fc.input_layer(_features(), list(wanted), cols_to_output_tensors=outputs)
        assert [v.op.name for v in tf.trainable_variables()] == ["input_layer/words_embedding/embedding_weights"]
        found, whole = _evaluated([[outputs[c] for c in wanted], together])
        for column, value in zip(wanted, found, strict=True):
            np.testing.assert_allclose(value, wanted[column], atol=1e-6, err_msg=column.name)
        names = sorted(wanted, key=lambda column: column.name)
        np.testing.assert_allclose(whole, np.concatenate([np.asarray(wanted[c]) for c in names], 1), atol=1e-6)


def test_columns_share_embeddings():
    with tf.Graph().as_default():
        words = fc.categorical_column_with_vocabulary_list("words", ["a", "b", "c"], num_oov_buckets=2)
        colors = fc.categorical_column_with_vocabulary_list("color", ["red", "blue", "x", "y", "z"])
        rows = tf.constant_initializer(np.arange(10) / 10.0)
        found = fc.input_layer(_features(), fc.shared_embedding_columns([words, colors], 2, initializer=rows))
        assert len(tf.trainable_variables()) == 1
        wanted = [[0.0, 0.1, 0.1, 0.2], [0.2, 0.3, 0.4, 0.5], [0.0, 0.0, 0.0, 0.1]]
        np.testing.assert_allclose(_evaluated(found), wanted, atol=1e-6)


def test_linear_models_have_a_weight_for_each_id():
    with tf.Graph().as_default():
        price = fc.numeric_column("price", normalizer_fn=lambda x: (x - 3) / 2)
        pair = fc.numeric_column("pair", shape=2)
        weighted = fc.categorical_column_with_vocabulary_list("weighted", ["a", "b", "zz"])
        columns = [
            price, fc.bucketized_column(fc.numeric_column("price"), [2.0, 6.0]), fc.bucketized_column(pair, [0.3, 1.0]),
            fc.categorical_column_with_hash_bucket("color", 7),
            fc.categorical_column_with_vocabulary_list("words", ["a", "b", "c"], num_oov_buckets=2),
            fc.crossed_column(["color", fc.bucketized_column(fc.numeric_column("price"), [2.0, 6.0])], 11),
            fc.categorical_column_with_identity("id", 4),
            fc.weighted_categorical_column(weighted, "w"),
        ]  # fmt: skip
        scores = fc.linear_model(_features(), columns)
        names = [v.op.name for v in tf.trainable_variables()]
        assert names[0] == "linear_model/color/weights" and names[-1] == "linear_model/bias_weights"
        with tf.Session() as session:
            session.run(tf.tables_initializer())
            for v in tf.trainable_variables():
                sizes = v.shape.as_list()
                v.load(np.linspace(-1, 1, int(np.prod(sizes))).reshape(sizes), session)
            np.testing.assert_allclose(session.run(scores).ravel(), [-3.2333, -2.4, -3.3333], atol=1e-4)
        spec = fc.make_parse_example_spec(columns)
        assert sorted(spec) == ["color", "id", "pair", "price", "w", "weighted", "words"]
        assert isinstance(spec["pair"], tf.FixedLenFeature) and isinstance(spec["words"], tf.VarLenFeature)


def test_what_does_not_fit_is_said():
    with pytest.raises(ValueError, match="boundaries must be a sorted list"):
        fc.bucketized_column(fc.numeric_column("x"), [2, 1])
    with pytest.raises(ValueError, match="wrap a CategoricalColumn with an embedding_column"):
        fc.input_layer({"x": tf.constant([1])}, [fc.categorical_column_with_identity("x", 3)])
    with pytest.raises(ValueError, match="Feature y is not in features dictionary"):
        fc.input_layer({"x": tf.constant([1.0])}, [fc.numeric_column("y")])
    with tf.Graph().as_default():
        column = fc.indicator_column(fc.categorical_column_with_identity("x", 3))
        found = fc.input_layer({"x": tf.constant([5])}, [column])
        with pytest.raises(tf.errors.InvalidArgumentError):
            _evaluated(found)
