"""Preprocessing within the training step: the host decodes and cuts, bytes travel, and the device does the rest.

prepare = slim.preprocessing.on_device("inception_v3", 299, 299, is_training=True)
batches = slim.data.pipeline(slim.data.ImageFolder("/data/flowers"), prepare.cut, batch_size=256)
train_op = slim.learning.create_train_op(loss_fn, optimizer, transform_batch=prepare)
"""

from collections.abc import Mapping
from typing import Any, cast

import numpy as np

from jax_slim.preprocessing import (
    _arrays,
    _frames,
    cifarnet_preprocessing,
    imagenet_preprocessing,
    inception_preprocessing,
    lenet_preprocessing,
    vgg_preprocessing,
)
from jax_slim.preprocessing._device_kinds import VGG, CifarNet, Inception, Kind, Small
from jax_slim.preprocessing.preprocessing_factory import module_of
from jax_slim.preprocessing.vgg_preprocessing import RESIZE_SIDE_MAX, RESIZE_SIDE_MIN, checked_sides

_IMAGE = "image"
_ROWS, _COLUMNS, _CHANGES = "image/rows", "image/columns", "image/changes"


def on_device(
    name: str,
    output_height: int,
    output_width: int,
    is_training: bool = False,
    use_grayscale: bool = False,
    *,
    frame: tuple[int, int] | None = None,
    **options: Any,
) -> "DevicePreprocessing":
    """`get_preprocessing` in two parts, of which a device computes the larger one for whole batches.

        prepare = slim.preprocessing.on_device("vgg_16", 224, 224, is_training=True)
        example = prepare.cut({"image": photo, "label": 3}, rng)        # on the host: bytes, and what was drawn
        batch = prepare(batch)                                          # on the device: float32 [N, 224, 224, 3]

    With the same `rng` the results are those of `get_preprocessing` up to rounding. Whole images of one size need no
    `cut`: `prepare(batch, key)` then draws by a JAX key.

    Args:
      name: of a net that classifies, such as "resnet_v1_50", or "cifarnet", "imagenet", "inception", "lenet" or "vgg".
      output_height, output_width: of the result, in pixels.
      is_training: whether to distort at random.
      use_grayscale: whether to make one channel of grey.
      frame: (height, width) in which pixels travel. By default twice the result's, which holds what any crop of any
        photograph is made of, or the result's where nothing is resized; less will do where photographs are small.
      **options: further arguments of the `preprocess_image` of that kind: `resize_side_min` and `resize_side_max`,
        `crop_image`. Of Inception's there is the fast mode alone, as it is the default.

    Raises:
      ValueError: there is no such preprocessing, or none in two parts; a size is out of range.
      TypeError: the kind has no such option, or a size is no integer.
    """
    function = "on_device"
    module = module_of(function, name)
    size = _arrays.size(function, (output_height, output_width), "output size")
    kind = _kind(function, name, module, size, is_training, use_grayscale, options)
    return DevicePreprocessing(kind, kind.frame if frame is None else _arrays.size(function, frame, "frame"))


