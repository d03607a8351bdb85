"""Images scaled with kernels. The values are those of TensorFlow 2.21's compat.v1."""

import numpy as np
import pytest

import jax_slim.tf1 as tf

IMAGE = (np.arange(42).reshape(1, 7, 6, 1) % 11 / 10).astype("float32")
CASES = [
    ("bilinear", True, [0.40631, 0.5625, 0.46744, 0.54817, 0.53808, 0.41927]),
    ("bicubic", True, [0.38146, 0.57736, 0.45252, 0.55787, 0.55405, 0.41164]),
    ("lanczos3", True, [0.36741, 0.58827, 0.44692, 0.57187, 0.56097, 0.40147]),
    ("lanczos3", False, [0.56985, 0.74933, 0.52335, 0.71762, 0.43788, 0.26017]),
    ("lanczos5", True, [0.35921, 0.59404, 0.44214, 0.58041, 0.5649, 0.39578]),
    ("lanczos5", False, [0.54259, 0.68377, 0.55543, 0.6638, 0.40227, 0.30389]),
    ("gaussian", True, [0.41679, 0.54274, 0.46127, 0.53698, 0.54085, 0.43735]),
    ("gaussian", False, [0.49918, 0.69918, 0.51122, 0.67674, 0.48878, 0.30082]),
    ("mitchellcubic", True, [0.39911, 0.55974, 0.4564, 0.54866, 0.54854, 0.42379]),
    ("mitchellcubic", False, [0.52952, 0.73399, 0.51176, 0.70451, 0.47882, 0.27103]),
]


def test_each_kernel_with_and_without_smoothing():
    with tf.Graph().as_default(), tf.Session() as session:
        resize = tf.compat.v2.image.resize
        made = [resize(IMAGE, (2, 3), method, antialias=smooth) for method, smooth, _ in CASES]
        for found, (method, _, wanted) in zip(session.run(made), CASES, strict=True):
            np.testing.assert_allclose(found.ravel(), wanted, atol=2e-5, err_msg=method)
        with pytest.raises(ValueError, match="not implemented"):
            resize(IMAGE, (2, 3), "cubic")


def test_the_gradient_is_the_transpose():
    with tf.Graph().as_default(), tf.Session() as session:
        images = tf.placeholder(tf.float32, [1, 7, 6, 1])
        made = tf.compat.v2.image.resize(images, (4, 3), "lanczos3", antialias=True)
        weights = np.arange(12, dtype="float32").reshape(1, 4, 3, 1)
        value, gradient = session.run([made, tf.gradients(made, images, weights)[0]], {images: IMAGE})
    np.testing.assert_allclose((value * weights).sum(), (IMAGE * gradient).sum(), rtol=1e-5)
