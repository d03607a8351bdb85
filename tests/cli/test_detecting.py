"""`--task=detection`: training, evaluation and prediction of boxes; the table of tasks."""

import argparse
import json

import jax
import numpy as np
import pytest

import jax_slim as slim
from jax_slim import data, datasets
from jax_slim.cli import boxes, detecting, tasks
from jax_slim.cli.failures import CommandError, UsageError
from jax_slim.cli.main import main
from jax_slim.exporting import loader


def shapes(folder, count, seed=0):
    """TFRecords of bright squares and bars on a dark ground, with their label map."""
    rng, records = np.random.default_rng(seed), []
    for number in range(count):
        pixels = rng.integers(0, 40, (64, 64, 3)).astype(np.uint8)
        top, left = rng.integers(0, 24, 2)
        wide = 40 if number % 2 else 20
        pixels[top : top + 20, left : left + wide] = 220
        box = np.array([[top, left, top + 20, left + wide]]) / 64
        png = data.encode_png(pixels)
        records.append(datasets.image_and_boxes_to_tfexample(png, "png", 64, 64, box, [1 + number % 2]))
        (folder / f"{number}.png").write_bytes(png)
    for part in ("train", "val"):
        data.write_tfrecords(folder / f"shapes_{part}.record", records)
    data.write_label_map(folder / "label_map.pbtxt", {1: "square", 2: "bar"})


