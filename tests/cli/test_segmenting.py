"""`--task=segmentation`: options, batches of images and masks, tables; and a whole run on drawings."""

import argparse
import json

import numpy as np
import pytest
from PIL import Image

import jax_slim as slim
from jax_slim.cli import segmenting, training
from jax_slim.cli.failures import CommandError, UsageError
from jax_slim.cli.flags import merged
from jax_slim.cli.main import main
from jax_slim.datasets.segmentation import SegmentationExamples


def options(**changes):
    own = {"eval_scales": "1.0", "add_flipped_images": False}
    return argparse.Namespace(**(vars(merged(argparse.Namespace(), training.GROUPS, {}, {})) | own | changes))


def model_of(classes=3, size=33, **arguments):
    return slim.nets.create_model("deeplab_mobilenet_v3_small", classes, image_size=size, **arguments)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"eval_scales": "0.5,x"}, "--eval_scales must be numbers between commas, got '0.5,x'"),
        ({"eval_scales": "0"}, "--eval_scales must be numbers above 0"),
        ({"top_k_percent_pixels": 0.0}, "--top_k_percent_pixels must be above 0 and up to 1, got 0.0"),
        ({"hard_example_mining_step": -1}, "--hard_example_mining_step must be at least 0, got -1"),
        ({"min_scale_factor": 3.0}, "--min_scale_factor must be above 0 and at most --max_scale_factor"),
        ({"atrous_rates": "6;12"}, "--atrous_rates must be numbers between commas, got '6;12'"),
        ({"class_weights": "a"}, "--class_weights must be numbers between commas"),
        ({"mixup_alpha": 0.2}, "--mixup_alpha is not for segmentation"),
        ({"preprocessing_name": "vgg"}, "--preprocessing_name must be deeplab for masks, got 'vgg'"),
    ],
)
def test_refuses(changes, message):
    segmenting.check(options())
    with pytest.raises(UsageError, match=message):
        segmenting.check(options(**changes))


def test_the_options_become_the_nets_arguments():
    assert segmenting.model_options(options()) == {}
    asked = options(output_stride=8, atrous_rates="2, 4", decoder_output_stride=0, fine_tune_batch_norm=False)
    assert segmenting.model_options(asked) == {
        "output_stride": 8, "atrous_rates": [2, 4], "decoder_output_stride": [], "fine_tune_batch_norm": False,
    }  # fmt: skip


def test_the_layers_above_the_backbone_learn_faster():
    model = model_of()
    assert segmenting.gradient_multipliers(model, options()) is None
    factors = segmenting.gradient_multipliers(model, options(last_layer_gradient_multiplier=10.0))
    assert factors["image_pooling/weights"] == factors["decoder/decoder_conv0/weights"] == 10
    assert not [name for name in factors if name.startswith("MobilenetV3") or "moving" in name]


def examples(mask, num_classes, ignore_label=255):
    return SegmentationExamples(
        [{"image": np.zeros((*np.shape(mask), 3), np.uint8), "mask": np.array(mask)}] * 2,
        num_classes,
        None,
        ignore_label,
    )


@pytest.mark.parametrize(
    ("ignored", "numbers", "expected"),
    [(255, None, [0, 1, 2]), (0, None, [255, 1, 2]), (255, [2, None, 0], [2, 255, 0]), (1, [1, 2, 0], [1, 255, 0])],
)
def test_batches_have_the_nets_classes_and_one_label_to_ignore(ignored, numbers, expected):
    data = examples([[0, 1, 2]], 3, ignored)
    asked = options(num_preprocessing_threads=1)
    (batch,) = segmenting.batches(data, model_of(size=5), asked, 2, False, numbers=numbers)
    assert batch["image"].shape == (2, 5, 5, 3)
    np.testing.assert_array_equal(batch["mask"][0, 0], [*expected, 255, 255])
    assert (batch["mask"][:, 1:] == 255).all()


def test_masks_of_more_classes_than_the_nets_are_refused():
    with pytest.raises(CommandError, match=r"the masks have 4 classes, and the net 3\. Give --num_classes"):
        segmenting.batches(examples([[0]], 4), model_of(), options(), 2, False)
    with pytest.raises(CommandError, match="must have at most 255 classes for masks, got 300"):
        segmenting.batches(examples([[0]], 4), model_of(300), options(), 2, False)
    with pytest.raises(UsageError, match="--class_weights must be 3, one for each class, got 2"):
        segmenting.loss_function(model_of(), options(class_weights="1,2"), 0.1)


