"""`convert`: images to TFRecords, whole or not at all, in a form that TF-Slim reads."""

import errno
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

import pictures
from jax_slim.data import DataLossError, TFRecords, TFRecordWriter, decode_image, encode_jpeg, example_values
from jax_slim.datasets import convert, dataset_utils, get_dataset, open_dataset


@pytest.fixture
def pets(tmp_path):
    return pictures.folder(tmp_path / "pets", {"cat": 11, "dog": 9}, ending=".jpg")


def names(folder):
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else None


def test_the_files(pets, tmp_path, capsys):
    done = convert(pets, tmp_path / "out", num_shards=3)
    assert done.num_samples == {"train": 18, "validation": 2}
    assert (done.class_names, done.skipped) == (["cat", "dog"], [])
    shards = [f"pets_train_{number:05d}-of-00003.tfrecord" for number in range(3)]
    held_out = [f"pets_validation_{number:05d}-of-00002.tfrecord" for number in range(2)]
    assert names(tmp_path / "out") == sorted(["labels.txt", *shards, *held_out])
    assert done.files == [str(tmp_path / "out" / name) for name in (*shards, *held_out)]
    assert (tmp_path / "out" / "labels.txt").read_text() == "0:cat\n1:dog\n"
    assert [len(TFRecords(file)) for file in done.files] == [6, 6, 6, 1, 1]
    assert "convert: 20/20 images (100%)" in capsys.readouterr().err
    assert names(tmp_path) == ["out", "pets"]


def test_the_records_are_those_of_tf_slims_scripts(pets, tmp_path):
    convert(pets, tmp_path / "out", name="flowers", validation_fraction=0)
    dataset = get_dataset("flowers", "train", tmp_path / "out")
    assert dataset.labels_to_names == {0: "cat", 1: "dog"}
    stored = {path.read_bytes(): path.parent.name for path in pets.glob("*/*.jpg")}
    records = TFRecords(dataset.data_sources)
    assert len(records) == 20
    for record in records:
        values = {name: value.tolist() for name, value in example_values(record).items()}
        (data,) = values.pop("image/encoded")
        label = ["cat", "dog"].index(stored.pop(data))
        assert values == {
            "image/format": [b"jpg"], "image/class/label": [label], "image/height": [5], "image/width": [7],
        }  # fmt: skip
    assert not stored


def test_the_order_is_shuffled_by_the_seed(pets, tmp_path):
    labels = []
    for number, seed in enumerate((0, 0, 1)):
        convert(pets, tmp_path / str(number), seed=seed, validation_fraction=0, num_shards=1)
        labels.append([example["label"] for example in open_dataset(tmp_path / str(number), "train")])
    assert labels[0] == labels[1] != labels[2]
    assert labels[0] != sorted(labels[0])
    assert sorted(labels[0]) == sorted(labels[2])


def test_parts_of_the_source_are_kept(tmp_path):
    pictures.folder(tmp_path / "p" / "train", {"cat": 3, "dog": 2})
    pictures.folder(tmp_path / "p" / "val", {"cat": 1, "dog": 1}, start=7)
    assert convert(tmp_path / "p", tmp_path / "out", validation_fraction=0.9).num_samples == {
        "train": 5,
        "validation": 2,
    }


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_arrays(tmp_path, channels):
    images = np.stack([pictures.pixels(number, channels=channels) for number in range(6)])
    labels = np.array([2, 0, 2, 2, 0, 2])
    done = convert({"image": images, "label": labels}, tmp_path / "out", validation_fraction=0)
    assert (done.class_names, names(tmp_path / "out")[0]) == (["0", "1", "2"], "images_train_00000-of-00005.tfrecord")
    train = open_dataset(tmp_path / "out", "train")
    there = sorted((example["label"], example["image"].tobytes()) for example in train)
    assert there == sorted((int(label), image.tobytes()) for image, label in zip(images, labels, strict=True))
    assert train[0]["image"].shape == (5, 7, channels)


