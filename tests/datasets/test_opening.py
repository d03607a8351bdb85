"""`open_dataset`: whatever is at a place, by part, as a source of `slim.data.pipeline`."""

import gzip
import shutil

import numpy as np
import pytest

import jax_slim as slim
import pictures
from jax_slim.data import ImageFolder, encode_png, write_tfrecords
from jax_slim.datasets import convert, dataset_utils, open_dataset


def contents(examples):
    """The examples as (label, pixels), in an order of their own."""
    return sorted((example["label"], example["image"].shape, example["image"].tobytes()) for example in examples)


def record(seed, label, depth=3, **more):
    image = encode_png(pictures.pixels(seed, channels=depth))
    return dataset_utils.image_to_tfexample(image, "png", 5, 7, label, **more)


# Folders of images.


def test_a_folder_of_classes_is_divided(tmp_path):
    root = pictures.folder(tmp_path / "pets", {"cat": 10, "dog": 20})
    train, held_out = open_dataset(root, "train"), open_dataset(root, "validation")
    assert (train.num_classes, train.class_names, train.num_samples) == (2, ["cat", "dog"], 27)
    assert contents(held_out)[0][0] == 0
    assert [example["label"] for example in held_out] == [0, 1, 1]
    assert contents([*train, *held_out]) == contents(
        {"image": example["image"], "label": int(example["label"])} for example in ImageFolder(root)
    )
    assert len(open_dataset(root, "val", validation_fraction=0.5)) == 15
    assert contents(open_dataset(root, "val", seed=1)) != contents(held_out)
    assert train.key(0).startswith(str(root / "cat"))


def test_the_division_does_not_depend_on_where_the_folder_is(tmp_path):
    root = pictures.folder(tmp_path / "pets", {"cat": 10, "dog": 20})
    shutil.copytree(root, tmp_path / "elsewhere" / "others")
    assert contents(open_dataset(root, "validation")) == contents(
        open_dataset(tmp_path / "elsewhere/others", "validation")
    )


def test_it_feeds_a_pipeline(tmp_path):
    root = pictures.folder(tmp_path / "pets", {"cat": 4, "dog": 4}, ending=".jpg")
    batches = list(slim.data.pipeline(open_dataset(root, "train"), batch_size=3, num_epochs=1, num_threads=2))
    assert [batch["image"].shape for batch in batches] == [(3, 5, 7, 3)] * 2
    assert batches[0]["label"].dtype.kind == "i"


def test_a_folder_with_parts(tmp_path):
    pictures.folder(tmp_path / "train", {"cat": 3, "dog": 2})
    pictures.folder(tmp_path / "val", {"cat": 1, "dog": 2}, start=50)
    pictures.folder(tmp_path / "test", {"cat": 2, "dog": 1}, start=90)
    (tmp_path / "annotations").mkdir()
    counts = {name: len(open_dataset(tmp_path, name)) for name in ("train", "validation", "val", "test")}
    assert counts == {"train": 5, "validation": 3, "val": 3, "test": 3}
    shutil.rmtree(tmp_path / "val")
    assert len(open_dataset(tmp_path, "validation")) == 3  # of test: all that is there
    with pytest.raises(ValueError, match=r"split_name must be one of \['test', 'train'\].*got 'extra'"):
        open_dataset(tmp_path, "extra")


def test_a_class_may_be_called_like_a_part(tmp_path):
    root = pictures.folder(tmp_path / "words", {"test": 2, "train": 2})
    assert open_dataset(root, "train").class_names == ["test", "train"]


def test_parts_have_the_same_classes(tmp_path):
    pictures.folder(tmp_path / "train", {"cat": 3, "dog": 2})
    pictures.folder(tmp_path / "val", {"cat": 1, "dog": 1, "owl": 1})
    with pytest.raises(ValueError, match=r"each part must have the classes of 'train', got 'owl' in .*val' alone"):
        open_dataset(tmp_path, "train")


def test_an_empty_class(tmp_path):
    root = pictures.folder(tmp_path / "pets", {"cat": 2})
    (root / "dog").mkdir()
    with pytest.raises(ValueError, match=r"each class must have images .*dog'"):
        open_dataset(root, "train")


def test_one_image_a_class_leaves_nothing_for_validation(tmp_path):
    root = pictures.folder(tmp_path / "pets", {"cat": 1, "dog": 1})
    assert len(open_dataset(root, "train")) == 2
    with pytest.raises(ValueError, match=r"split_name must be one of \['train'\]"):
        open_dataset(root, "validation")