class DevicePreprocessing:
    """What `on_device` makes: `cut` for the host, and to be called with batches on the device.

    Attributes:
      frame: (height, width) in which `cut` puts pixels.
      output_size: (height, width) of the results.
    """

    def __init__(self, kind: Kind, frame: tuple[int, int]):
        self._kind = kind
        self.frame = frame
        self.output_size = kind.size

    def __repr__(self) -> str:
        return f"DevicePreprocessing({self._kind}, frame={self.frame})"

    def cut(self, example: Mapping[str, Any], rng: np.random.Generator | None = None) -> dict[str, Any]:
        """The host's part, for one example: a `transform` of `slim.data.pipeline`.

        Args:
          example: has "image", uint8 [H, W, C], a NumPy array; or a `slim.data.EncodedImage`, of which only the rows
            down to the end of the crop are decoded.
          rng: what to draw from, in training: what `get_preprocessing` would draw, in its order.

        Returns:
          The example with its image in a frame, uint8 [*frame, C], of the pixels that are needed: an array once it is
          in a batch, or by `numpy.asarray`; "image/rows" and "image/columns", float32 [pixels of the result, 3]: which
          two pixels each is made of, and the part of the second; and "image/changes", what was drawn for colours.

        Raises:
          ValueError: another shape, a crop larger than the image or the frame, or no `rng` in training.
          TypeError: the image is no array of uint8, or `rng` is no `numpy.random.Generator`.
        """
        image = example.get(_IMAGE)
        in_part = self._kind.resizes and hasattr(image, "crop") and hasattr(image, "shape")
        if not in_part:
            image = _arrays.on_host("cut", image, (3,), self._kind.channels)
            if image.dtype != np.uint8:
                raise TypeError(
                    f"cut: image must be of uint8, got {image.dtype}. Levels from 0 to 255 travel as bytes."
                )
        if self._kind.numbers:
            _arrays.generator("cut", rng, " in training")
        cut = self._kind.cut(cast(np.ndarray, image), rng)
        read = _frames.read(image, cut.rows, cut.columns) if in_part else cut[:3]
        pixels, rows, columns = _frames.framed("cut", *read, self.frame)
        changes = np.array(cut.changes, np.float32)
        return {**example, _IMAGE: pixels, _ROWS: rows, _COLUMNS: columns, _CHANGES: changes}

    def __call__(self, batch: Mapping[str, Any], key: Any = None) -> dict[str, Any]:
        """The device's part, for a batch: a `transform_batch` of `create_train_op`. JAX may trace it.

        Args:
          batch: the results of `cut`, put together; or "image" alone, uint8 [N, H, W, C]: whole images of one size.
          key: a JAX random key, from which whole images draw in training.

        Returns:
          The batch with "image" as a net takes it, float32 [N, output height, output width, C]. (For LeNet, and for
          CifarNet in evaluation, the sides are exchanged, as research/slim does.)

        Raises:
          ValueError: another shape, a crop larger than the images, or no `key` where it is needed.
          TypeError: the images are not of uint8.
        """
        import jax
        import jax.numpy as jnp

        function, kind = "on_device", self._kind
        frames = _arrays.image(function, batch.get(_IMAGE), (4,), kind.channels)
        if frames.dtype != np.uint8:
            raise TypeError(f"{function}: image must be of uint8, got {frames.dtype}. Is it prepared already?")
        rest = {name: value for name, value in batch.items() if name not in (_IMAGE, _ROWS, _COLUMNS, _CHANGES)}
        if _ROWS in batch:
            rows, columns, changes = (jnp.asarray(batch[name]) for name in (_ROWS, _COLUMNS, _CHANGES))
        else:
            if kind.numbers and key is None:
                raise ValueError(
                    f"{function}: key must be a JAX random key for whole images in training, got None. Pass one, or "
                    "images that `cut` made, which bring what was drawn."
                )
            count = len(frames)
            frames = kind.bordered(jnp.asarray(frames))
            numbers = jnp.zeros((count, 0))
            if kind.numbers:
                numbers = jax.random.uniform(key, (count, kind.numbers), np.float32)
            rows, columns, changes = jax.vmap(lambda one: self._drawn(frames.shape[1:], one))(numbers)
        images = _frames.resample(jnp.asarray(frames), rows, columns)
        return {_IMAGE: kind.finish(images, changes), **rest}

    def _drawn(self, shape: tuple[int, ...], numbers: Any) -> tuple[Any, Any, Any]:
        rows, columns, changes = self._kind.draw(shape, numbers)
        height, width = self.output_size
        return _frames.axis(rows, height), _frames.axis(columns, width), changes


def _kind(
    function: str,
    name: str,
    module: Any,
    size: tuple[int, int],
    is_training: bool,
    use_grayscale: bool,
    options: dict[str, Any],
) -> Kind:
    if module is inception_preprocessing:
        _refuse(function, name, options, ("crop_image",))
        return Inception(size, use_grayscale, is_training, bool(options.get("crop_image", True)))
    if module in (vgg_preprocessing, imagenet_preprocessing):
        _refuse(function, name, options, ("resize_side_min", "resize_side_max"))
        low = options.get("resize_side_min", RESIZE_SIDE_MIN)
        sides = checked_sides(function, low, options.get("resize_side_max", max(low, RESIZE_SIDE_MAX)))
        return VGG(size, use_grayscale, is_training, module is imagenet_preprocessing, sides)
    if module not in (cifarnet_preprocessing, lenet_preprocessing):
        raise ValueError(
            f"{function}: name must be of a net that classifies, got {name!r}, whose preprocessing changes boxes "
            "or masks as well. Use get_preprocessing."
        )
    _refuse(function, name, options, ())
    if module is cifarnet_preprocessing and is_training:
        return CifarNet(size, use_grayscale)
    return Small((size[1], size[0]), use_grayscale, module is cifarnet_preprocessing)


def _refuse(function: str, name: str, options: dict[str, Any], known: tuple[str, ...]) -> None:
    for option in options:
        if option not in known:
            raise TypeError(
                f"{function}: options for {name!r} must be among {', '.join(known) or 'none'}, got {option!r}. Others "
                "are of get_preprocessing, on the host."
            )
