"""Learns to find coloured shapes: draws pictures of circles, squares and triangles, and trains a small SSD on them.

    python examples/detection.py /tmp/shapes                 # about three minutes on two cores
    python examples/detection.py /tmp/shapes --data_only     # for `jax-slim train --task=detection`

The folder gets the pictures with COCO's JSON files, the run's checkpoints, and seen.png: new pictures with the boxes
that were found in them.
"""

import argparse
import json
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from PIL import Image, ImageDraw

import jax_slim as slim

NAMES = ("circle", "square", "triangle")
SIZE = 160


def draw(rng, size=SIZE):
    """A picture of one to five shapes on a dark, noisy ground; their boxes (in pixels) and classes.

    Circles are reddish, squares greenish, triangles blueish.
    """
    picture = Image.fromarray((rng.integers(0, 60, 3) + rng.integers(0, 40, (size, size, 3))).astype(np.uint8))
    pen, boxes, classes = ImageDraw.Draw(picture), [], []
    for _ in range(rng.integers(1, 6)):
        side = int(rng.integers(size // 4, size * 6 // 10))
        top, left = (int(rng.integers(0, size - side)) for _ in range(2))
        box = np.array([top, left, top + side, left + side])
        if any((np.minimum(box[2:], other[2:]) > np.maximum(box[:2], other[:2])).all() for other in boxes):
            continue  # shapes lie beside each other
        kind, right, bottom = int(rng.integers(3)), left + side - 1, top + side - 1
        levels = rng.integers(60, 150, 3)
        levels[kind] = rng.integers(180, 256)
        color = tuple(levels.tolist())
        if kind == 0:
            pen.ellipse((left, top, right, bottom), fill=color)
        elif kind == 1:
            pen.rectangle((left, top, right, bottom), fill=color)
        else:
            pen.polygon(((left + side / 2, top), (left, bottom), (right, bottom)), fill=color)
        boxes.append(box)
        classes.append(kind)
    return np.asarray(picture), np.array(boxes), np.array(classes)


def make(folder, count, seed):
    """Writes `count` pictures into a folder, and COCO's JSON file of them beside it."""
    folder, rng = Path(folder), np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    said = {"images": [], "annotations": [], "categories": [{"id": i + 1, "name": n} for i, n in enumerate(NAMES)]}
    for number in range(count):
        pixels, boxes, classes = draw(rng)
        file = f"{number:04}.png"
        (folder / file).write_bytes(slim.data.encode_png(pixels))
        said["images"].append({"id": number, "file_name": file, "height": SIZE, "width": SIZE})
        for (top, left, bottom, right), kind in zip(boxes.tolist(), classes.tolist(), strict=True):
            area = (bottom - top) * (right - left)
            row = {"image_id": number, "category_id": kind + 1, "bbox": [left, top, right - left, bottom - top]}
            said["annotations"].append({"id": len(said["annotations"]) + 1, "area": area, "iscrowd": 0, **row})
    folder.with_suffix(".json").write_text(json.dumps(said))


def train(folder, steps, batch_size=16):
    """Trains a small SSD on the pictures; returns the net and its variables."""
    model = slim.nets.create_model(
        "ssd_mobilenet_v1", num_classes=len(NAMES), image_size=SIZE, depth_multiplier=0.25, min_scale=0.25,
        max_scale=0.9, batch_norm_decay=0.97,
    )  # fmt: skip

    def loss(batch):
        logits, end_points = model.function(batch["image"], is_training=True)
        anchors = end_points["Anchors"]
        objects = batch["boxes"], batch["classes"], batch["num_boxes"]
        # The maps are coarse for so small pictures: with the usual 0.5 most objects would have one anchor.
        targets = slim.detection.assign_targets(anchors, *objects, matched_threshold=0.4)
        for cost in slim.detection.ssd_costs(logits, end_points["BoxEncodings"], anchors, targets):
            slim.losses.add_loss(cost)
        return slim.losses.get_total_loss()

    def prepare(example, rng):
        example = slim.detection.random_horizontal_flip(example, rng=rng)
        return {"image": model.preprocess(example["image"]), **slim.detection.padded_objects(example, 5)}

    source = slim.datasets.open_detection_dataset(folder, "train")
    rate = slim.optimizers.warm_up(slim.optimizers.cosine_decay(0.003, decay_steps=steps), steps // 20)
    train_op = slim.learning.create_train_op(loss, slim.optimizers.AdamOptimizer(rate))
    batches = slim.data.pipeline(source, prepare, batch_size=batch_size)
    slim.learning.train(train_op, str(Path(folder) / "run"), batches, number_of_steps=steps)
    return model, slim.checkpoints.load_variables(str(Path(folder) / "run"))


def finder(model, variables):
    """Pictures uint8 [N, H, W, 3] -> what is found in them."""

    def find(images):
        logits, end_points = model.function(images, is_training=False)
        return slim.detection.detect(logits, end_points["BoxEncodings"], end_points["Anchors"], iou_threshold=0.5)

    predict = slim.predictor(slim.Model(find), variables)
    return lambda pictures: jax.device_get(predict(jnp.asarray(model.preprocess(np.stack(pictures)))))


def evaluate(find, source):
    """COCO's and PASCAL VOC's numbers."""
    evaluator = slim.detection.BoxEvaluator(len(NAMES))
    for start in range(0, len(source), 50):
        examples = source[start : start + 50]
        found = find([example["image"] for example in examples])
        for place, example in enumerate(examples):
            hits = slice(0, int(found.num_detections[place]))
            evaluator.add(
                found.boxes[place][hits] * SIZE, found.scores[place][hits], found.classes[place][hits],
                example["boxes"] * SIZE, example["classes"],
            )  # fmt: skip
    return {**evaluator.coco(), "VOC_mAP": evaluator.voc()["mAP"]}


def show(find, path, count=12, least=0.5):
    """Writes new pictures with what is found in them."""
    rng = np.random.default_rng(1000)
    pictures = [draw(rng)[0] for _ in range(count)]
    found = find(pictures)
    side = 2 * SIZE
    sheet = Image.new("RGB", (4 * side, -(-count // 4) * side))
    for place, pixels in enumerate(pictures):
        picture = Image.fromarray(pixels).resize((side, side), Image.Resampling.NEAREST)
        pen = ImageDraw.Draw(picture)
        for box, score, kind in zip(found.boxes[place], found.scores[place], found.classes[place], strict=True):
            if score >= least:
                top, left, bottom, right = (box * side).tolist()
                pen.rectangle((left, top, right, bottom), outline="black", width=3)
                pen.rectangle((left, top, right, bottom), outline="white", width=1)
                pen.text((left + 4, top + 3), f"{NAMES[kind]} {score:.0%}", fill="white", stroke_width=1,
                         stroke_fill="black")  # fmt: skip
        sheet.paste(picture, (place % 4 * side, place // 4 * side))
    sheet.save(path)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--data_only", action="store_true", help="only draw the pictures")
    parser.add_argument("--pictures", type=int, default=600, help="how many to train on (default 600)")
    parser.add_argument("--steps", type=int, default=400, help="how long to train (default 400)")
    options = parser.parse_args()
    folder = Path(options.folder)
    for part, count, seed in (("train", options.pictures, 0), ("val", 100, 1)):
        make(folder / part, count, seed)
    print(f"{folder}: {options.pictures} pictures to train on, 100 to validate")
    if options.data_only:
        return
    model, variables = train(folder, options.steps)
    find = finder(model, variables)
    for name, value in evaluate(find, slim.datasets.open_detection_dataset(folder, "validation")).items():
        print(f"{name:8} {value:.3f}")
    show(find, folder / "seen.png")
    print(f"wrote {folder / 'seen.png'}")


if __name__ == "__main__":
    main()