def test_npz_and_tables(tmp_path):
    images = np.zeros((4, 3, 3, 3), np.uint8)
    np.savez(tmp_path / "a.npz", x_train=images, y_train=[0, 1, 0, 1], x_test=images[:1], y_test=[1])
    assert convert(tmp_path / "a.npz", tmp_path / "a").num_samples == {"train": 4, "test": 1}
    assert open_dataset(tmp_path / "a", "validation").num_classes == 2
    pictures.folder(tmp_path / "t", {"images": 4})
    (tmp_path / "t" / "a.csv").write_text("id,label\n0,x\n1,y\n2,x\n3,y\n")
    done = convert(tmp_path / "t" / "a.csv", tmp_path / "t" / "records", validation_fraction=0.5)
    assert (done.num_samples, done.class_names) == ({"train": 2, "validation": 2}, ["x", "y"])
    assert Path(done.files[0]).name.startswith("a_train_")


def test_mnist(tmp_path):
    made = pictures.mnist(tmp_path / "raw")
    convert(tmp_path / "raw", tmp_path / "raw")  # as TF-Slim's script, beside the files that it read
    assert {"mnist_train.tfrecord", "mnist_test.tfrecord", "labels.txt"} < set(names(tmp_path / "raw"))
    dataset = get_dataset("mnist", "test", tmp_path / "raw")
    assert dataset.labels_to_names[8] == "eight"
    examples = open_dataset(tmp_path / "raw", "test")
    assert examples[0]["image"].shape == (28, 28, 1)
    there = sorted((example["label"], example["image"].tobytes()) for example in examples)
    images, labels = made["test"]
    assert there == sorted((int(label), image.tobytes()) for image, label in zip(images, labels, strict=True))


def test_cifar10(tmp_path):
    files, made = pictures.cifar10_batches()
    convert(pictures.archive(tmp_path / "cifar-10-python.tar.gz", files), tmp_path / "out")
    assert names(tmp_path / "out") == ["cifar10_test.tfrecord", "cifar10_train.tfrecord", "labels.txt"]
    train = open_dataset(tmp_path / "out", "train", "cifar10")
    there = sorted((example["label"], example["image"].tobytes()) for example in train)
    images, labels = made["train"]
    assert there == sorted((int(label), image.tobytes()) for image, label in zip(images, labels, strict=True))


# What is wrong with images.


def test_a_damaged_image_ends_it_and_nothing_remains(pets, tmp_path):
    (pets / "cat" / "3.jpg").write_bytes((pets / "cat" / "3.jpg").read_bytes()[:-30])
    with pytest.raises(DataLossError, match=r"cat/3.jpg: .*must be a whole JPEG image"):
        convert(pets, tmp_path / "out")
    assert names(tmp_path) == ["pets"]


def test_no_thread_is_left_to_the_garbage_collector_when_writing_fails(pets, tmp_path, monkeypatch):
    def full(writer, record):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(TFRecordWriter, "write", full)
    with pytest.raises(OSError, match="must have room") as failure:
        convert(pets, tmp_path / "out")
    # The error is alive, and with it every frame that it went through.
    assert failure.tb is not None
    assert [thread.name for thread in threading.enumerate() if "ThreadPoolExecutor" in thread.name] == []


def test_damaged_images_are_left_out_and_told(pets, tmp_path, capsys):
    (pets / "cat" / "3.jpg").write_text("hello")
    (pets / "dog" / "0.jpg").write_bytes(b"")
    (pets / "dog" / "readme.txt").write_text("hello")
    done = convert(pets, tmp_path / "out", errors="skip")
    assert sum(done.num_samples.values()) == 18
    assert sorted(line.partition(": ")[0] for line in done.skipped) == [
        str(pets / "cat" / "3.jpg"), str(pets / "dog" / "0.jpg"),
    ]  # fmt: skip
    err = capsys.readouterr().err
    assert "left out: " in err
    assert "left_out 2" in err
    assert "passed over, no images by their names: 1 .txt" in err
    assert sum(len(TFRecords(file)) for file in done.files) == 18


