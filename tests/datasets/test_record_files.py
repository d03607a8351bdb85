"""Names of TFRecord files: of which data set and part they are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jax_slim.datasets.record_files import is_record_file, part_of_file, record_files


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("flowers_train_00000-of-00005.tfrecord", ("flowers", "train")),
        ("flowers_validation-00004-of-00005.tfrecord", ("flowers", "validation")),
        ("mnist_test.tfrecord", ("mnist", "test")),
        ("cifar10_train.tfrecord", ("cifar10", "train")),
        ("train-00012-of-01024", ("", "train")),
        ("val.record-00000-of-00010", ("", "val")),
        ("train.tfrecords", ("", "train")),
        ("train_3.tfrecord", ("", "train")),
        ("my_test_train.tfrecord.gz", ("my_test", "train")),
        ("test_set_train.tfrecord", ("test_set", "train")),
        ("train_flowers.tfrecord", ("flowers", "train")),
        ("flowers-val.tfrec", ("flowers", "val")),
        ("flowers_extra_00000-of-00002.tfrecord", ("flowers", "extra")),
        ("records.tfrecord", ("", "records")),
    ],
)
def test_part_of_a_file(name, found):
    assert is_record_file(name)
    assert part_of_file(name) == found


@given(
    st.from_regex(r"[a-z][a-z0-9]{0,6}(_[a-z]{1,5})?", fullmatch=True),
    st.sampled_from(["train", "validation", "test"]),
    st.integers(0, 99),
)
def test_what_convert_calls_them(name, part, shard):
    assert part_of_file(f"{name}_{part}_{shard:05d}-of-00100.tfrecord") == (name, part)
    assert part_of_file(f"{name}_{part}.tfrecord") == (name, part)


@pytest.mark.parametrize(
    "name", [".a_train.tfrecord.7.partial", "labels.txt", "a.jpg", "model.ckpt-7.data-00000-of-00001", "tfrecords.md"]
)
def test_other_files(name):
    assert not is_record_file(name)


def test_files_of_a_folder(tmp_path):
    names = [
        "a_train_00001-of-00002.tfrecord",
        "a_train_00000-of-00002.tfrecord",
        "a_test.tfrecord",
        "b_train.tfrecord",
    ]
    for name in (*names, "labels.txt", "notes.md"):
        (tmp_path / name).touch()
    (tmp_path / "c_train.tfrecord").mkdir()
    found = record_files(tmp_path).parts
    assert found == {
        "a": {"train": [str(tmp_path / names[1]), str(tmp_path / names[0])], "test": [str(tmp_path / names[2])]},
        "b": {"train": [str(tmp_path / names[3])]},
    }
    assert record_files(tmp_path / names[3]).parts == {"b": {"train": [str(tmp_path / names[3])]}}
    assert record_files(tmp_path / "notes.md") is None
