"""Arithmetic of tf1 beyond the goldens: complex gradients, casts of what does not fit, checks in compiled runs."""

import numpy as np
import pytest

import jax_slim.tf1 as tf


def run(fetches, feeds=None, times=1):
    with tf.Session() as session:
        for _ in range(times):
            found = session.run(fetches, feeds)
        return found


@pytest.mark.parametrize(
    ("function", "size"),
    [(tf.exp, np.exp), (tf.square, lambda x: x * x), (tf.sin, np.sin), (tf.reciprocal, np.reciprocal)],
)
def test_gradients_through_complex_numbers(function, size):
    with tf.Graph().as_default():
        x, y = tf.placeholder(tf.float64, []), tf.placeholder(tf.float64, [])
        gradients = tf.gradients(tf.abs(function(tf.complex(x, y))), [x, y])
        found = run(gradients, {x: 0.5, y: 0.3})
    step = 1e-6
    expected = [(abs(size(0.5 + 0.3j + d * step)) - abs(size(0.5 + 0.3j - d * step))) / (2 * step) for d in (1, 1j)]
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_casts_keep_the_low_bits_of_what_a_processor_gives():
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [4])
        found = run([tf.cast(x, tf.uint8), tf.cast(x, tf.int32)], {x: [300.5, -7.9, 3e9, np.nan]}, times=5)
    np.testing.assert_array_equal(found[0], [44, 249, 0, 0])
    np.testing.assert_array_equal(found[1], [300, -7, -(2**31), -(2**31)])


@pytest.mark.parametrize("times", [1, 5])  # evaluated one by one, then compiled
def test_integer_division_by_zero_is_an_error(times):
    with tf.Graph().as_default():
        x, y = tf.placeholder(tf.int32, [2]), tf.placeholder(tf.int32, [2])
        quotient = x // y
        with tf.Session() as session:
            for _ in range(times):
                session.run(quotient, {x: [7, -7], y: [2, 2]})
            with pytest.raises(tf.errors.InvalidArgumentError, match="Integer division by zero"):
                session.run(quotient, {x: [7, -7], y: [2, 0]})


def test_means_of_bytes_do_not_overflow():
    with tf.Graph().as_default():
        assert run(tf.reduce_mean(tf.constant([250, 250, 251], tf.uint8))) == 250


def test_einsum_of_three():
    arrays = [np.arange(6.0).reshape(2, 3), np.arange(12.0).reshape(3, 4), np.arange(8.0).reshape(4, 2)]
    with tf.Graph().as_default():
        found = run(
            [tf.einsum("ij,jk,kl->il", *map(tf.constant, arrays)), tf.einsum("ij,jk", *map(tf.constant, arrays[:2]))]
        )
    np.testing.assert_allclose(found[0], np.einsum("ij,jk,kl->il", *arrays))
    np.testing.assert_allclose(found[1], arrays[0] @ arrays[1])


def test_incomplete_gamma_functions_and_acosh_are_no_numbers_outside_of_where_they_are_defined():
    nan = np.nan
    with tf.Graph().as_default():
        a, x = tf.constant([0.0, 1.0, 0.0, -1.0, 2.0]), tf.constant([0.0, 0.0, 0.5, 2.0, 0.5])
        y = tf.placeholder(tf.float32, [4])
        made = [tf.igamma(a, x), tf.igammac(a, x), tf.gradients(tf.igamma(a, x), x)[0], tf.gradients(tf.acosh(y), y)[0]]
        below, above, slope, derivative = run(made, {y: [-2.0, 0.5, 1.5, 2.0]})
    np.testing.assert_allclose(below, [0, 0, nan, nan, 0.0902040], rtol=1e-5)
    np.testing.assert_allclose(above, [nan, 1, nan, nan, 0.9097960], rtol=1e-5)
    np.testing.assert_allclose(slope[2:], [0, 0, 0.5 * np.exp(-0.5)], rtol=1e-5)
    np.testing.assert_allclose(derivative, [nan, nan, 1 / np.sqrt(1.25), 1 / np.sqrt(3)], rtol=1e-5)
