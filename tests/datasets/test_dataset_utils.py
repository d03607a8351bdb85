"""`slim.datasets.dataset_utils`: Examples of images, and labels.txt."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jax_slim.data import DataLossError, example_values
from jax_slim.datasets import dataset_utils

NAMES = st.dictionaries(
    st.integers(0, 2000), st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1), min_size=1
)


def test_the_features_are_those_of_tf_slim():
    values = example_values(dataset_utils.image_to_tfexample(b"data", b"jpg", 20, 30, 4))
    assert {name: value.tolist() for name, value in values.items()} == {
        "image/encoded": [b"data"],
        "image/format": [b"jpg"],
        "image/class/label": [4],
        "image/height": [20],
        "image/width": [30],
    }
    assert values["image/class/label"].dtype == np.int64
    more = example_values(dataset_utils.image_to_tfexample(b"data", "png", 20, 30, 4, channels=1))
    assert more["image/channels"].tolist() == [1]


@given(NAMES)
def test_labels_come_back(tmp_path_factory, names):
    folder = tmp_path_factory.mktemp("labels")
    assert not dataset_utils.has_labels(folder)
    dataset_utils.write_label_file(names, folder)
    assert dataset_utils.has_labels(folder)
    assert dataset_utils.read_label_file(folder) == names


def test_the_form_of_the_file(tmp_path):
    dataset_utils.write_label_file({0: "daisy", 1: "a: b"}, tmp_path, "names.txt")
    assert (tmp_path / "names.txt").read_text() == "0:daisy\n1:a: b\n"
    assert dataset_utils.read_label_file(tmp_path, "names.txt") == {0: "daisy", 1: "a: b"}


def test_names_alone_are_in_order(tmp_path):
    (tmp_path / "labels.txt").write_bytes(b"\xef\xbb\xbfdaisy\r\n\r\nroses\r\n")
    assert dataset_utils.read_label_file(tmp_path) == {0: "daisy", 1: "roses"}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "must have a line for each class, got none"),
        (b"0:a\nb\n", "must be 'label:name', got 'b'"),
        (b"0:a\n0:b\n", "must have each label once, got 0 twice"),
        (b"0:\xff\xfe\n", "must be text in UTF-8"),
    ],
)
def test_what_is_no_such_file(tmp_path, data, message):
    (tmp_path / "labels.txt").write_bytes(data)
    with pytest.raises(DataLossError, match=message):
        dataset_utils.read_label_file(tmp_path)


def test_a_name_of_two_lines_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"the name of class 1 must be text that UTF-8 can hold, .* Rename its folder"):
        dataset_utils.write_label_file({0: "äpfel", 1: "b\udce4r"}, tmp_path)
    with pytest.raises(ValueError, match="the name of class 1 must be one line"):
        dataset_utils.write_label_file({0: "a", 1: "b\nc"}, tmp_path)
    assert not list(tmp_path.iterdir())


def test_names_in_order():
    assert dataset_utils.class_list({2: "c", 1: "b"}) == ["0", "b", "c"]
    assert dataset_utils.class_list({}) == []
