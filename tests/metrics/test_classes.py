"""Class ids: what is outside of the classes, weights, refusals."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_slim as slim

LABELS, GUESSES = np.array([0, 1, 2, 2]), np.array([0, 2, 2, 1])


def test_confusion_matrix_rows_are_labels():
    np.testing.assert_array_equal(slim.metrics.confusion_matrix(LABELS, GUESSES), [[1, 0, 0], [0, 0, 1], [0, 1, 1]])
    weighted = slim.metrics.confusion_matrix(LABELS, GUESSES, 3, jnp.float32, weights=np.float32([1, 2, 3, 4]))
    np.testing.assert_array_equal(weighted, [[1, 0, 0], [0, 0, 2], [0, 4, 3]])


def test_confusion_matrix_keeps_large_integer_weights():
    weights = np.array([2**24 + 1, 0, 0, 0])
    assert slim.metrics.confusion_matrix(LABELS, GUESSES, weights=weights)[0, 0] == 2**24 + 1


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.int16])
def test_ids_of_few_bits_count_as_those_of_many(dtype):
    labels, guesses = np.array([100, 0, 120], dtype), np.array([100, 1, 120], dtype)
    for classes in (121, 256, 300, None):
        found = slim.metrics.confusion_matrix(labels, guesses, classes)
        assert found.shape == (classes or 121,) * 2
        assert [found[100, 100], found[0, 1], found[120, 120]] == [1, 1, 1] and found.sum() == 3


def test_confusion_matrix_inside_of_jit():
    run = jax.jit(lambda a, b: slim.metrics.confusion_matrix(a, b, 2))
    np.testing.assert_array_equal(run(LABELS, GUESSES), [[1, 0], [0, 0]])  # the others are outside
    with pytest.raises(ValueError, match="num_classes must be given inside of jit"):
        jax.jit(slim.metrics.confusion_matrix)(LABELS, GUESSES)


@pytest.mark.parametrize(
    "metric",
    [
        lambda guesses, labels: slim.metrics.streaming_mean_iou(guesses, labels, 2),
        lambda guesses, labels: slim.metrics.cohen_kappa(labels, guesses, 2),
        lambda guesses, labels: slim.metrics.cohen_kappa(labels, guesses, 2, np.ones(4, np.float32)),
    ],
)
def test_an_id_outside_is_an_error_and_nan_inside_of_jit(metric):
    model = slim.Model(metric)
    with pytest.raises(ValueError, match="labels must be at least 0 and below num_classes=2, got 2"):
        model.collect({}, GUESSES, LABELS)
    collect = jax.jit(model.collect)
    _, collected = collect({}, GUESSES, LABELS)
    _, collected = collect(collected.updates, LABELS % 2, LABELS % 2)  # a good batch does not hide it
    (value, _), _ = collect(collected.updates, LABELS % 2, LABELS % 2)
    assert np.isnan(value)


def test_kappa_says_when_its_integers_are_full():
    start = {name: np.array([2**31 - 2, 0], np.int32) for name in ("cohen_kappa/po", "cohen_kappa/pe_row")}
    zeros = np.zeros(4, int)
    (value, update), _ = slim.Model(lambda: slim.metrics.cohen_kappa(zeros, zeros, 2)).collect(start)
    assert not np.isnan(value)
    assert np.isnan(update)


def test_mean_iou_takes_flat_weights():
    masks, guesses, weights = LABELS.reshape(2, 2), GUESSES.reshape(2, 2), np.float32([1, 2, 3, 4])
    for given in (weights, weights.reshape(2, 2)):
        model = slim.Model(lambda given=given: slim.metrics.streaming_mean_iou(guesses, masks, 3, given))
        (_, matrix), _ = model.collect({})
        np.testing.assert_array_equal(matrix, [[1, 0, 0], [0, 0, 2], [0, 4, 3]])


def test_kappa_counts_rows_and_columns_as_tensorflow():
    _, collected = slim.Model(lambda: slim.metrics.cohen_kappa([0, 0, 1], [0, 1, 1], 2)).collect({})
    counts = {name.rpartition("/")[2]: value.tolist() for name, value in collected.updates.items()}
    assert counts == {"po": [1, 1], "pe_row": [1, 2], "pe_col": [2, 1]}


def test_kappa_takes_a_column():
    (_, update), _ = slim.Model(lambda: slim.metrics.cohen_kappa(LABELS[:, None], GUESSES, 3)).collect({})
    (_, flat), _ = slim.Model(lambda: slim.metrics.cohen_kappa(LABELS, GUESSES, 3, np.ones(4, int))).collect({})
    assert update == pytest.approx(float(flat))


def test_accuracy_casts_predictions_as_tensorflow():
    (_, update), _ = slim.Model(
        lambda: slim.metrics.streaming_accuracy(np.float32([0.9, 1.2]), np.array([0, 1]))
    ).collect({})
    assert update == 1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m: m.accuracy(np.ones(3), np.ones(3)), "labels must be integers or booleans, got float32"),
        (
            lambda m: m.accuracy(np.ones(3), np.ones(3, int)),
            "must have the dtype of labels, int32, got float32",
        ),
        (
            lambda m: m.confusion_matrix(LABELS[None], GUESSES[None]),
            r"must have rank 1 \[N\], got shape \(1, 4\)",
        ),
        (lambda m: m.confusion_matrix(LABELS, -GUESSES, 3), "predictions must be at least 0 .* got -2"),
        (lambda m: m.cohen_kappa(LABELS, GUESSES, 1), "num_classes must be at least 2, got 1"),
        (
            lambda m: m.cohen_kappa(LABELS.reshape(2, 2), GUESSES.reshape(2, 2), 3),
            r"\[N, 1\], got shape \(2, 2\)",
        ),
    ],
)
def test_refuses(call, message):
    with pytest.raises(ValueError, match=message):
        slim.Model(lambda: call(slim.metrics)).collect({})
