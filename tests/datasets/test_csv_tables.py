"""CSV tables of images: which columns, which files, which labels."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pictures
from jax_slim.data import DataLossError
from jax_slim.datasets.csv_tables import NoTableError, tables, tables_in


@pytest.fixture
def root(tmp_path):
    return pictures.folder(tmp_path, {"images": 6})


def read(path, text, all_there=True, encoding="utf-8"):
    path.write_bytes(text.encode(encoding))
    return tables("f", [path], all_there)


@pytest.mark.parametrize(
    "text",
    [
        "filename,label\n0.png,cat\n1.png,dog\n",
        "Label,Image Path\ncat,images/0.png\ndog,images/1.png\n",
        "images/0.png,cat\nimages/1.png,dog\n",
        "cat;images/0.png\ndog;images/1.png\n",
        "id\tbreed\n0\tcat\n\n1\tdog\n",
        "\ufefffile,class,width\r\n0.png,cat,7\r\n1.png,dog,7\r\n",
        "pixels,species\n0.png,cat\n1.png,dog\n",
        '"file","class"\n"images\\0.png","cat"\nimages\\1.png, dog\n',
    ],
)
def test_forms_of_a_table(root, text):
    found = read(root / "a.csv", text)
    assert found.class_names == ["cat", "dog"]
    images = found.parts[""]
    assert [path.resolve() for path in images.paths] == [root / "images" / "0.png", root / "images" / "1.png"]
    assert images.labels.tolist() == [0, 1]
    np.testing.assert_array_equal(images[1]["image"], pictures.pixels(1))


def test_parts_in_a_column(root):
    found = read(root / "a.csv", "file,label,split\n0.png,a,train\n1.png,b,val\n2.png,b,train\n")
    assert {part: images.labels.tolist() for part, images in found.parts.items()} == {"train": [0, 1], "val": [1]}
    with pytest.raises(DataLossError, match="must say a part or none, got none in line 3"):
        read(root / "a.csv", "file,label,split\n0.png,a,train\n1.png,b,\n")


def test_parts_in_tables_of_their_own(root):
    (root / "train.csv").write_text("id,label\n0,b\n1,a\n")
    (root / "val.csv").write_text("id,label\n2,a\n")
    (root / "test.csv").write_text("id\n3\n")  # has no labels
    (root / "sample_submission.csv").write_text("id,label\n3,a\n")
    found = tables("f", tables_in(root), True)
    assert {part: images.labels.tolist() for part, images in found.parts.items()} == {"train": [1, 0], "val": [0]}


def test_whole_numbers_are_labels(root):
    found = read(root / "a.csv", "file,label\n0.png,3\n1.png,10\n")
    assert (found.class_names, found.parts[""].labels.tolist()) == (None, [3, 10])
    (root / "labels.txt").write_text("".join(f"{label}:n{label}\n" for label in range(11)))
    assert read(root / "a.csv", "file,label\n0.png,3\n1.png,10\n").class_names[10] == "n10"


def test_labels_txt_decides_the_numbers(root):
    (root / "labels.txt").write_text("0:dog\n1:cat\n")
    assert read(root / "a.csv", "file,label\n0.png,cat\n1.png,dog\n").parts[""].labels.tolist() == [1, 0]
    with pytest.raises(ValueError, match=r"labels must be among those of .*labels.txt, got 'owl' in line 2"):
        read(root / "a.csv", "file,label\n0.png,owl\n")


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        ("", NoTableError, "must have a line for each image, got none"),
        ("file,label\n", NoTableError, "below its head, got none"),
        ("a,b\n1,2\n", NoTableError, r"must have a column called filename .* got the first line \['a', 'b'\]"),
        ("file,label\n9.png,a\n", NoTableError, "must be in its folder or one in that, got '9.png' in line 2"),
        ("file,label\n0.png,a\n8.png,a\n9.png,a\n", FileNotFoundError, r"got '.*8.png' in line 3, .*and 1 more"),
        ("file,label\n0.png,a\n1.png\n", DataLossError, "line 3 of .* must have 2 cells, got 1"),
        ("file,label\n0.png,\n", DataLossError, "line 2 of .* must have a file and a label"),
        ('file,label\n0.png,"a\n', DataLossError, "must be a table in UTF-8"),
    ],
)
def test_what_is_no_table(root, text, kind, message):
    with pytest.raises(kind, match=message):
        read(root / "a.csv", text)


def test_another_encoding(root):
    with pytest.raises(DataLossError, match="must be a table in UTF-8"):
        read(root / "a.csv", "file,label\n0.png,käse\n", encoding="latin1")


def test_missing_images_may_be_left_for_later(root):
    found = read(root / "a.csv", "file,label\n9.png,a\n1.png,a\n", all_there=False)
    assert [path.is_file() for path in found.parts[""].paths] == [False, True]


@given(st.text(max_size=60))
def test_any_text_is_a_table_or_refused(tmp_path_factory, text):
    path = tmp_path_factory.mktemp("any") / "a.csv"
    path.write_text(text, encoding="utf-8", errors="replace", newline="")
    with pytest.raises((NoTableError, DataLossError)):
        tables("f", [path], True)