def test_images_of_a_table_that_are_missing(tmp_path):
    pictures.folder(tmp_path, {"images": 3})
    (tmp_path / "a.csv").write_text("file,label\n0.png,x\n1.png,y\n9.png,x\n2.png,x\n")
    with pytest.raises(FileNotFoundError, match=r"9.png' in line 4"):
        convert(tmp_path / "a.csv", tmp_path / "out")
    done = convert(tmp_path / "a.csv", tmp_path / "out", errors="skip", validation_fraction=0)
    assert done.num_samples == {"train": 3}
    assert "9.png" in done.skipped[0]


def test_a_class_of_which_nothing_is_left(pets, tmp_path):
    for path in (pets / "dog").iterdir():
        path.write_text("hello")
    with pytest.raises(ValueError, match=r"each class must have an image that can be read, got none for 'dog'"):
        convert(pets, tmp_path / "out", errors="skip")
    assert names(tmp_path) == ["pets"]


def test_grey_and_inks_and_16_bits_come_back_as_the_folder_gives_them(tmp_path):
    from PIL import Image

    pets = pictures.folder(tmp_path / "pets", {"cat": 2})
    colours = pictures.pixels(9, 6, 8)
    (pets / "cat" / "grey.jpg").write_bytes(encode_jpeg(colours[..., :1]))
    (pets / "cat" / "inks.jpg").write_bytes(pictures.by_pillow(Image.fromarray(colours).convert("CMYK"), "JPEG"))
    wide = Image.fromarray(colours[..., 0].astype(np.uint16) * 255)
    (pets / "cat" / "wide.png").write_bytes(pictures.by_pillow(wide, "PNG"))
    convert(pets, tmp_path / "out", validation_fraction=0)
    here, there = (open_dataset(place, "train", validation_fraction=0) for place in (pets, tmp_path / "out"))
    assert sorted(one["image"].tobytes() for one in here) == sorted(one["image"].tobytes() for one in there)
    formats = [bytes(example_values(record)["image/encoded"][0]) for record in TFRecords(tmp_path / "out")]
    assert all(decode_image(data).dtype == np.uint8 for data in formats)


# What is there already.


