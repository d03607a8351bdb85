"""Pictures with boxes: TFRecords of the Object Detection API, PASCAL VOC's folders, COCO's files."""

import json

import numpy as np
import pytest

import jax_slim as slim
from jax_slim import data, datasets

RNG = np.random.default_rng(0)
PIXELS = RNG.integers(0, 256, (40, 80, 3)).astype(np.uint8)
PNG = data.encode_png(PIXELS)
BOXES = np.array([[0.25, 0.125, 0.5, 0.75], [0.0, 0.0, 1.0, 0.5]], np.float32)


def records(folder, name, examples):
    data.write_tfrecords(folder / name, examples)
    data.write_label_map(folder / "label_map.pbtxt", {1: "cat", 3: "dog"})


def test_records_of_the_object_detection_api(tmp_path):
    make = datasets.image_and_boxes_to_tfexample
    records(
        tmp_path,
        "pets_train.record-00000-of-00001",
        [
            make(
                PNG,
                "png",
                40,
                80,
                BOXES,
                [3, 1],
                ["dog", "cat"],
                is_crowd=[0, 1],
                difficult=[1, 0],
                area=[300.0, 900.0],
            ),
            make(PNG, "png", 40, 80, BOXES[:1], [], ["dog"]),
            make(PNG, "png", 40, 80, np.zeros((0, 4)), []),
            make(PNG, "png", 40, 80, [[0.5, 0.5, 0.5, 0.9], [-0.5, 0.5, 0.5, 1.5]], [1, 1]),
        ],
    )
    found = datasets.open_detection_dataset(tmp_path, "train")
    assert (len(found), found.class_names) == (4, ["cat", "2", "dog"])
    first, named, none, cut = found[:]
    np.testing.assert_array_equal(first["image"], PIXELS)
    np.testing.assert_array_equal(first["boxes"], BOXES)
    assert first["classes"].tolist() == [2, 0]
    assert first["crowd"].tolist() == [False, True] and first["difficult"].tolist() == [True, False]
    assert first["areas"].tolist() == [300, 900] and named["areas"].tolist() == [500]
    assert named["classes"].tolist() == [2]
    assert none["boxes"].shape == (0, 4) and none["areas"].shape == (0,)
    np.testing.assert_array_equal(cut["boxes"], [[0, 0.5, 0.5, 1]])
    assert found.key(1).startswith(str(tmp_path))


def test_damaged_records_are_refused_one_by_one(tmp_path):
    make = datasets.image_and_boxes_to_tfexample
    records(
        tmp_path,
        "x_train.record",
        [make(PNG, "png", 40, 80, BOXES, [1]), make(PNG, "png", 40, 80, BOXES, [4, 1]),
         make(PNG, "png", 40, 80, BOXES[:1], [], ["cow"]), make(b"?", "png", 40, 80, BOXES, [1, 1])],
    )  # fmt: skip
    found = datasets.open_detection_dataset(tmp_path, "train")
    with pytest.raises(data.DataLossError, match="classes must be one for each of 2 boxes, got 1"):
        found[0]
    with pytest.raises(ValueError, match="classes must be from 0 to 2, for 3 classes, got 0 to 3"):
        found[1]
    with pytest.raises(data.DataLossError, match="b'cow' is no class of the label map"):
        found[2]
    with pytest.raises(data.DataLossError, match=r"x_train\.record"):
        found[3]
    (tmp_path / "label_map.pbtxt").unlink()
    with pytest.raises(ValueError, match=r"must have one label map \(label_map.pbtxt\) .*, got 0"):
        datasets.open_detection_dataset(tmp_path, "train")


XML = """<annotation><filename>{name}.png</filename><object><name>dog</name><difficult>1</difficult><bndbox>
<xmin>10</xmin><ymin>10</ymin><xmax>60.0</xmax><ymax>20</ymax></bndbox><part><name>head</name><bndbox><xmin>1</xmin>
<ymin>1</ymin><xmax>2</xmax><ymax>2</ymax></bndbox></part></object><object><name>{second}</name><bndbox><xmin>0</xmin>
<ymin>0</ymin><xmax>40</xmax><ymax>40</ymax></bndbox></object></annotation>"""


def voc(folder, second="cat", count=4):
    for name in ("Annotations", "JPEGImages"):
        (folder / name).mkdir(parents=True)
    for number in range(count):
        (folder / "JPEGImages" / f"{number:03}.png").write_bytes(PNG)
        (folder / "Annotations" / f"{number:03}.xml").write_text(XML.format(name=number, second=second))


def test_pascal_voc(tmp_path):
    voc(tmp_path / "VOCdevkit" / "VOC2012")
    main = tmp_path / "VOCdevkit" / "VOC2012" / "ImageSets" / "Main"
    main.mkdir(parents=True)
    (main / "train.txt").write_text("000\n002\n")
    (main / "val.txt").write_text("001\n")
    (main / "cat_train.txt").write_text("000 -1\n")
    found = datasets.open_detection_dataset(tmp_path, "train")
    assert (len(found), found.num_classes, found.class_names[7]) == (2, 20, "cat")
    example = found[1]
    np.testing.assert_allclose(example["boxes"], BOXES)
    assert [found.class_names[number] for number in example["classes"]] == ["dog", "cat"]
    assert example["difficult"].tolist() == [True, False]
    assert len(datasets.open_detection_dataset(tmp_path, "validation")) == 1
    (main / "val.txt").write_text("009\n")
    with pytest.raises(ValueError, match="each picture that ImageSets lists must be there, got no '009'"):
        datasets.open_detection_dataset(tmp_path, "train")