@pytest.mark.slow
@pytest.mark.usefixtures("compiled_quickly")
def test_trains_measures_and_draws(tmp_path, capsys):
    photos, run, seen = tmp_path / "photos", tmp_path / "run", tmp_path / "seen"
    photos.mkdir()
    shapes(photos, 8)
    command = ["train", "--task=detection", f"--train_dir={run}", f"--dataset_dir={photos}", "--batch_size=8",
               "--model_name=ssdlite_mobilenet_v1", "--train_image_size=64", "--box_augmentation=none", "--max_boxes=2",
               "--optimizer=adam", "--opt_epsilon=1e-8", "--learning_rate=0.003", "--learning_rate_decay_type=fixed",
               "--max_number_of_steps=50", "--log_every_n_steps=50", "--validate_every_n_steps=50",
               "--validation_split_name=train"]  # fmt: skip
    assert main(command) == 0
    said = json.loads((run / "model.json").read_text())
    assert (said["task"], said["labels"], said["num_classes"]) == ("detection", ["square", "bar"], 2)
    scalars = json.loads((run / "scalars.jsonl").read_text().splitlines()[-1])
    assert scalars["validation/AP50"] > 0.5 and scalars["validation/Loss"] > 0
    capsys.readouterr()
    assert main(["evaluate", f"--checkpoint_path={run}", "--batch_size=5", "--json"]) == 0
    out = capsys.readouterr().out
    results = json.loads(out.splitlines()[-1])
    assert results["AP50"] > 0.5 and results["VOC_mAP"] > 0.5
    assert "square" in out and "COCO AP" in out
    arguments = ["predict", str(photos / "0.png"), str(photos / "1.png"), f"--checkpoint_path={run}", "--json"]
    assert main([*arguments, f"--output_dir={seen}", "--min_score_thresh=0.3", f"--grid={tmp_path / 'g.png'}"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [rows[0]["label"] for rows in found.values()] == ["square", "bar"]
    before, after = (data.decode_image((folder / "0.png").read_bytes()) for folder in (photos, seen))
    assert before.shape == after.shape and (before != after).any()
    assert main(["export", f"--checkpoint_path={run}", f"--output={tmp_path / 'net.zip'}", "--platforms=cpu"]) == 0
    exported = slim.exporting.load_exported(tmp_path / "net.zip")
    for path, rows in found.items():
        assert loader.look_at(exported, path, 1)[0]["label"] == rows[0]["label"]
        assert loader.look_at(exported, path, 1)[0]["box"] == pytest.approx(rows[0]["box"], abs=1e-3)
    assert main(["export", f"--checkpoint_path={run}", f"--output={tmp_path / 'net.onnx'}"]) == 2
    assert (
        "must end in .zip, .pb, .pbtxt or / for ssdlite_mobilenet_v1, which is for detection" in capsys.readouterr().err
    )


def options(**changed):
    return argparse.Namespace(**{"max_boxes": 3, "box_augmentation": "none", "use_grayscale": False, **changed})


EXAMPLE = {
    "image": np.zeros((40, 80, 3), np.uint8),
    "boxes": np.array([[0, 0, 0.5, 0.5], [0, 0, 1, 1]], np.float32),
    "classes": np.array([0, 1]),
    "crowd": np.array([False, True]),
    "difficult": np.array([True, False]),
    "areas": np.array([400, 3200], np.float32),
}


def test_examples_are_prepared():
    model = slim.nets.create_model("ssd_mobilenet_v1", num_classes=4, image_size=48)
    trained = detecting.prepared(model, options(), True, [2, 3])(EXAMPLE, np.random.default_rng(0))
    # Groups teach nothing; classes are the net's.
    assert trained["num_boxes"] == 1 and trained["classes"].tolist() == [2, 0, 0]
    assert trained["image"].shape == (48, 48, 3) and trained["size"].tolist() == [40, 80]
    measured = detecting.prepared(model, options(), False)(EXAMPLE, np.random.default_rng(0))
    assert measured["num_boxes"] == 2 and measured["crowd"].tolist() == [False, True, False]
    changed = detecting.prepared(model, options(box_augmentation="ssd"), True)(EXAMPLE, np.random.default_rng(1))
    assert changed["boxes"].shape == (3, 4)
    with pytest.raises(CommandError, match=r"a picture has 2 objects\. Give a --max_boxes"):
        detecting.prepared(model, options(max_boxes=1), False)(EXAMPLE, np.random.default_rng(0))
    model = slim.nets.create_model("ssd_mobilenet_v1", num_classes=1, image_size=48)
    with pytest.raises(CommandError, match="an object is of class 1, and the net has the classes 0 to 0"):
        detecting.prepared(model, options(), False)(EXAMPLE, np.random.default_rng(0))


@pytest.mark.parametrize("net", ["ssd_mobilenet_v1", "ssd_vgg_300"])
def test_validation_measures_the_costs(net):
    """Only traced."""
    model = slim.nets.create_model(net, num_classes=2, image_size=None if net == "ssd_vgg_300" else 48)
    batch = detecting.batch_like(model, options()) | {"valid": jax.ShapeDtypeStruct((1,), bool)}
    assert detecting.score_converter(model) == ("softmax" if net == "ssd_vgg_300" else "sigmoid")
    named = []

    def measured(batch):
        named.extend(detecting.measured_costs(model, batch))
        return 0.0

    slim.Model(measured).specs(batch)
    assert named == ["Loss", "Localization_loss", "Classification_loss"]


def test_tasks_and_nets_must_fit():
    assert tasks.check_task(None, "lenet") == "classification"
    assert tasks.check_task("detection", "ssd_vgg_300") == "detection"
    with pytest.raises(UsageError, match=r"--task=detection needs one of its nets, ssd.*, got --model_name=lenet"):
        tasks.check_task("detection", "lenet")
    with pytest.raises(UsageError, match=r"--mixup_alpha is not for detection, got 0\.2"):
        tasks.task_of("detection").check(argparse.Namespace(mixup_alpha=0.2))
    with pytest.raises(UsageError, match="--max_boxes is not for classification, got 7"):
        tasks.task_of("classification").check(argparse.Namespace(max_boxes=7))
    for row in tasks.TASKS.values():
        assert slim.nets.create_model(row.net).task in tasks.TASKS


def test_the_best_boxes_are_told_and_drawn(tmp_path, capsys):
    rows = boxes.rows_of(
        [[0, 0, 0.5, 0.5], [0.2, 0.2, 0.8, 0.8], [0, 0, 1, 1]], [0.6, 0.9, 0.2], [4, 7, 1], ["cat", "dog", "-"], 5, 0.5
    )
    assert [(row["label"], row["class"], row["score"]) for row in rows] == [("dog", 7, 0.9), ("cat", 4, 0.6)]
    boxes.show({"a.jpg": rows, "b.jpg": []}, False)
    out = capsys.readouterr().out
    assert "90.00 %  dog  top 0.200, left 0.200, bottom 0.800, right 0.800" in out and "b.jpg: nothing was" in out
    assert boxes.captions({"a.jpg": rows, "b.jpg": []}) == {"a.jpg": "dog 90%"}
    black = np.zeros((60, 90, 3), np.uint8)
    picture = boxes.drawn(black, rows)
    assert picture[12, 50].any() and picture[30, 18].any() and not picture[40, 45].any()
    (tmp_path / "a.png").write_bytes(data.encode_png(black))
    boxes.draw_all(tmp_path / "seen", {str(tmp_path / "a.png"): rows})
    np.testing.assert_array_equal(data.decode_image((tmp_path / "seen" / "a.png").read_bytes()), picture)
    with pytest.raises(CommandError, match="would be written over"):
        boxes.draw_all(tmp_path, {str(tmp_path / "a.png"): rows})


def test_usage(tmp_path, capsys):
    (tmp_path / "photos").mkdir()
    shapes(tmp_path / "photos", 1)
    command = ["train", f"--train_dir={tmp_path / 'run'}", f"--dataset_dir={tmp_path / 'photos'}", "--task=detection"]
    assert main([*command, "--model_name=lenet"]) == 2
    assert main([*command, "--randaugment_layers=2"]) == 2
    assert main([*command, "--max_boxes=0"]) == 2
    err = capsys.readouterr().err
    assert "--task=detection needs one of its nets" in err and "--randaugment_layers is not for detection" in err
    assert "--max_boxes must be at least 1" in err
