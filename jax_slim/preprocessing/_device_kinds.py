"""The kinds of preprocessing in two parts: what is drawn and cut, on the host or by a key, and what a device computes.

Both parts are made of what the kinds compute with on NumPy arrays: draws, taps, colours, means.
"""

import dataclasses
from collections.abc import Sequence
from typing import Any, ClassVar, NamedTuple

import numpy as np

from jax_slim.preprocessing import (
    _colors,
    cifarnet_preprocessing,
    imagenet_preprocessing,
    inception_preprocessing,
    lenet_preprocessing,
    vgg_preprocessing,
)
from jax_slim.preprocessing._frames import Window, unchanged
from jax_slim.preprocessing._taps import Taps, taps
from jax_slim.preprocessing.boxes import NUMBERS_OF_A_BOX, below, box_of_numbers
from jax_slim.preprocessing.color import rgb_to_grayscale
from jax_slim.preprocessing.cropping import central_part, resize_image_with_crop_or_pad
from jax_slim.preprocessing.standardization import per_image_standardization


class Cut(NamedTuple):
    """What the host makes of a photograph.

    Attributes:
      image: uint8 [H, W, C], the photograph or a part of it.
      rows, columns: linear taps into it.
      changes: float32 numbers, which the kind knows.
    """

    image: np.ndarray
    rows: Taps
    columns: Taps
    changes: tuple[float, ...] = ()


@dataclasses.dataclass(frozen=True)
class Kind:
    """A preprocessing for one size; training and evaluation are two.

    Attributes:
      size: of the result.
      use_grayscale: whether it is of one channel of grey.
      channels: that images must have; None for any number.
      resizes: whether `cut` looks at an image's shape alone.
    """

    size: tuple[int, int]
    use_grayscale: bool

    channels: ClassVar[int | None] = None
    resizes: ClassVar[bool] = False

    @property
    def frame(self) -> tuple[int, int]:
        """The size that always holds what a result is made of."""
        return self.size

    @property
    def numbers(self) -> int:
        """How many evenly distributed numbers `draw` is given; 0 where nothing is random."""
        return 0

    def cut(self, image: np.ndarray, rng: np.random.Generator | None) -> Cut:
        """Draws, and says which part of a photograph is used."""
        raise NotImplementedError

    def bordered(self, frames: Any) -> Any:
        """Whole images [N, H, W, C] with the borders that `draw` counts with."""
        return frames

    def draw(self, shape: Sequence[int], numbers: Any) -> tuple[Window, Window, Any]:
        """The windows of rows and columns and the changes [changes], of one of the bordered images of that shape.

        `numbers` are drawn from 0 to below 1: everything random is made of them.
        """
        raise NotImplementedError

    def finish(self, images: Any, changes: Any) -> Any:
        """float32 [N, height, width, C] levels from 0 to 255 and changes [N, changes] -> what a net takes."""
        raise NotImplementedError


@dataclasses.dataclass(frozen=True)
class _Resized(Kind):
    """What resizes photographs, in training or for evaluation."""

    is_training: bool

    channels = 3
    resizes = True

    @property
    def frame(self) -> tuple[int, int]:
        return 2 * self.size[0], 2 * self.size[1]


@dataclasses.dataclass(frozen=True)
class Inception(_Resized):
    """`inception_preprocessing`, in its fast mode."""

    crop_image: bool = True

    @property
    def numbers(self) -> int:
        return 3 + NUMBERS_OF_A_BOX if self.is_training else 0

    def cut(self, image: np.ndarray, rng: np.random.Generator | None) -> Cut:
        changes = ()
        if self.is_training:
            assert rng is not None
            drawn = inception_preprocessing.drawn_for_train(image.shape, None, True, self.crop_image, rng)
            mirrored, box = drawn.mirrored, ((drawn.top, drawn.height), (drawn.left, drawn.width))
            changes = tuple(drawn.changes[name] for name in _FAST_CHANGES)
        else:
            mirrored, box = False, self._middle(image.shape)
        rows, columns = (
            taps("bilinear", length, outputs).moved(start)
            for (start, length), outputs in zip(box, self.size, strict=True)
        )
        return Cut(image, rows, columns.reversed() if mirrored else columns, changes)

    def draw(self, shape: Sequence[int], numbers: Any) -> tuple[Window, Window, Any]:
        import jax.numpy as jnp

        if not self.is_training:
            return *_windows(self._middle(shape), self.size, False), jnp.zeros(0)
        mirrored, numbers = numbers[0] < 0.5, numbers[1:]
        changes = _between(numbers[:2], [inception_preprocessing.RANGES[name] for name in _FAST_CHANGES])
        box = box_of_numbers(shape, numbers[2:]) if self.crop_image else ((0, shape[0]), (0, shape[1]))
        return *_windows(box, self.size, mirrored), changes

    def finish(self, images: Any, changes: Any) -> Any:
        import jax.numpy as jnp

        images = images * np.float32(1 / 255)
        if self.is_training:
            brightness, saturation = (changes[:, number, None, None] for number in range(2))
            images = images + brightness[..., None]
            planes = _colors.saturated(jnp, [images[..., channel] for channel in range(3)], saturation)
            images = jnp.stack(planes, -1).clip(0, 1)
        if self.use_grayscale:
            images = rgb_to_grayscale(images)
        return inception_preprocessing.centred(images)

    def _middle(self, shape: Sequence[int]) -> tuple[tuple[int, int], tuple[int, int]]:
        if not self.crop_image:
            return (0, shape[0]), (0, shape[1])
        fraction = inception_preprocessing.CENTRAL_FRACTION
        return central_part(shape[0], fraction), central_part(shape[1], fraction)


