"""Label maps of the Object Detection API."""

import pytest

from jax_slim import data
from jax_slim.data.label_maps import class_names

TEXT = r"""
# item { id: 9 name: 'nothing' }
item {
  name: "/m/01g317"
  id: 1
  display_name: "person"
}
item: { id: 3 name: 'a {rare} "cat\'s"' }  # 'quoted' ' here
item < name: 'dog' id: 2 >
item { name: 'without a number' }
"""


def test_items_of_every_form(tmp_path):
    path = tmp_path / "label_map.pbtxt"
    path.write_text(TEXT)
    found = data.read_label_map(path)
    assert found[1] == (1, "/m/01g317", "person")
    assert found[3].name == 'a {rare} "cat\'s"'
    assert sorted(found) == [1, 2, 3]
    assert class_names(found) == ["person", "dog", 'a {rare} "cat\'s"']


def test_written_maps_are_read_and_gaps_are_numbers(tmp_path):
    names = {1: "cat", 4: "dog's \\ {x}"}
    data.write_label_map(tmp_path / "map.pbtxt", names)
    found = data.read_label_map(tmp_path / "map.pbtxt")
    assert {number: item.name for number, item in found.items()} == names
    assert class_names(found) == ["cat", "2", "3", "dog's \\ {x}"]


def test_refusals(tmp_path):
    path = tmp_path / "map.pbtxt"
    path.write_bytes(b"\x00\xff" * 300)
    with pytest.raises(data.DataLossError, match="is no label map"):
        data.read_label_map(path)
    path.write_text("item { id: 1 name: 'a' } item { id: 1 name: 'b' }")
    with pytest.raises(data.DataLossError, match="a number of its own, got two with id 1"):
        data.read_label_map(path)