def test_records_that_are_there_stay(pets, tmp_path):
    convert(pets, tmp_path / "out", num_shards=2)
    before = {path: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    with pytest.raises(FileExistsError, match=r"must not hold records of 'pets' yet, got .*overwrite=True"):
        convert(pets, tmp_path / "out")
    assert {path: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before
    convert(pets, tmp_path / "out", num_shards=1, validation_fraction=0, overwrite=True)
    assert names(tmp_path / "out") == ["labels.txt", "pets_train_00000-of-00001.tfrecord"]


def test_a_failure_leaves_the_records_that_it_was_to_replace(pets, tmp_path):
    convert(pets, tmp_path / "out", num_shards=2)
    before = {path: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    (pets / "cat" / "0.jpg").write_text("hello")
    with pytest.raises(DataLossError):
        convert(pets, tmp_path / "out", overwrite=True)
    assert {path: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before


def test_several_data_sets_of_the_same_classes_share_a_folder(pets, tmp_path):
    convert(pets, tmp_path / "out")
    convert(pets, tmp_path / "out", name="more", seed=1)
    assert len(open_dataset(tmp_path / "out", "train", "more")) == 18
    other = pictures.folder(tmp_path / "birds", {"owl": 3})
    with pytest.raises(FileExistsError, match=r"must not hold the labels of other data, got .*labels.txt"):
        convert(other, tmp_path / "out")


def test_moving_that_fails_half_way_is_undone(pets, tmp_path, monkeypatch):
    convert(pets, tmp_path / "out", num_shards=2)
    before = {path: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    rename, calls = Path.rename, []

    def failing(self, target):
        if "validation" in Path(target).name and Path(target).parent.name == "out" and not calls:
            calls.append(target)
            raise OSError(errno.EIO, "broken")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(OSError, match="broken"):
        convert(pets, tmp_path / "out", seed=5, overwrite=True)
    assert {path: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before


# What interrupts it.


@pytest.mark.parametrize("new", [True, False])
def test_no_space_left(pets, tmp_path, monkeypatch, new):
    if not new:
        (tmp_path / "out").mkdir()
    write, count = TFRecordWriter.write, iter(range(100))

    def full(self, record):
        if next(count) == 9:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write(self, record)

    monkeypatch.setattr(TFRecordWriter, "write", full)
    with pytest.raises(
        OSError, match=r"No space left on device: convert must have room .* nothing was written"
    ) as caught:
        convert(pets, tmp_path / "out")
    assert caught.value.filename == str(tmp_path / "out")
    assert names(tmp_path / "out") == (None if new else [])
    assert names(tmp_path) == (["pets"] if new else ["out", "pets"])


def test_ctrl_c(pets, tmp_path, monkeypatch):
    made = iter(range(100))

    def slow(*arguments, **options):
        if next(made) == 7:
            raise KeyboardInterrupt
        return make(*arguments, **options)

    make = dataset_utils.image_to_tfexample
    monkeypatch.setattr("jax_slim.datasets.converting.image_to_tfexample", slow)
    with pytest.raises(KeyboardInterrupt):
        convert(pets, tmp_path / "out")
    assert names(tmp_path) == ["pets"]


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_process_that_is_told_to_end(pets, tmp_path, number):
    code = (
        # A process in the background ignores SIGINT, and so do those that it starts.
        "import signal, sys, time\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from jax_slim.datasets import converting\nmake = converting.image_to_tfexample\n"
        "def slow(*a, **k):\n    time.sleep(0.3)\n    print('one', flush=True)\n    return make(*a, **k)\n"
        "converting.image_to_tfexample = slow\nfrom jax_slim.cli.main import main\n"
        f"sys.exit(main(['convert', {str(pets)!r}, {str(tmp_path / 'out')!r}]))\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    process.stdout.readline()
    time.sleep(0.1)
    process.send_signal(number)
    assert process.wait() == 128 + number
    process.stdout.close()
    assert names(tmp_path) == ["pets"]


# Arguments.


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"errors": "ignore"}, "errors must be 'raise' or 'skip', got 'ignore'"),
        ({"num_shards": 0}, "num_shards must be from 1 to 99999, got 0"),
        ({"validation_fraction": 1.0}, "validation_fraction must be from 0 to below 1"),
        ({"seed": -1}, "seed must be at least 0, got -1"),
        ({"name": "a/b"}, "name must be of letters, digits"),
        ({"name": ""}, "name must be of letters, digits"),
    ],
)
def test_arguments(pets, tmp_path, options, message):
    with pytest.raises(ValueError, match=message):
        convert(pets, tmp_path / "out", **options)
    assert names(tmp_path) == ["pets"]


def test_places(pets, tmp_path):
    with pytest.raises(FileNotFoundError, match="convert: source must exist, got '/nowhere'"):
        convert("/nowhere", tmp_path / "out")
    with pytest.raises(TypeError, match="source must be a path, or arrays by name, got tuple"):
        convert((1, 2), tmp_path / "out")
    with pytest.raises(ValueError, match="output_dir must be outside of source"):
        convert(pets, pets / "records")
    with pytest.raises(NotADirectoryError, match="output_dir must be a folder, got the file"):
        convert(pets, _file(tmp_path))
    convert(pets, tmp_path / "out")
    with pytest.raises(ValueError, match=r"source must be images, got .* which holds TFRecords already"):
        convert(tmp_path / "out", tmp_path / "again")


def test_the_name_comes_from_the_source(tmp_path):
    root = pictures.folder(tmp_path / "my pets, 2024!", {"cat": 1})
    assert [Path(file).name for file in convert(root, tmp_path / "out").files] == [
        "my_pets_2024_train_00000-of-00001.tfrecord"
    ]
    assert len(open_dataset(tmp_path / "out", "train")) == 1


def _file(folder):
    path = folder / "file"
    path.touch()
    return path
