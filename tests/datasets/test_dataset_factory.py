"""TF-Slim's data sets: their definitions, on records of the form that its scripts wrote."""

import shutil
from pathlib import Path

import numpy as np
import pytest

import jax_slim as slim
import pictures
from jax_slim.data import TFRecords, encode_jpeg, encode_png, write_tfrecords
from jax_slim.data.sources import DecodedRecords
from jax_slim.datasets import dataset_factory, dataset_utils, get_dataset

GOLDENS = Path(__file__).parents[1] / "goldens" / "data"

# name: (parts and sizes, classes, pattern, items), as in research/slim.
FACTS = {
    "mnist": ({"train": 60000, "test": 10000}, 10, "mnist_%s.tfrecord", ["image", "label"]),
    "cifar10": ({"train": 50000, "test": 10000}, 10, "cifar10_%s.tfrecord", ["image", "label"]),
    "flowers": ({"train": 3320, "validation": 350}, 5, "flowers_%s_*.tfrecord", ["image", "label"]),
    "imagenet": (
        {"train": 1281167, "validation": 50000}, 1001, "%s-*",
        ["image", "label", "label_text", "object/bbox", "object/label"],
    ),
    "visualwakewords": ({"train": 82783, "val": 40504}, 2, "%s.record-*", ["image", "label", "object/bbox"]),
}  # fmt: skip


def decoded(dataset, items=None):
    return DecodedRecords((dataset.reader or TFRecords)(dataset.data_sources), dataset.decoder, items)


@pytest.mark.parametrize("name", FACTS)
def test_facts(name, tmp_path):
    sizes, classes, pattern, items = FACTS[name]
    for part, size in sizes.items():
        dataset = get_dataset(name, part, tmp_path)
        assert dataset.data_sources == str(tmp_path / (pattern % part))
        assert (dataset.num_samples, dataset.num_classes, dataset.labels_to_names) == (size, classes, None)
        assert dataset.decoder.list_items() == list(dataset.items_to_descriptions) == items
    assert get_dataset(name, part, tmp_path, "my_%s_*").data_sources == str(tmp_path / f"my_{part}_*")
    assert get_dataset(name, part, tmp_path, reader=len).reader is len
    with pytest.raises(ValueError, match=rf"{name}.get_split: split_name must be one of \['\w+', '\w+'\], got 'dev'"):
        get_dataset(name, "dev", tmp_path)
    with pytest.raises(TypeError, match="dataset_dir must be the folder with the records, got None"):
        get_dataset(name, part, None)


def test_records_of_mnist(tmp_path):
    images = [pictures.pixels(number, 28, 28, 1) for number in range(3)]
    records = [
        dataset_utils.image_to_tfexample(encode_png(image), b"png", 28, 28, 7 - number)
        for number, image in enumerate(images)
    ]
    write_tfrecords(tmp_path / "mnist_train.tfrecord", records)
    dataset_utils.write_label_file(dict(enumerate(slim.datasets.mnist.CLASS_NAMES)), tmp_path)
    dataset = slim.datasets.mnist.get_split("train", tmp_path)
    assert dataset.labels_to_names[7] == "seven"
    for number, example in enumerate(decoded(dataset)):
        np.testing.assert_array_equal(example["image"], images[number])
        assert example["label"].shape == ()
        assert example["label"] == 7 - number


def test_defaults_of_features(tmp_path):
    image = pictures.pixels(0, 28, 28, 1)
    write_tfrecords(tmp_path / "mnist_test.tfrecord", [slim.data.make_example({"image/encoded": image.tobytes()})])
    (example,) = decoded(get_dataset("mnist", "test", tmp_path))
    np.testing.assert_array_equal(example["image"], image)  # without a format it is raw
    assert example["label"] == 0
    write_tfrecords(tmp_path / "train-00000-of-00001", [slim.data.make_example({"image/encoded": encode_jpeg(image)})])
    (example,) = decoded(get_dataset("imagenet", "train", tmp_path))
    assert example["image"].shape == (28, 28, 3)
    assert (example["label"], example["label_text"]) == (-1, b"")
    assert example["object/bbox"].shape == (0, 4)


def test_records_that_tensorflow_wrote_in_the_form_of_imagenet(tmp_path):
    shutil.copy(GOLDENS / "images.tfrecord", tmp_path / "validation-00000-of-00001")
    examples = decoded(get_dataset("imagenet", "validation", tmp_path), ["label", "label_text", "object/bbox"])
    first = examples[0]
    assert (first["label"], first["label_text"]) == (1, b"class 0")
    assert all(example["object/bbox"].shape[1] == 4 for example in examples)


def test_the_digits_need_no_folder():
    for part, count in (("train", 4000), ("test", 1000)):
        dataset = get_dataset("digits", part)
        examples = decoded(dataset)
        stored = slim.data.digits.load(part)
        assert dataset.num_samples == len(examples) == count
        np.testing.assert_array_equal(examples[17]["image"], stored["image"][17])
        assert examples[17]["label"] == stored["label"][17]
        assert examples[17]["label"].dtype == np.int64
    assert dataset.labels_to_names[3] == "3"
    with pytest.raises(ValueError, match=r"must be one of \['test', 'train'\], got 'validation'"):
        get_dataset("digits", "validation")


def test_a_pipeline_of_a_named_data_set():
    batch = next(iter(slim.data.pipeline(get_dataset("digits", "test"), batch_size=3, shuffle=False, num_threads=0)))
    assert batch["image"].shape == (3, 28, 28, 1)
    assert batch["label"].tolist() == [0, 1, 2]


def test_unknown_names():
    with pytest.raises(ValueError, match=r"name must be one of cifar10, .*got 'flower'\. Near names: flowers"):
        get_dataset("flower", "train", "/data")
    assert set(dataset_factory.datasets_map) == {*FACTS, "digits"}
