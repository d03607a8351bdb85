"""Images with masks: the layouts of folders, records, and what is refused."""

import numpy as np
import pytest

from jax_slim.data.errors import DataLossError
from jax_slim.data.image_codecs import encode_jpeg, encode_png
from jax_slim.data.mask_images import encode_mask
from jax_slim.data.record_writing import TFRecordWriter
from jax_slim.datasets.label_sets import LABEL_SETS
from jax_slim.datasets.segmentation import SegmentationExamples, open_segmentation, segmentation_example


def write(folder, image, mask, number=0, colors=None):
    """An image of one level and a mask whose first pixel is that level modulo 3."""
    pixels = np.full((4, 5, 3), number, np.uint8)
    labels = np.full((4, 5), 255, np.uint8)
    labels[0, 0] = number % 3
    for path, contents in ((folder / image, encode_png(pixels)), (folder / mask, encode_mask(labels, colors))):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(contents)


def numbers(examples):
    for example in examples:
        assert example["mask"].dtype == np.int32 and example["mask"].shape == example["image"].shape[:2] == (4, 5)
        assert example["mask"][0, 0] == example["image"][0, 0, 0] % 3 and (example["mask"][1:] == 255).all()
    return [int(example["image"][0, 0, 0]) for example in examples]


def test_two_folders_are_divided_the_same_each_time(tmp_path):
    for number in range(12):
        write(tmp_path, f"images/{number:02}.png", f"masks/{number:02}_mask.png", number)
    train, held_out = (open_segmentation(tmp_path, part, validation_fraction=0.25) for part in ("train", "validation"))
    assert sorted(numbers(train) + numbers(held_out)) == list(range(12)) and len(held_out) == 3
    assert numbers(open_segmentation(tmp_path, "train", validation_fraction=0.25)) == numbers(train)
    assert numbers(open_segmentation(tmp_path, "train", validation_fraction=0.25, seed=1)) != numbers(train)
    assert (train.num_classes, train.class_names, train.ignore_label) == (3, None, 255)
    assert train.key(0).endswith(".png") and "/images/" in train.key(0)


@pytest.mark.parametrize(
    ("image", "mask"),
    [("images/{part}/a.png", "annotations/{part}/a.png"), ("{part}/images/a.png", "{part}/labels/a.png")],
)
def test_parts_are_folders_above_or_below(tmp_path, image, mask):
    for number, part in enumerate(("training", "validation")):
        write(tmp_path, image.format(part=part), mask.format(part=part), number)
    (tmp_path / "labels.txt").write_text("sky\nsea\nland\n")
    assert numbers(open_segmentation(tmp_path, "train")) == [0]
    held_out = open_segmentation(tmp_path, "val")
    assert numbers(held_out) == [1] and held_out.class_names == ["sky", "sea", "land"]
    with pytest.raises(ValueError, match=r"split_name must be one of \['training', 'validation'\]"):
        open_segmentation(tmp_path, "test")


def test_pascal_vocs_lists_and_palettes(tmp_path):
    colors = LABEL_SETS["pascal_voc_seg"].colors
    for number in range(3):
        write(tmp_path, f"JPEGImages/{number}.jpg", f"SegmentationClass/{number}.png", number, colors)
    lists = tmp_path / "ImageSets" / "Segmentation"
    lists.mkdir(parents=True)
    (lists / "train.txt").write_text("2\n0\n")
    (lists / "val.txt").write_text("1\n")
    train = open_segmentation(tmp_path, "train", "pascal_voc_seg")
    assert numbers(train) == [2, 0] and train.num_classes == 21 and train.class_names[20] == "tvmonitor"
    (lists / "val.txt").write_text("7\n")
    with pytest.raises(ValueError, match=r"val\.txt names must be there, got no .*7\.jpg"):
        open_segmentation(tmp_path, "val", "pascal_voc_seg")


def test_cityscapes_keeps_several_masks_of_each_image(tmp_path):
    for number, city in enumerate(("ulm", "bonn")):
        name = f"train/{city}/{city}_0"
        write(tmp_path, f"leftImg8bit/{name}_leftImg8bit.png", f"gtFine/{name}_gtFine_labelTrainIds.png", number)
        write(tmp_path, f"other/{name}.png", f"gtFine/{name}_gtFine_labelIds.png", 9)
    train = open_segmentation(tmp_path, "train", "cityscapes")
    assert numbers(train) == [1, 0] and train.num_classes == 19


def test_records_are_research_deeplabs(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (6, 8, 3)).astype(np.uint8)
    mask = np.arange(48, dtype=np.uint8).reshape(6, 8) % 4
    with TFRecordWriter(str(tmp_path / "train-00000-of-00001.tfrecord")) as writer:
        writer.write(segmentation_example(encode_jpeg(pixels), mask, "a"))
        writer.write(segmentation_example(encode_png(pixels), encode_mask(mask)))
    train = open_segmentation(tmp_path, "train")
    assert len(train) == 2 and train.num_classes == 4
    np.testing.assert_array_equal(train[1]["image"], pixels)
    np.testing.assert_array_equal(train[0]["mask"], mask)
    assert train[0]["image"].shape == (6, 8, 3) and "train-00000" in train.key(1)
    with pytest.raises(ValueError, match=r"mask must be of the image's size \(6, 8\), got \(3, 8\)"):
        segmentation_example(encode_png(pixels), mask[:3])


def test_examples_are_checked_when_they_are_read():
    image = np.zeros((2, 2, 3), np.uint8)
    source = [{"image": image, "mask": np.array(mask)} for mask in ([[0, 1], [9, 0]], [[0, 2], [0, 0]], [[0, 0]])]
    examples = SegmentationExamples(source, 2, ignore_label=9)
    assert examples[0]["mask"].tolist() == [[0, 1], [9, 0]] and len(examples[:1]) == 1
    with pytest.raises(ValueError, match=r"labels of the mask must be from 0 to 1.* or 9 to be ignored, got 2"):
        examples[1]
    with pytest.raises(DataLossError, match=r"the mask must be of the image's size \(2, 2\), got \(1, 2\)"):
        examples[2]


def test_refuses_what_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError, match="dataset_dir must exist"):
        open_segmentation(tmp_path / "nothing", "train")
    with pytest.raises(ValueError, match="dataset_dir must be a folder with the folders images and masks"):
        open_segmentation(tmp_path, "train")
    write(tmp_path, "images/a.png", "masks/b.png")
    with pytest.raises(ValueError, match=r"each image must have a mask of its name .*, got none for .*a\.png"):
        open_segmentation(tmp_path, "train")
    write(tmp_path, "images/b.png", "masks/a.png")
    write(tmp_path, "images/b.png", "masks/a_mask.png")
    with pytest.raises(ValueError, match=r"each image must have one mask, got .*a\.png and .*a_mask\.png"):
        open_segmentation(tmp_path, "train")
    (tmp_path / "masks" / "a_mask.png").unlink()
    (tmp_path / "masks" / "a.png").write_bytes(encode_png(np.arange(60, dtype=np.uint8).reshape(4, 5, 3)))
    with pytest.raises(DataLossError, match=r"a\.png: decode_mask: .* got colours"):
        open_segmentation(tmp_path, "train")
