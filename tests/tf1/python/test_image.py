"""`tf.image` where the recorded cases say nothing: formats, chance, sizes that change."""

import io

import numpy as np
import pytest
from PIL import Image

import jax_slim.tf1 as tf

PICTURE = np.random.default_rng(0).integers(0, 256, (6, 5, 3)).astype(np.uint8)


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default() as made:
        yield made


def encoded(form):
    stream = io.BytesIO()
    Image.fromarray(PICTURE).save(stream, form)
    return stream.getvalue()


def test_decode_image_tells_the_formats_apart():
    contents = tf.placeholder(tf.string)
    image = tf.image.decode_image(contents, channels=3)
    with tf.Session() as session:
        for form, shape in {"PNG": (6, 5, 3), "JPEG": (6, 5, 3), "BMP": (6, 5, 3), "GIF": (1, 6, 5, 3)}.items():
            found = session.run(image, {contents: encoded(form)})
            assert found.shape == shape
            if form in ("PNG", "BMP"):
                np.testing.assert_array_equal(found, PICTURE)
        with pytest.raises(tf.errors.InvalidArgumentError, match="Unable to decode"):
            session.run(image, {contents: b"no image at all"})


def test_random_flips_draw_for_each_image_and_each_run():
    images = np.stack([PICTURE] * 64)
    flipped = tf.image.random_flip_left_right(images, seed=1)
    with tf.Session() as session:
        first, second = session.run(flipped), session.run(flipped)
    turned = [np.array_equal(image, PICTURE[:, ::-1]) for image in first]
    assert 10 < sum(turned) < 54
    assert all(t or np.array_equal(image, PICTURE) for t, image in zip(turned, first, strict=True))
    assert not np.array_equal(first, second)


def test_a_pipeline_takes_images_of_any_size():
    image = tf.placeholder(tf.uint8, [None, None, 3])
    floats = tf.image.convert_image_dtype(image, tf.float32)
    begin, size, _ = tf.image.sample_distorted_bounding_box(
        tf.shape(floats), tf.zeros([1, 0, 4]), use_image_if_no_bounding_boxes=True, area_range=(0.1, 0.5)
    )
    crop = tf.slice(floats, begin, size)
    crop.set_shape([None, None, 3])
    ready = tf.clip_by_value(tf.image.random_saturation(tf.image.resize_images(crop, [8, 8]), 0.5, 1.5), 0.0, 1.0)
    assert ready.shape.as_list() == [8, 8, 3]
    with tf.Session() as session:
        for height in range(20, 30):
            area, made = session.run([size, ready], {image: np.full((height, 25, 3), 255)})
            assert made.shape == (8, 8, 3)
            np.testing.assert_allclose(made, 1.0)
            assert area[0] * area[1] <= 0.5 * height * 25