def test_the_table_of_classes():
    table = segmenting.by_class(np.array([[6, 2, 0], [0, 2, 0], [0, 0, 0]]), ["sky", "sea", "land"]).splitlines()
    assert [line.split() for line in table] == [
        ["class", "IoU", "%", "found", "%", "pixels"],
        ["sky", "75.0", "75.0", "8"],
        ["sea", "50.0", "100.0", "2"],
        ["land", "-", "-", "0"],
    ]


def test_the_mask_of_a_photograph_is_cut_out_of_the_prepared_one():
    whole = np.full((4, 4), 9)
    whole[:2] = [[0, 1, 2, 3], [4, 5, 6, 7]]
    found = segmenting._of_photograph(whole, (4, 8), 4)
    assert found.shape == (4, 8) and set(np.unique(found)) == set(range(8))
    assert found[0, 0] == 0 and found[3, 7] == 7


def test_the_largest_classes_come_first():
    rows = segmenting._shares(np.array([[2, 2, 2], [0, 2, 1]]), ["sky", "sea", "land"], 2)
    assert rows == [{"class": 2, "label": "land", "share": 0.666667}, {"class": 0, "label": "sky", "share": 0.166667}]


def test_files_of_one_name_do_not_write_over_each_other():
    names = segmenting._file_names(["a/x.jpg", "b/x.jpg", "b/y.png"])
    assert names == {"a/x.jpg": "x", "b/x.jpg": "x_2", "b/y.png": "y"}


@pytest.mark.slow
@pytest.mark.usefixtures("compiled_quickly")
def test_a_whole_run(tmp_path, capsys):
    rng = np.random.default_rng(0)
    for number in range(12):
        mask = np.zeros((24, 33), np.uint8)
        mask[4:20, 4 + number : 24] = 1 + number % 2
        image = (mask[..., None] * 90 + rng.integers(0, 60, (24, 33, 3))).astype(np.uint8)
        for kind, content in (("images", slim.data.encode_png(image)), ("masks", slim.data.encode_mask(mask))):
            file = tmp_path / "data" / kind / f"{number:02}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
    (tmp_path / "data" / "labels.txt").write_text("ground\nbox\ncrate\n")
    run = tmp_path / "run"
    train = [
        "train", "--task=segmentation", f"--dataset_dir={tmp_path / 'data'}", f"--train_dir={run}",
        "--model_name=deeplab_mobilenet_v3_small", "--train_image_size=33", "--output_stride=16", "--batch_size=4",
        "--max_number_of_steps=4", "--validate_every_n_steps=4", "--learning_rate_decay_type=poly",
        "--last_layer_gradient_multiplier=10", "--top_k_percent_pixels=0.5", "--hard_example_mining_step=2",
    ]  # fmt: skip
    assert main(train) == 0
    said = json.loads((run / "model.json").read_text())
    assert (said["task"], said["options"]) == ("segmentation", {"output_stride": 16})
    assert said["labels"] == ["ground", "box", "crate"]
    scaled = ["--eval_scales=0.75", "--add_flipped_images"]
    capsys.readouterr()
    assert main(["evaluate", f"--checkpoint_path={run}", "--batch_size=2", "--json", *scaled]) == 0
    out = capsys.readouterr().out
    results = json.loads(out.splitlines()[-1])
    assert 0 <= results["mIoU"] <= 1 and 0 <= results["Pixel_accuracy"] <= 1 and "crate" in out
    seen = tmp_path / "seen"
    grid = tmp_path / "grid.png"
    predict = ["predict", str(tmp_path / "data" / "images"), f"--checkpoint_path={run}", f"--output_dir={seen}"]
    assert main([*predict, "--json", f"--grid={grid}", "--batch_size=8"]) == 0
    shares = json.loads(capsys.readouterr().out)
    assert len(shares) == 12 and all(sum(row["share"] for row in rows) == pytest.approx(1) for rows in shares.values())
    mask = slim.data.read_mask(seen / "00_mask.png")
    assert mask.shape == (24, 33) and mask.max() < 3
    with Image.open(seen / "00_drawn.png") as drawn, Image.open(grid) as pictures:
        assert drawn.size == (33, 24) and pictures.size[0] > 100
    assert main(["export", f"--checkpoint_path={run}", f"--output={tmp_path / 'net.zip'}", "--platforms=cpu"]) == 0
    pixels = slim.data.decode_image((tmp_path / "data" / "images" / "00.png").read_bytes())
    exported = slim.exporting.load_exported(tmp_path / "net.zip")(image=pixels[None])["mask"]
    assert np.mean(np.asarray(exported)[0] == mask) > 0.99  # but where two classes are as likely