def test_a_damaged_image_is_told_when_it_is_read(tmp_path):
    root = pictures.folder(tmp_path / "pets", {"cat": 2})
    (root / "cat" / "0.png").write_text("hello")
    train = open_dataset(root, "train", validation_fraction=0)
    with pytest.raises(slim.data.DataLossError, match=r"cat/0.png: .*got text that begins with 'hello'"):
        train[0]
    assert len(list(slim.data.pipeline(train, batch_size=1, num_epochs=1, num_threads=0, errors="skip"))) > 0


# Records.


def test_records_with_and_without_labels_txt(tmp_path):
    write_tfrecords(tmp_path / "pets_train.tfrecord", [record(seed, seed % 3) for seed in range(7)], num_shards=2)
    write_tfrecords(tmp_path / "pets_validation.tfrecord", [record(50, 1)])
    train, held_out = open_dataset(tmp_path, "train"), open_dataset(tmp_path, "validation")
    assert (train.num_classes, held_out.num_classes, train.class_names) == (3, 3, None)
    assert [example["label"] for example in train] == [0, 1, 2, 0, 1, 2, 0]
    np.testing.assert_array_equal(train[3]["image"], pictures.pixels(3))
    assert "pets_train-00001-of-00002.tfrecord:" in train.key(6)
    dataset_utils.write_label_file({1: "cat", 4: "dog"}, tmp_path)
    named = open_dataset(tmp_path, "train")
    assert (named.num_classes, named.class_names) == (5, ["0", "cat", "2", "3", "dog"])
    assert len(open_dataset(tmp_path / "pets_validation.tfrecord", "validation")) == 1


def test_a_label_of_a_record_out_of_range(tmp_path):
    write_tfrecords(tmp_path / "pets_train.tfrecord", [record(1, 5)])
    dataset_utils.write_label_file({0: "cat", 1: "dog"}, tmp_path)
    with pytest.raises(ValueError, match=r"pets_train.tfrecord:0: label must be from 0 to 1, for 2 classes, got 5"):
        open_dataset(tmp_path, "train")[0]


def test_channels(tmp_path):
    write_tfrecords(tmp_path / "a_train.tfrecord", [record(1, 0, 1, channels=1)])
    write_tfrecords(tmp_path / "b_train.tfrecord", [record(1, 0, 1)])
    write_tfrecords(tmp_path / "c_train.tfrecord", [record(1, 0, 4, channels=4)])
    write_tfrecords(tmp_path / "mnist_train.tfrecord", [record(1, 0, 1)])
    shapes = {name: open_dataset(tmp_path, "train", name)[0]["image"].shape[2] for name in ("a", "b", "c")}
    assert shapes == {"a": 1, "b": 3, "c": 4}
    assert open_dataset(tmp_path / "mnist_train.tfrecord", "train")[0]["image"].shape == (5, 7, 1)


def test_several_data_sets_in_one_folder(tmp_path):
    write_tfrecords(tmp_path / "a_train.tfrecord", [record(1, 0)])
    write_tfrecords(tmp_path / "pets_train.tfrecord", [record(1, 0)] * 2)
    assert len(open_dataset(tmp_path, "train", "pets")) == 2
    with pytest.raises(ValueError, match=r"dataset_name must be one of \['a', 'pets'\], .*got None"):
        open_dataset(tmp_path, "train")
    with pytest.raises(ValueError, match=r"got 'pet'. Near names: pets"):
        open_dataset(tmp_path, "train", "pet")


def test_named_data_sets_are_read_as_they_are_defined(tmp_path):
    image = pictures.pixels(0, 28, 28, 1)
    records = [dataset_utils.image_to_tfexample(encode_png(image), "png", 28, 28, 4)]
    write_tfrecords(tmp_path / "mnist_train.tfrecord", records)
    train = open_dataset(tmp_path, "train", "mnist")
    assert train[0]["image"].shape == (28, 28, 1)
    assert (train.num_classes, train.num_samples) == (10, 1)
    write_tfrecords(tmp_path / "imagenet" / "train-00000-of-00001", [record(1, 1000)])
    assert open_dataset(tmp_path / "imagenet", "train", "imagenet").num_classes == 1001
    assert open_dataset(tmp_path / "imagenet", "train", "imagenet")[0].keys() == {"image", "label"}


