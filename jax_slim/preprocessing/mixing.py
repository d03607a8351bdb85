"""Examples made of two: mixup and CutMix, on batches of prepared images and one-hot labels.

    def mixed(batch, rng):
        images, labels = slim.preprocessing.mixup(batch["image"], batch["label"], 0.2, rng=rng)
        return {"image": images, "label": labels}

    batches = slim.data.pipeline(source, one_hot, transform_batch=mixed, batch_size=32)

On the device the same functions mix within a step, by a JAX key; there whole batches need not be made in every process:

    def mixed(batch, key):
        images, labels = slim.preprocessing.mixup(batch["image"], batch["label"], 0.2, rng=key)
        return {"image": images, "label": labels}

    train_op = slim.learning.create_train_op(loss_fn, optimizer, transform_batch=mixed)

Each example is mixed with another one of its batch, and its label in the same proportion: `softmax_cross_entropy` takes
such labels. For training alone; what is measured on mixed images means little.
"""

from typing import Any

import numpy as np

from jax_slim.preprocessing import _arrays


def mixup(images: Any, labels: Any, alpha: float = 0.2, *, rng: Any) -> tuple[Any, Any]:
    """Averages each example with another one of the batch, in proportions drawn from Beta(alpha, alpha).

    From Zhang et al., "mixup: Beyond Empirical Risk Minimization", 2018; the proportion is drawn for each example.

    Args:
      images: [N, H, W, C] floats, as a net takes them.
      labels: [N, classes] floats: one-hot, or other distributions.
      alpha: above 0; small values leave most examples nearly as they are.
      rng: draws the partners and proportions: a `numpy.random.Generator` for NumPy arrays; a JAX random key for JAX's,
        which may be traced.

    Returns:
      Images and labels of the same shapes and dtypes, of NumPy or of JAX as `rng` is.

    Raises:
      ValueError: the shapes do not fit, or `alpha` is not above 0.
      TypeError: images or labels are no floats; or are traced, and `rng` is no key.
    """
    images, labels = _batch("mixup", images, labels, alpha, rng)
    return averaged(images, labels, *_drawn(len(images), alpha, rng))


def cutmix(images: Any, labels: Any, alpha: float = 1.0, *, rng: Any) -> tuple[Any, Any]:
    """Replaces a box of each image by that of another one of the batch; labels mix as the areas do.

    From Yun et al., "CutMix: Regularization Strategy to Train Strong Classifiers", 2019; box and partner are drawn for
    each example. The box has a part 1 - Beta(alpha, alpha) of the image, where it does not reach over the edge.

    Args, Returns, Raises: as `mixup`.
    """
    images, labels = _batch("cutmix", images, labels, alpha, rng)
    partners, parts = _drawn(len(images), alpha, rng)
    low, high = _boxes(parts, _centres(len(images), rng), images.shape[1:3])
    return pasted(images, labels, partners, low, high)


def averaged(images: Any, labels: Any, partners: Any, parts: Any) -> tuple[Any, Any]:
    """Each example times its part, and its partner times the rest."""
    kept = parts.astype(images.dtype)[:, None, None, None]
    return images * kept + images[partners] * (1 - kept), _mixed(labels, partners, parts)


def pasted(images: Any, labels: Any, partners: Any, low: Any, high: Any) -> tuple[Any, Any]:
    """Each example with the box from `low` to `high`, ints [N, 2] (row, column), of its partner."""
    height, width = images.shape[1:3]
    kept = 1 - (high - low).prod(1).astype(float) / (height * width)
    if not _arrays.is_jax(images):
        mixed = images.copy()
        for number, (partner, (top, left), (bottom, right)) in enumerate(zip(partners, low, high, strict=True)):
            mixed[number, top:bottom, left:right] = images[partner, top:bottom, left:right]
        return mixed, _mixed(labels, partners, kept)
    import jax.numpy as jnp

    inside = [
        (low[:, axis, None] <= np.arange(side)) & (np.arange(side) < high[:, axis, None])
        for axis, side in enumerate((height, width))
    ]
    box = (inside[0][:, :, None] & inside[1][:, None, :])[..., None]
    return jnp.where(box, images[partners], images), _mixed(labels, partners, kept)


def _batch(function: str, images: Any, labels: Any, alpha: float, rng: Any) -> tuple[Any, Any]:
    if _arrays.is_jax(rng):
        import jax.numpy as jnp

        images = jnp.asarray(_arrays.image(function, images, (4,), argument="images"))
        labels = jnp.asarray(labels)
    else:
        _arrays.generator(function, rng)
        images = _arrays.on_host(function, images, (4,), argument="images", instead=", or pass a JAX random key as rng")
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


def _drawn(count: int, alpha: float, rng: Any) -> tuple[Any, Any]:
    """A partner for each example, and the part of itself that each keeps."""
    if not _arrays.is_jax(rng):
        return rng.permutation(count), rng.beta(alpha, alpha, count)
    import jax

    for_partners, for_parts, _ = jax.random.split(rng, 3)
    # As `jax.random.permutation`, which sorts several times.
    partners = jax.numpy.argsort(jax.random.bits(for_partners, (count,)))
    return partners, jax.random.beta(for_parts, alpha, alpha, (count,))


def _centres(count: int, rng: Any) -> Any:
    """The middle of a box for each example, as parts of the sides: [count, 2]."""
    if not _arrays.is_jax(rng):
        return rng.random((count, 2))
    import jax

    return jax.random.uniform(jax.random.split(rng, 3)[2], (count, 2))


def _boxes(parts: Any, centres: Any, size: tuple[int, int]) -> tuple[Any, Any]:
    """The first (row, column) of each box and the first after it; they have a part 1 - `parts` of an image's area."""
    xp, sides = _arrays.namespace(parts), np.array(size, np.float32)
    reach = sides * xp.sqrt(1 - parts)[:, None] / 2
    low, high = (xp.rint(centres * sides + sign * reach).clip(0, sides).astype(np.int32) for sign in (-1, 1))
    return low, high


def _mixed(labels: Any, partners: Any, parts: Any) -> Any:
    kept = parts.astype(labels.dtype)[:, None]
    return labels * kept + labels[partners] * (1 - kept)
