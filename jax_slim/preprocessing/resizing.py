"""Resizing, as TensorFlow 1.15 does: its sampling positions, its order of operations, its dtypes."""

from typing import Any

import numpy as np

from jax_slim.preprocessing import _arrays, _resampling
from jax_slim.preprocessing._taps import taps
from jax_slim.preprocessing.cropping import pad_to_bounding_box


class ResizeMethod:
    """The numbers of `resize_images`'s methods."""

    BILINEAR = 0
    NEAREST_NEIGHBOR = 1
    BICUBIC = 2
    AREA = 3


_METHODS = ("bilinear", "nearest", "bicubic", "area")  # by number


def method_name(function: str, method: Any) -> str:
    """A method given as a number or as a name, as its name."""
    if isinstance(method, str) and method in _METHODS:
        return method
    if not isinstance(method, str | bool) and method in range(len(_METHODS)):
        return _METHODS[int(method)]
    choices = ", ".join(f"{number} or {name!r}" for number, name in enumerate(_METHODS))
    raise ValueError(f"{function}: method must be one of {choices}, got {method!r}.")


def resize_images(
    images: Any,
    size: Any,
    method: int | str = ResizeMethod.BILINEAR,
    align_corners: bool = False,
    preserve_aspect_ratio: bool = False,
) -> Any:
    """Resizes images by the chosen method; images that have the size already come back as they are.

        resize_images(image, (224, 224))                        # float32 [224, 224, 3]
        resize_images(image, (224, 224), ResizeMethod.AREA)     # smooth when made much smaller
        resize_images(image, (300, 300), preserve_aspect_ratio=True)    # fits into 300 x 300

    Output pixel i is sampled at i * H / height of the input (not at the pixels' centres: TensorFlow 1's rule), or with
    `align_corners` at i * (H - 1) / (height - 1).

    Args:
      images: [H, W, C] or [N, H, W, C], integers or floats; a NumPy or JAX array.
      size: (height, width) in pixels.
      method: 0 or "bilinear", 1 or "nearest", 2 or "bicubic", 3 or "area".
      align_corners: the corner pixels of input and output lie upon each other.
      preserve_aspect_ratio: the result is the largest that fits into `size` and keeps the proportions.

    Returns:
      [height, width, C] or [N, height, width, C]: float32, the values' range kept (a uint8 image gives 0 to 255). By
      "nearest", or when nothing is resized, the dtype of `images`.

    Raises:
      ValueError: another rank, an empty image, a size that is not positive, or an unknown method.
      TypeError: `images` is no array of integers or floats.
    """
    images = _arrays.image("resize_images", images, argument="images")
    name = method_name("resize_images", method)
    height, width = _arrays.size("resize_images", size)
    now = images.shape[-3:-1]
    if preserve_aspect_ratio:
        ratios = [np.float32(wanted) / np.float32(is_) for wanted, is_ in zip((height, width), now, strict=True)]
        height, width = (int(np.rint(min(ratios) * np.float32(is_))) for is_ in now)
        if min(height, width) < 1:
            raise ValueError(
                f"resize_images: size must leave both sides at least 1 pixel, got {tuple(size)!r} for an image of "
                f"{now[0]} x {now[1]}, which makes {height} x {width} with preserve_aspect_ratio."
            )
    if now == (height, width):
        return images
    return _resized("resize_images", images, (height, width), name, align_corners)


def resize_bilinear(images: Any, size: Any, align_corners: bool = False, half_pixel_centers: bool = False) -> Any:
    """Resizes images by linear interpolation between the four nearest pixels; as `resize_images`, always to float32.

    Args:
      images: [H, W, C] or [N, H, W, C], integers or floats; a NumPy or JAX array.
      size: (height, width) in pixels.
      align_corners: the corner pixels of input and output lie upon each other.
      half_pixel_centers: positions count from pixels' centres, as in TensorFlow 2; not with `align_corners`.

    Returns:
      float32 [height, width, C] or [N, height, width, C].

    Raises:
      ValueError, TypeError: as `resize_images`.
    """
    return _op("resize_bilinear", images, size, "bilinear", align_corners, half_pixel_centers)


def resize_nearest_neighbor(
    images: Any, size: Any, align_corners: bool = False, half_pixel_centers: bool = False
) -> Any:
    """Resizes images by repeating or leaving out pixels; as `resize_bilinear`, in the dtype of `images`."""
    return _op("resize_nearest_neighbor", images, size, "nearest", align_corners, half_pixel_centers)


def resize_bicubic(images: Any, size: Any, align_corners: bool = False, half_pixel_centers: bool = False) -> Any:
    """Resizes images by a cubic kernel over 4 x 4 pixels; as `resize_bilinear`, to float32 that may overshoot.

    The kernel is Keys' with a = -0.75, or -0.5 with `half_pixel_centers`, in steps of 1/1024 pixel.
    """
    return _op("resize_bicubic", images, size, "bicubic", align_corners, half_pixel_centers)


def resize_area(images: Any, size: Any, align_corners: bool = False) -> Any:
    """Resizes images to the mean of the area that each output pixel covers; as `resize_bilinear`, to float32."""
    return _op("resize_area", images, size, "area", align_corners, False)


def resize_image_with_pad(
    image: Any,
    target_height: int,
    target_width: int,
    method: int | str = ResizeMethod.BILINEAR,
    align_corners: bool = False,
) -> Any:
    """Resizes an image to fit into the target with its proportions kept, and fills up with zeros on both sides.

    Args:
      image: [H, W, C] or [N, H, W, C], integers or floats; a NumPy or JAX array.
      target_height, target_width: of the result, in pixels.
      method, align_corners: as for `resize_images`.

    Returns:
      [target_height, target_width, C] or [N, target_height, target_width, C], float32 in every case, as TF 1.15 has it.

    Raises:
      ValueError, TypeError: as `resize_images`.
    """
    image = _arrays.image("resize_image_with_pad", image)
    target = _arrays.size("resize_image_with_pad", (target_height, target_width), "target_height, target_width")
    now = image.shape[-3:-1]
    ratio = max(now[1] / target[1], now[0] / target[0])
    exactly = [is_ / ratio for is_ in now]
    resized = [int(side) for side in exactly]
    if min(resized) < 1:
        raise ValueError(
            f"resize_image_with_pad: the target must leave both sides at least 1 pixel, got {target[0]} x {target[1]} "
            f"for an image of {now[0]} x {now[1]}, which makes {resized[0]} x {resized[1]}."
        )
    top, left = (max(0, int((whole - side) / 2)) for whole, side in zip(target, exactly, strict=True))
    resized_image = resize_images(image, resized, method, align_corners)
    return pad_to_bounding_box(resized_image.astype(np.float32), top, left, *target)


def _op(function, images, size, method, align_corners, half_pixel_centers):
    images = _arrays.image(function, images, argument="images")
    size = _arrays.size(function, size)
    if align_corners and half_pixel_centers:
        raise ValueError(
            f"{function}: align_corners and half_pixel_centers must not both be True: they are two rules for one thing."
        )
    return _resized(function, images, size, method, align_corners, half_pixel_centers)


def _resized(function, images, size, method, align_corners, half_pixel_centers=False):
    height, width = images.shape[-3:-1]
    rows = taps(method, height, size[0], bool(align_corners), bool(half_pixel_centers))
    columns = taps(method, width, size[1], bool(align_corners), bool(half_pixel_centers))
    return _resampling.exact(images, method, rows, columns)