def test_too_much_to_read_for_labels(tmp_path, monkeypatch):
    monkeypatch.setattr("jax_slim.datasets.record_files._READ_FOR_LABELS", 10)
    write_tfrecords(tmp_path / "a_train.tfrecord", [record(1, 0)])
    with pytest.raises(ValueError, match=r"must have a labels.txt where it has more than"):
        open_dataset(tmp_path, "train")


@pytest.mark.parametrize("part", ["train", "validation"])
def test_records_of_a_folder_are_its_images(tmp_path, part):
    root = pictures.folder(tmp_path / "pets", {"cat": 6, "dog": 5}, ending=".jpg")
    convert(root, tmp_path / "records", validation_fraction=0.3, seed=3)
    there = open_dataset(tmp_path / "records", part)
    here = open_dataset(root, part, validation_fraction=0.3, seed=3)
    assert contents(there) == contents(here)
    assert there.class_names == here.class_names


def test_no_examples(tmp_path):
    write_tfrecords(tmp_path / "a_train.tfrecord", [])
    with pytest.raises(ValueError, match=r"each part must have examples, got none in"):
        open_dataset(tmp_path, "train")


# Everything else.


def test_original_files(tmp_path):
    made = pictures.mnist(tmp_path / "mnist")
    test = open_dataset(tmp_path / "mnist", "validation", "mnist")
    assert (test.num_classes, test.class_names[9]) == (10, "nine")
    np.testing.assert_array_equal([example["image"] for example in test], made["test"][0])
    files, made = pictures.cifar10_batches()
    (tmp_path / "cifar").mkdir()
    packed = pictures.archive(tmp_path / "cifar" / "cifar-10-python.tar.gz", files)
    for place in (packed, packed.parent):
        train = open_dataset(place, "train")
        assert train.class_names[:2] == ["airplane", "automobile"]
        np.testing.assert_array_equal([example["image"] for example in train], made["train"][0])
        assert [example["label"] for example in train] == made["train"][1].tolist()


def test_arrays(tmp_path):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (20, 4, 5)).astype(np.uint8)
    np.savez(tmp_path / "all.npz", image=images, label=np.arange(20) % 2)
    train = open_dataset(tmp_path / "all.npz", "train")
    assert (len(train), train.num_classes, train.class_names, train[0]["image"].shape) == (18, 2, None, (4, 5, 1))
    assert len(open_dataset(tmp_path, "validation")) == 2  # the only one in its folder


def test_a_table(tmp_path):
    root = pictures.folder(tmp_path, {"images": 6})
    (root / "a.csv").write_text(
        "filename,label\n" + "".join(f"{number}.png,{'ab'[number % 2]}\n" for number in range(6))
    )
    for place in (root, root / "a.csv"):
        train = open_dataset(place, "train", validation_fraction=0)
        assert train.class_names == ["a", "b"]
        assert [example["label"] for example in train] == [0, 1, 0, 1, 0, 1]
        np.testing.assert_array_equal(train[2]["image"], pictures.pixels(2))


def test_the_digits():
    held_out = open_dataset(None, "validation", "digits")
    assert (len(held_out), held_out.num_classes, held_out.class_names[3]) == (1000, 10, "3")
    assert held_out[0]["image"].shape == (28, 28, 1)
    assert len(open_dataset("/nowhere", "train", "digits")) == 4000


def test_nothing_that_is_known(tmp_path):
    with pytest.raises(FileNotFoundError, match="dataset_dir must exist, got '/nowhere'"):
        open_dataset("/nowhere", "train")
    with pytest.raises(ValueError, match=r"dataset_dir must be .* without anything in it\."):
        open_dataset(tmp_path, "train")
    (tmp_path / "notes.txt").touch()
    (tmp_path / "pack.gz").write_bytes(gzip.compress(b""))
    with pytest.raises(ValueError, match=r"with notes.txt, pack.gz\."):
        open_dataset(tmp_path, "train")
    with pytest.raises(ValueError, match=r"dataset_dir must be .*notes.txt'\."):
        open_dataset(tmp_path / "notes.txt", "train")
    with pytest.raises(TypeError, match="dataset_dir must be a path, got int"):
        open_dataset(3, "train")
    with pytest.raises(ValueError, match="dataset_dir must say where the data is, got None"):
        open_dataset(None, "train", "mnist")


@pytest.mark.parametrize("fraction", [-0.1, 1, float("nan")])
def test_a_share_that_is_none(tmp_path, fraction):
    with pytest.raises(ValueError, match="validation_fraction must be from 0 to below 1"):
        open_dataset(tmp_path, "train", validation_fraction=fraction)
