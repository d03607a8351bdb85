"""What it costs a worker to make a photograph into a training example, beside the same written plainly in NumPy.

    python benchmarks/preprocessing.py

Milliseconds of processor time an image of 500 x 375, made 224 x 224; the two forms in turn, 5 rounds, medians. With
native kernels where `jax-slim native` has compiled them.
"""

import statistics
import time

import jax  # noqa: F401 - the native kernels come with it
import numpy as np

from jax_slim import preprocessing

ROUNDS, IMAGES, SIZE = 5, 60, 224
inception, vgg = preprocessing.inception_preprocessing, preprocessing.vgg_preprocessing


def plain_resize(image, height, width):
    def along(side, now):
        position = np.arange(side, dtype=np.float32) * np.float32(now / side)
        low = position.astype(int)
        return low, np.minimum(low + 1, now - 1), position - low

    top, bottom, down = along(height, image.shape[0])
    left, right, across = along(width, image.shape[1])
    down, across = down[:, None, None], across[:, None]
    above = image[top][:, left] * (1 - across) + image[top][:, right] * across
    below = image[bottom][:, left] * (1 - across) + image[bottom][:, right] * across
    return above * (1 - down) + below * down


def plain_hsv(image, turn, factor):
    hsv = preprocessing.rgb_to_hsv(image)
    hsv[..., 0] = (hsv[..., 0] + turn) % 1
    hsv[..., 1] = np.clip(hsv[..., 1] * factor, 0, 1)
    return preprocessing.hsv_to_rgb(hsv)


def plain_inception(image, rng, fast_mode):
    image = image.astype(np.float32) / 255
    image, _ = inception.distorted_bounding_box_crop(image, rng=rng)
    image = plain_resize(image, SIZE, SIZE)
    image = image[:, ::-1] if rng.random() < 0.5 else image
    image = image + np.float32(rng.uniform(-32 / 255, 32 / 255))
    image = plain_hsv(image, 0, np.float32(rng.uniform(0.5, 1.5)))
    if not fast_mode:
        image = plain_hsv(image, np.float32(rng.uniform(-0.2, 0.2)), 1)
        mean = image.mean(axis=(0, 1))
        image = (image - mean) * np.float32(rng.uniform(0.5, 1.5)) + mean
    return (np.clip(image, 0, 1) - np.float32(0.5)) * 2


def plain_vgg(image, rng):
    side = rng.integers(256, 513)
    height, width = (round(now * side / min(image.shape[:2])) for now in image.shape[:2])
    image = plain_resize(image.astype(np.float32), height, width)
    top, left = rng.integers(height - SIZE + 1), rng.integers(width - SIZE + 1)
    image = image[top : top + SIZE, left : left + SIZE]
    return (image[:, ::-1] if rng.random() < 0.5 else image) - np.array(vgg.MEANS, np.float32)


def milliseconds(function):
    start = time.process_time()
    for _ in range(IMAGES):
        function()
    return (time.process_time() - start) / IMAGES * 1e3


def main():
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (375, 500, 3), np.uint8)
    pairs = {
        "inception, fast mode": (
            lambda: inception.preprocess_image(image, SIZE, SIZE, True, rng=rng),
            lambda: plain_inception(image, rng, True),
        ),
        "inception, full": (
            lambda: inception.preprocess_image(image, SIZE, SIZE, True, fast_mode=False, rng=rng),
            lambda: plain_inception(image, rng, False),
        ),
        "vgg": (
            lambda: vgg.preprocess_image(image, SIZE, SIZE, True, rng=rng),
            lambda: plain_vgg(image, rng),
        ),
    }
    print(f"{'training':24}{'here':>8}{'plain':>8}{'ratio':>8}")
    for name, forms in pairs.items():
        times = [[milliseconds(form) for form in forms] for _ in range(ROUNDS + 1)][1:]  # the first one warms up
        ours, plain = (statistics.median(column) for column in zip(*times, strict=True))
        print(f"{name:24}{ours:8.2f}{plain:8.2f}{plain / ours:8.1f}")
    for name, module in (("inception", inception), ("vgg", vgg)):
        times = [milliseconds(lambda module=module: module.preprocess_image(image, SIZE, SIZE)) for _ in range(ROUNDS)]
        print(f"{name + ', evaluation':24}{statistics.median(times):8.2f}")


if __name__ == "__main__":
    main()