def test_other_classes_and_no_parts(tmp_path):
    voc(tmp_path, "cup", 10)
    train = datasets.open_detection_dataset(tmp_path, "train")
    held_out = datasets.open_detection_dataset(tmp_path, "validation")
    assert train.class_names == ["cup", "dog"]
    assert (len(train), len(held_out)) == (9, 1)
    (tmp_path / "Annotations" / "003.xml").write_text("<annotation><object></object></annotation>")
    with pytest.raises(data.DataLossError, match=r"003\.xml is no annotation of PASCAL VOC"):
        datasets.open_detection_dataset(tmp_path, "train")


def coco(folder, name, **changes):
    (folder / "annotations").mkdir(parents=True, exist_ok=True)
    said = {
        "images": [{"id": 7, "file_name": "a.png"}, {"id": 5, "file_name": "b.png"}],
        "categories": [{"id": 18, "name": "dog"}, {"id": 17, "name": "cat"}],
        "annotations": [
            {"id": 1, "image_id": 7, "category_id": 18, "bbox": [10, 10, 50, 10], "iscrowd": 1, "area": 123.5},
            {"id": 2, "image_id": 7, "category_id": 17, "bbox": [0, 0, 40, 40]},
        ],
        **changes,
    }
    (folder / "annotations" / f"{name}.json").write_text(json.dumps(said))
    pictures = folder / name.removeprefix("instances_")
    pictures.mkdir(exist_ok=True)
    for file in ("a.png", "b.png"):
        (pictures / file).write_bytes(PNG)


def test_coco(tmp_path):
    coco(tmp_path, "instances_train2017")
    coco(tmp_path, "instances_val2017")
    (tmp_path / "annotations" / "captions_val2017.json").write_text("{}")
    for part in ("train", "validation"):
        found = datasets.open_detection_dataset(tmp_path, part)
        assert (len(found), found.class_names) == (2, ["cat", "dog"])
        np.testing.assert_allclose(found[0]["boxes"], BOXES)
        assert found[0]["classes"].tolist() == [1, 0] and found[0]["crowd"].tolist() == [True, False]
        assert found[0]["areas"].tolist() == [123.5, 1600]
        assert found[1]["boxes"].shape == (0, 4)
    coco(tmp_path, "instances_val2017", annotations=[{"image_id": 7, "category_id": 3, "bbox": [1, 2, 3, 4]}])
    with pytest.raises(data.DataLossError, match=r"instances_val2017\.json is no file of COCO's"):
        datasets.open_detection_dataset(tmp_path, "validation")
    (tmp_path / "train2017" / "b.png").unlink()
    with pytest.raises(ValueError, match=r"each picture of the JSON must be there, got no 'b\.png'"):
        datasets.open_detection_dataset(tmp_path, "train")


def test_coco_in_a_folder_for_each_part(tmp_path):
    for part in ("train", "valid"):
        coco(tmp_path / "made", part)
        (tmp_path / "made" / "annotations" / f"{part}.json").rename(tmp_path / "made" / part / "_annotations.coco.json")
    for part in ("train", "validation"):
        found = datasets.open_detection_dataset(tmp_path / "made", part)
        assert (len(found), found.class_names) == (2, ["cat", "dog"])
        np.testing.assert_array_equal(found[0]["image"], PIXELS)
    (tmp_path / "made" / "valid" / "other.json").write_text("{}")
    with pytest.raises(ValueError, match="validation"):
        datasets.open_detection_dataset(tmp_path / "made", "validation", validation_fraction=0)


def test_what_is_none_of_these(tmp_path):
    with pytest.raises(FileNotFoundError, match="dataset_dir must exist"):
        datasets.open_detection_dataset(tmp_path / "none", "train")
    (tmp_path / "notes.txt").write_text("")
    with pytest.raises(ValueError, match=r"PASCAL VOC's folders or COCO's JSON files .* with notes\.txt"):
        datasets.open_detection_dataset(tmp_path, "train")


def test_a_pipeline_makes_batches_of_them(tmp_path):
    voc(tmp_path, "cup", 6)
    source = datasets.open_detection_dataset(tmp_path, "train", validation_fraction=0)

    def prepare(example, rng):
        example = slim.detection.augment(example, rng=rng)
        return {"image": np.float32(example["image"].mean()), **slim.detection.padded_objects(example, 3)}

    batches = [next(iter(data.pipeline(source, prepare, batch_size=6, num_threads=0))) for _ in range(2)]
    assert batches[0]["boxes"].shape == (6, 3, 4) and batches[0]["num_boxes"].shape == (6,)
    for name, value in batches[0].items():
        np.testing.assert_array_equal(value, batches[1][name])
