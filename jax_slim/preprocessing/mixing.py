"""Examples made of two: mixup and CutMix, on batches of prepared images and one-hot labels.

    def mixed(batch, rng):
        images, labels = slim.preprocessing.mixup(batch["image"], batch["label"], 0.2, rng=rng)
        return {"image": images, "label": labels}

    batches = slim.data.pipeline(source, one_hot, transform_batch=mixed, batch_size=32)

Each example is mixed with another one of its batch, and its label in the same proportion: `softmax_cross_entropy` takes
such labels. For training alone; what is measured on mixed images means little.
"""

from typing import Any

import numpy as np

from jax_slim.preprocessing import _arrays


def mixup(images: Any, labels: Any, alpha: float = 0.2, *, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Averages each example with another one of the batch, in proportions drawn from Beta(alpha, alpha).

    From Zhang et al., "mixup: Beyond Empirical Risk Minimization", 2018; the proportion is drawn for each example.

    Args:
      images: [N, H, W, C] floats, as a net takes them.
      labels: [N, classes] floats: one-hot, or other distributions.
      alpha: above 0; small values leave most examples nearly as they are.
      rng: draws the partners and proportions.

    Returns:
      Images and labels of the same shapes and dtypes.

    Raises:
      ValueError: the shapes do not fit, or `alpha` is not above 0.
      TypeError: images or labels are no floats.
    """
    images, labels = _batch("mixup", images, labels, alpha, rng)
    partners, parts = _drawn(len(images), alpha, rng)
    kept = parts.astype(images.dtype)[:, None, None, None]
    return images * kept + images[partners] * (1 - kept), _mixed(labels, partners, parts)


def cutmix(images: Any, labels: Any, alpha: float = 1.0, *, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Replaces a box of each image by that of another one of the batch; labels mix as the areas do.

    From Yun et al., "CutMix: Regularization Strategy to Train Strong Classifiers", 2019; box and partner are drawn for
    each example. The box has a part 1 - Beta(alpha, alpha) of the image, where it does not reach over the edge.

    Args, Returns, Raises: as `mixup`.
    """
    images, labels = _batch("cutmix", images, labels, alpha, rng)
    partners, parts = _drawn(len(images), alpha, rng)
    height, width = images.shape[1:3]
    mixed, kept = images.copy(), np.empty(len(images))
    for number, (partner, part) in enumerate(zip(partners, parts, strict=True)):
        side = np.sqrt(1 - part)
        centre = rng.random(2) * (height, width)
        reach = np.array([height, width]) * side / 2
        top, left = np.clip(np.rint(centre - reach), 0, (height, width)).astype(int)
        bottom, right = np.clip(np.rint(centre + reach), 0, (height, width)).astype(int)
        mixed[number, top:bottom, left:right] = images[partner, top:bottom, left:right]
        kept[number] = 1 - (bottom - top) * (right - left) / (height * width)
    return mixed, _mixed(labels, partners, kept)


def _batch(function: str, images: Any, labels: Any, alpha: float, rng: Any) -> tuple[np.ndarray, np.ndarray]:
    _arrays.generator(function, rng)
    images = _arrays.on_host(function, images, (4,), argument="images")
    labels = np.asarray(_arrays.concrete(function, labels, "labels"))
    if not _arrays.is_floating(images.dtype):
        raise TypeError(f"{function}: images must be floats, got {images.dtype}. Mix them after the preprocessing.")
    if not _arrays.is_floating(labels.dtype):
        raise TypeError(
            f"{function}: labels must be floats [N, classes], got {labels.dtype}. Make them one-hot: "
            "np.eye(num_classes, dtype=np.float32)[labels]."
        )
    if labels.ndim != 2 or len(labels) != len(images):
        raise ValueError(f"{function}: labels must be [{len(images)}, classes], got shape {labels.shape}.")
    if not alpha > 0:
        raise ValueError(f"{function}: alpha must be above 0, got {alpha!r}.")
    return images, labels


def _drawn(count: int, alpha: float, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A partner for each example, and the part of itself that each keeps."""
    return rng.permutation(count), rng.beta(alpha, alpha, count)


def _mixed(labels: np.ndarray, partners: np.ndarray, parts: np.ndarray) -> np.ndarray:
    kept = parts.astype(labels.dtype)[:, None]
    return labels * kept + labels[partners] * (1 - kept)
