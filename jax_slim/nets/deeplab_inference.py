"""From the logits of a segmentation net to masks: at one scale, or averaged over several and over mirror images.

model = slim.nets.create_model("deeplab_xception_65", checkpoint="deeplabv3_pascal_train_aug/model.ckpt")
net = lambda images: model.apply(model.variables, images)[0]
masks, probabilities = deeplab_inference.predict_labels(images, net)      # [N, 513, 513], [N, 513, 513, 21]
masks, _ = deeplab_inference.predict_labels_multi_scale(images, net, (0.5, 1.0, 1.5), add_flipped_images=True)
"""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp

from jax_slim.kernels.resizing import resize_bilinear, resize_nearest_neighbor
from jax_slim.nets.deeplab import scale_dimension

LogitsFn = Callable[[jax.Array], jax.Array]


class Masks(NamedTuple):
    """What pixels show.

    Attributes:
      labels: int32 [N, H, W], the class of each pixel.
      probabilities: float32 [N, H, W, classes].
    """

    labels: jax.Array
    probabilities: jax.Array


def predict_labels(images: jax.Array, logits_fn: LogitsFn, prediction_with_upsampled_logits: bool = True) -> Masks:
    """The class of each pixel.

    Args:
      images: [N, H, W, 3], as the net takes them.
      logits_fn: the net: images -> logits [N, h, w, classes], smaller than the images as it likes.
      prediction_with_upsampled_logits: whether logits are enlarged to the images before the class is chosen; else the
        classes are, which is less work and leaves blocks.

    Returns:
      A `Masks`.
    """
    size = images.shape[1:3]
    logits = logits_fn(images)
    if prediction_with_upsampled_logits:
        logits = resize_bilinear(logits, size, align_corners=True)
        return Masks(_classes(logits), jax.nn.softmax(logits))
    labels = resize_nearest_neighbor(_classes(logits)[..., None], size, align_corners=True)[..., 0]
    return Masks(labels, resize_bilinear(jax.nn.softmax(logits), size, align_corners=True))


def predict_labels_multi_scale(
    images: jax.Array, logits_fn: LogitsFn, eval_scales: Sequence[float] = (1.0,), add_flipped_images: bool = False
) -> Masks:
    """The class of each pixel, by the mean of its probabilities over several scales of the images.

    Args:
      images: [N, H, W, 3], as the net takes them.
      logits_fn: as for `predict_labels`; it is called for each scale, with images of that size.
      eval_scales: the scales, as (0.5, 0.75, 1.0, 1.25, 1.5, 1.75).
      add_flipped_images: whether to take the mirror images in, too.

    Returns:
      A `Masks`; its probabilities are the means. (research/deeplab runs these through another softmax.)

    Raises:
      ValueError: there are no scales, or one is not above 0.
    """
    if not eval_scales or not all(scale > 0 for scale in eval_scales):
        raise ValueError(
            f"predict_labels_multi_scale: eval_scales must be one or more scales above 0, got {eval_scales!r}."
        )
    height, width = images.shape[1:3]
    found = []
    for scale in eval_scales:
        size = scale_dimension(height, scale), scale_dimension(width, scale)
        scaled = images if size == (height, width) else resize_bilinear(images, size, align_corners=True)
        for flipped in (False, True) if add_flipped_images else (False,):
            logits = logits_fn(scaled[:, :, ::-1] if flipped else scaled)
            if scale < 1:
                # As the original: first to what the net gives of the whole images.
                stride = 2 ** round(math.log2(size[0] / logits.shape[1]))
                whole = scale_dimension(height, 1 / stride), scale_dimension(width, 1 / stride)
                logits = resize_bilinear(logits, whole, align_corners=True)
            if flipped:
                logits = logits[:, :, ::-1]
            found.append(jax.nn.softmax(resize_bilinear(logits, (height, width), align_corners=True)))
    mean = sum(found[1:], start=found[0]) / len(found)
    return Masks(_classes(mean), mean)


def _classes(scores: jax.Array) -> jax.Array:
    return jnp.argmax(scores, -1).astype(jnp.int32)
