"""A pipeline as the batches of `learning.train`: a run that is interrupted ends bit for bit as one that is not."""

import jax
import numpy as np
import optax
import pytest

import jax_slim as slim


@pytest.fixture
def photographs(tmp_path):
    rng = np.random.default_rng(0)
    for label, name in enumerate(["dark", "bright"]):
        (tmp_path / "photographs" / name).mkdir(parents=True)
        for number in range(6):
            pixels = rng.integers(0, 100, (12 + number, 14, 3)) + 120 * label
            encoded = slim.data.encode_jpeg(pixels.astype(np.uint8))
            (tmp_path / "photographs" / name / f"{number}.jpg").write_bytes(encoded)
    return tmp_path / "photographs"


def small(example, rng):
    top, left = rng.integers(4, size=2)
    image = example["image"][top : top + 8, left : left + 8].astype(np.float32) / 255
    return {"image": image[:, ::-1] if rng.random() < 0.5 else image, "label": example["label"]}


def loss_fn(batch):
    net = slim.flatten(slim.conv2d(batch["image"], 4, [3, 3], stride=2))
    logits = slim.fully_connected(net, 2, activation_fn=None)
    slim.losses.sparse_softmax_cross_entropy(logits, batch["label"])
    return slim.losses.get_total_loss()


@pytest.mark.slow
def test_an_interrupted_run_ends_the_same(photographs, tmp_path):
    def run(logdir, steps, threads):
        batches = slim.data.pipeline(slim.data.ImageFolder(photographs), small, batch_size=5, num_threads=threads)
        train_op = slim.learning.create_train_op(loss_fn, optax.sgd(0.1, momentum=0.9))
        return slim.learning.train(train_op, str(tmp_path / logdir), batches, number_of_steps=steps, seed=3)

    whole = run("whole", 13, 2)
    run("parts", 5, 1)
    parts = run("parts", 13, 0)
    assert whole.step == parts.step == 13
    for name, value in whole.variables.items():
        np.testing.assert_array_equal(np.asarray(value), np.asarray(parts.variables[name]), err_msg=name)
    assert float(whole) == float(parts)


@pytest.mark.slow
def test_a_run_on_the_device_is_the_one_on_the_host_and_goes_on(photographs, tmp_path):
    sides = {"resize_side_min": 9, "resize_side_max": 16}
    host = slim.preprocessing.get_preprocessing("vgg", is_training=True)
    device = slim.preprocessing.on_device("vgg", 8, 8, True, **sides)

    def prepared(example, rng):
        return {"image": host(example["image"], 8, 8, **sides, rng=rng), "label": example["label"]}

    def scaled(batch):
        return loss_fn({**batch, "image": batch["image"] / 100})

    def run(logdir, steps, transform, **options):
        batches = slim.data.pipeline(slim.data.ImageFolder(photographs), transform, batch_size=4, num_threads=1)
        train_op = slim.learning.create_train_op(scaled, optax.sgd(0.1, momentum=0.9), **options)
        return slim.learning.train(train_op, str(tmp_path / logdir), batches, number_of_steps=steps)

    on_host = run("host", 7, prepared)
    whole = run("whole", 7, device.cut, transform_batch=device)
    run("parts", 4, device.cut, transform_batch=device)
    parts = run("parts", 7, device.cut, transform_batch=device)
    for name, value in whole.variables.items():
        np.testing.assert_array_equal(np.asarray(value), np.asarray(parts.variables[name]), err_msg=name)
        np.testing.assert_allclose(value, on_host.variables[name], rtol=1e-4, atol=1e-5, err_msg=name)


def test_evaluation_gets_each_example_once(photographs):
    def images(example, rng):
        return {"label": example["label"], "image": example["image"][:8, :8]}

    batches = slim.data.pipeline(
        slim.data.ImageFolder(photographs), images, batch_size=5, shuffle=False, drop_last="pad", num_epochs=1
    )
    total = jax.jit(lambda batch: (batch["label"] * batch["valid"]).sum())
    assert sum(int(total(batch)) for batch in batches) == 6