_FAST_CHANGES = ("brightness", "saturation")


@dataclasses.dataclass(frozen=True)
class VGG(_Resized):
    """`vgg_preprocessing`, or with `normalized` `imagenet_preprocessing`."""

    normalized: bool
    sides: tuple[int, int]

    @property
    def numbers(self) -> int:
        return 4 if self.is_training else 0

    def cut(self, image: np.ndarray, rng: np.random.Generator | None) -> Cut:
        if self.is_training:
            assert rng is not None
            rows, columns = vgg_preprocessing.drawn_for_train("cut", image.shape, *self.size, *self.sides, rng)
        else:
            rows, columns = vgg_preprocessing.middle("cut", image.shape, *self.size, self.sides[0])
        return Cut(image, rows, columns)

    def draw(self, shape: Sequence[int], numbers: Any) -> tuple[Window, Window, Any]:
        import jax.numpy as jnp

        resized: Sequence[Any] = vgg_preprocessing.resized_size(shape, self.sides[0])
        vgg_preprocessing.check_crop("on_device", resized, *self.size)
        mirrored = False
        if self.is_training:
            scale = below(numbers[0], self.sides[1] + 1 - self.sides[0]) + self.sides[0]
            scale = scale.astype(np.float32) / np.float32(min(shape[:2]))
            resized = [jnp.rint(np.float32(now) * scale).astype(np.int32) for now in shape[:2]]
            first = [below(numbers[1 + axis], resized[axis] - self.size[axis] + 1) for axis in range(2)]
            mirrored = numbers[3] < 0.5
        else:
            first = [(total - kept) // 2 for total, kept in zip(resized, self.size, strict=True)]
        rows, columns = (
            Window(0, now, total, start, flag)
            for now, total, start, flag in zip(shape[:2], resized, first, (False, mirrored), strict=True)
        )
        return rows, columns, jnp.zeros(0)

    def finish(self, images: Any, changes: Any) -> Any:
        del changes
        images = vgg_preprocessing.less_means(rgb_to_grayscale(images) if self.use_grayscale else images)
        return imagenet_preprocessing.normalized(images) if self.normalized else images


@dataclasses.dataclass(frozen=True)
class CifarNet(Kind):
    """`cifarnet_preprocessing` in training."""

    @property
    def numbers(self) -> int:
        return 5

    def cut(self, image: np.ndarray, rng: np.random.Generator | None) -> Cut:
        assert rng is not None
        padding = cifarnet_preprocessing.PADDING
        drawn = cifarnet_preprocessing.drawn_for_train("cut", image.shape, *self.size, padding, rng)
        crop = cifarnet_preprocessing.padded_crop(image, drawn, *self.size, padding)
        rows, columns = unchanged(*self.size)
        return Cut(crop, rows, columns.reversed() if drawn.mirrored else columns, (drawn.brightness, drawn.contrast))

    def bordered(self, frames: Any) -> Any:
        import jax.numpy as jnp

        border = (cifarnet_preprocessing.PADDING,) * 2
        return jnp.pad(frames, ((0, 0), border, border, (0, 0)))

    def draw(self, shape: Sequence[int], numbers: Any) -> tuple[Window, Window, Any]:
        cifarnet_preprocessing.padded_size("on_device", shape, *self.size, 0)  # it has its borders already
        first = [below(numbers[axis], shape[axis] - self.size[axis] + 1) for axis in range(2)]
        mirrored = numbers[2] < 0.5
        changes = _between(numbers[3:], (cifarnet_preprocessing.BRIGHTNESS, cifarnet_preprocessing.CONTRAST))
        rows, columns = (
            Window(0, now, now, start, flag)
            for now, start, flag in zip(shape[:2], first, (False, mirrored), strict=True)
        )
        return rows, columns, changes

    def finish(self, images: Any, changes: Any) -> Any:
        brightness, contrast = (changes[:, number, None, None, None] for number in range(2))
        images = rgb_to_grayscale(images) if self.use_grayscale else images
        return cifarnet_preprocessing.finished(images, brightness, contrast)


@dataclasses.dataclass(frozen=True)
class Small(Kind):
    """`lenet_preprocessing`; with `standardized` CifarNet's for evaluation. Nothing is random.

    `size` is already that of the result, whose sides research/slim exchanges.
    """

    standardized: bool

    def cut(self, image: np.ndarray, rng: np.random.Generator | None) -> Cut:
        del rng
        return Cut(resize_image_with_crop_or_pad(image, *self.size), *unchanged(*self.size))

    def bordered(self, frames: Any) -> Any:
        return resize_image_with_crop_or_pad(frames, *self.size)

    def draw(self, shape: Sequence[int], numbers: Any) -> tuple[Window, Window, Any]:
        import jax.numpy as jnp

        del numbers
        return *_windows(((0, shape[0]), (0, shape[1])), self.size, False), jnp.zeros(0)

    def finish(self, images: Any, changes: Any) -> Any:
        del changes
        images = rgb_to_grayscale(images) if self.use_grayscale else images
        if self.standardized:
            return per_image_standardization(images)
        return lenet_preprocessing.scaled(images)


def _windows(box: Any, size: tuple[int, int], mirrored: Any) -> tuple[Window, Window]:
    """A box ((top, height), (left, width)) resized to a size."""
    (top, height), (left, width) = box
    return Window(top, height, size[0], 0, False), Window(left, width, size[1], 0, mirrored)


def _between(numbers: Any, ranges: Sequence[tuple[float, float]]) -> Any:
    """Numbers from 0 to 1 as ones in these ranges."""
    low, high = np.array(ranges, np.float32).T
    return low + numbers * (high - low)
