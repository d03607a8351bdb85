"""Learns what each pixel shows: DeepLab v3+ on drawings of striped circles, chequered squares and plain triangles.

    python examples/segmentation.py [--logdir DIR] [--steps N]             # two minutes on two cores
    python examples/segmentation.py --folder shapes                        # writes the drawings as images and masks

The training images are scaled, cropped and mirrored at random with their masks; the learning rate falls as in
research/deeplab; a picture shows images that were not trained on, their masks and what the net says.
"""

import argparse
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

import jax_slim as slim

CLASSES = ("background", "circle", "square", "triangle")
SIZE = 65  # one more than a multiple of the net's output stride, so that features lie on a regular grid


def drawing(rng, size=SIZE):
    """A drawing of one to three shapes over a noisy ground: uint8 [size, size, 3], and its mask [size, size]."""
    rows, columns = np.mgrid[:size, :size] + 0.5
    slope = rng.uniform(-0.5, 0.5, 3) * rows[..., None] + rng.uniform(-0.5, 0.5, 3) * columns[..., None]
    image = rng.uniform(40, 215, 3) + slope
    mask = np.zeros((size, size), np.uint8)
    for _ in range(rng.integers(1, 4)):
        label, radius = int(rng.integers(1, 4)), rng.uniform(0.13, 0.26) * size
        down, right = rows - rng.uniform(0.2, 0.8) * size, columns - rng.uniform(0.2, 0.8) * size
        if label == 1:
            inside = down**2 + right**2 < radius**2
        elif label == 2:
            inside = np.maximum(abs(down), abs(right)) < radius * 0.9
        else:
            inside = (down < radius * 0.8) & (2 * abs(right) < down + radius)
        # Circles are striped, squares chequered, triangles plain: what a pixel is in can be seen from near by.
        rise = (np.arange(size) + rng.integers(6)) // 3
        hatched = {1: rise[:, None] % 2, 2: (rise[:, None] + rise) % 2, 3: 0.5}[label]
        image[inside] = (rng.uniform(60, 195, 3) + 90 * (np.broadcast_to(hatched, mask.shape)[..., None] - 0.5))[inside]
        mask[inside] = label
    return np.clip(image + rng.normal(0, 12, image.shape), 0, 255).astype(np.uint8), mask


def drawings(count, seed):
    """Many of them, as a source of `slim.data.pipeline`."""
    rng = np.random.default_rng(seed)
    return [dict(zip(("image", "mask"), drawing(rng), strict=True)) for _ in range(count)]


def prepared(is_training):
    """What makes a net's inputs out of a drawing and its mask."""

    def transform(example, rng):
        image, mask = slim.preprocessing.deeplab_preprocessing.preprocess_image_and_label(
            example["image"], example["mask"], SIZE, SIZE, is_training, min_scale_factor=0.75, max_scale_factor=1.5,
            rng=rng if is_training else None,
        )  # fmt: skip
        return {"image": image, "mask": mask}

    return transform


def write_folder(folder, count=400):
    """Writes drawings as `jax-slim train --task=segmentation` reads them: images, masks, labels.txt."""
    folder = Path(folder)
    for part, parts_count, seed in (("train", count, 0), ("validation", count // 8, 1)):
        for number, example in enumerate(drawings(parts_count, seed)):
            contents = {
                "images": slim.data.encode_png(example["image"]),
                "masks": slim.data.encode_mask(example["mask"], slim.datasets.colormaps.create_label_colormap()),
            }
            for kind, content in contents.items():
                file = folder / kind / part / f"{number:03}.png"
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(content)
    (folder / "labels.txt").write_text("\n".join(CLASSES) + "\n")
    return folder


def masks_of(model, variables, images):
    """The class of each pixel: [N, SIZE, SIZE]."""

    @slim.jit
    def run(variables, images):
        net = lambda images: model.apply(variables, images)[0]  # noqa: E731
        return slim.nets.deeplab_inference.predict_labels(images, net).labels

    return np.asarray(run(variables, images))


def picture(images, masks, found):
    """Rows of drawings, their masks and those found: uint8 [H, W, 3]."""
    levels = np.rint((images + 1) * 127.5).astype(np.uint8)
    color = slim.datasets.colormaps.label_to_color_image
    rows = [levels, [color(mask) for mask in masks], [color(mask) for mask in found]]
    return np.concatenate([np.concatenate(list(row), 1) for row in rows], 0)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--logdir", default="/tmp/jax_slim_segmentation")
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--folder", help="write drawings there, and stop")
    options = parser.parse_args()
    if options.folder:
        print(f"Drawings: {write_folder(options.folder)}")
        return

    # A small one. The averages of its batch norm must follow within the steps that there are.
    model = slim.nets.create_model(
        "deeplab_mobilenet_v2", len(CLASSES), image_size=SIZE, depth_multiplier=0.35, output_stride=8,
        decoder_output_stride=4, decoder_filters=48, aspp_convs_filters=64, weight_decay=4e-5, batch_norm_decay=0.95,
    )  # fmt: skip

    def loss_fn(batch):
        logits, _ = model.function(batch["image"], is_training=True)
        slim.losses.segmentation.pixel_softmax_cross_entropy(logits, batch["mask"])
        return slim.losses.get_total_loss()

    rate = slim.optimizers.polynomial_decay(0.005, decay_steps=options.steps, end_learning_rate=0.0, power=0.9)
    train_op = slim.learning.create_train_op(loss_fn, slim.optimizers.adam(rate))
    batches = slim.data.pipeline(drawings(600, seed=0), prepared(True), batch_size=16, shuffle=True, seed=0)
    slim.learning.train(train_op, options.logdir, batches, number_of_steps=options.steps)

    held_out = [prepared(False)(example, None) for example in drawings(64, seed=1)]
    images, masks = (np.stack([example[name] for example in held_out]) for name in ("image", "mask"))
    variables = slim.checkpoints.load_variables(options.logdir)
    found = masks_of(model, variables, jnp.asarray(images))
    matrix = slim.metrics.confusion_matrix(masks.reshape(-1), found.reshape(-1), len(CLASSES))
    each = slim.metrics.segmentation.class_iou(np.asarray(jax.device_get(matrix)))
    for name, iou in zip(CLASSES, each, strict=True):
        print(f"{name:10}  IoU {iou:.1%}")
    print(f"mean IoU {np.nanmean(each):.1%}")
    file = Path(options.logdir) / "segmentation.png"
    file.write_bytes(slim.data.encode_png(picture(images[:8], masks[:8], found[:8])))
    print(f"Picture: {file}")


if __name__ == "__main__":
    main()
