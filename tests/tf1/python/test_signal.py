"""`tf.signal` beyond Fourier transforms, against NumPy and SciPy."""

import numpy as np
import pytest
from scipy import fft

import jax_slim.tf1 as tf

_X = np.random.default_rng(0).normal(size=(2, 12)).astype(np.float32)


def _run(*fetches):
    with tf.Session() as session:
        return session.run(list(fetches))


def _frames(x, length, step):
    return np.stack([x[..., i : i + length] for i in range(0, x.shape[-1] - length + 1, step)], -2)


def test_cosine_transforms_are_scipys():
    kinds = [(t, n, m) for t in (1, 2, 3, 4) for n in (None, 8, 16) for m in (None, "ortho") if (t, m) != (1, "ortho")]
    with tf.Graph().as_default():
        made = [tf.signal.dct(_X, type=t, n=n, norm=m) for t, n, m in kinds]
        back = tf.signal.idct(tf.signal.dct(_X, norm="ortho"), norm="ortho")
        assert made[1].shape.as_list() == [2, 8]
        *found, back = _run(*made, back)
        with pytest.raises(ValueError, match="not supported for the Type-I"):
            tf.signal.dct(_X, type=1, norm="ortho")
    for got, (t, n, m) in zip(found, kinds, strict=True):
        np.testing.assert_allclose(got, fft.dct(_X, t, n, norm=m), atol=2e-4, err_msg=f"{t} {n} {m}")
    np.testing.assert_allclose(back, _X, atol=1e-5)


def test_frames_overlap_and_add_up_again():
    with tf.Graph().as_default():
        plain, padded = tf.signal.frame(_X, 5, 3), tf.signal.frame(_X, 5, 3, pad_end=True, pad_value=-1)
        unknown = tf.placeholder(tf.float32, [2, None])
        loose = tf.signal.frame(unknown, 5, 3, pad_end=True, pad_value=-1)
        added = tf.signal.overlap_and_add(plain, 3)
        assert plain.shape.as_list() == [2, 3, 5] and loose.shape.as_list() == [2, None, 5]
        with tf.Session() as session:
            found = session.run([plain, padded, loose, added], {unknown: _X})
        none, columns = _run(tf.signal.frame(_X, 20, 3), tf.signal.frame(_X, 1, 1, axis=0))
    np.testing.assert_array_equal(found[0], _frames(_X, 5, 3))
    whole = np.concatenate([_X, -np.ones([2, 2], np.float32)], -1)
    np.testing.assert_array_equal(found[1], _frames(whole, 5, 3))
    np.testing.assert_array_equal(found[2], found[1])
    counts = np.array([1, 1, 1, 2, 2, 1, 2, 2, 1, 1, 1])
    np.testing.assert_allclose(found[3], _X[:, :11] * counts, rtol=1e-6)
    assert none.shape == (2, 0, 20)
    np.testing.assert_array_equal(columns, _X[:, None])


def test_a_short_time_transform_and_its_inverse():
    with tf.Graph().as_default():
        made = tf.signal.stft(_X, 6, 3)
        rectangular = tf.signal.stft(_X, 5, 2, fft_length=10, window_fn=None, pad_end=True)
        spectra = tf.signal.stft(_X, 4, 2)
        back = tf.signal.inverse_stft(spectra, 4, 2, window_fn=tf.signal.inverse_stft_window_fn(2))
        assert made.shape.as_list() == [2, 3, 5] and rectangular.shape.as_list() == [2, 6, 6]
        made, rectangular, back, hann, odd, hamming, one = _run(
            made, rectangular, back, tf.signal.hann_window(6), tf.signal.hann_window(5),
            tf.signal.hamming_window(6, periodic=False), tf.signal.hann_window(1),
        )  # fmt: skip
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(6) / 6)
    np.testing.assert_allclose(hann, window, atol=1e-6)
    np.testing.assert_allclose(odd, np.hanning(5), atol=1e-6)  # an odd one is symmetric, periodic or not
    np.testing.assert_allclose(hamming, np.hamming(6), atol=1e-6)
    assert one.tolist() == [1.0]
    np.testing.assert_allclose(made, np.fft.rfft(_frames(_X, 6, 3) * window, 8), atol=1e-5)
    whole = np.concatenate([_X, np.zeros([2, 3], np.float32)], -1)
    np.testing.assert_allclose(rectangular, np.fft.rfft(_frames(whole, 5, 2), 10), atol=1e-5)
    np.testing.assert_allclose(back[:, 2:-2], _X[:, 2:-2], atol=1e-5)


def test_mel_weights_are_triangles_and_coefficients_a_cosine_transform():
    with tf.Graph().as_default():
        weights = tf.signal.linear_to_mel_weight_matrix(5, 33, 4000.0, 100.0, 1500.0)
        coefficients = tf.signal.mfccs_from_log_mel_spectrograms(_X)
        weights, coefficients, shifted, back = _run(
            weights, coefficients, tf.signal.fftshift(_X), tf.signal.ifftshift(tf.range(5), axes=0)
        )
        with pytest.raises(ValueError, match="Nyquist"):
            tf.signal.linear_to_mel_weight_matrix(5, 33, 4000.0, 100.0, 2500.0)
    bins = 1127 * np.log1p(np.linspace(0, 2000, 33) / 700)
    edges = np.linspace(1127 * np.log1p(100 / 700), 1127 * np.log1p(1500 / 700), 7)
    peaks = [np.interp(bins, edges[i : i + 3], [0, 1, 0]) for i in range(5)]
    np.testing.assert_allclose(weights, np.stack(peaks, -1), atol=1e-5)
    np.testing.assert_allclose(coefficients, fft.dct(_X) / np.sqrt(24), atol=1e-5)
    np.testing.assert_array_equal(shifted, np.fft.fftshift(_X))
    assert back.tolist() == [2, 3, 4, 0, 1]
