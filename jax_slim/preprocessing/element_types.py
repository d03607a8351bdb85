"""Images in other dtypes: floats count from 0 to 1, integers from 0 to their dtype's largest value."""

from typing import Any

import numpy as np

from jax_slim.preprocessing import _arrays


def convert_image_dtype(image: Any, dtype: Any, saturate: bool = False) -> Any:
    """Converts an image to another dtype and scales its values: floats mean [0, 1], integers [0, largest].

        convert_image_dtype(photo, np.float32)                     # uint8 200 -> 0.784
        convert_image_dtype(floats, np.uint8, saturate=True)       # 0.5 -> 127, 1.2 -> 255

    Floats are multiplied by the largest value plus a half and cut off, integers multiplied or divided by powers of two:
    TensorFlow's rules, by which going to a wider dtype and back changes nothing.

    Args:
      image: integers or floats of any shape; a NumPy or JAX array.
      dtype: of the result; integers or floats.
      saturate: values beyond the range of `dtype` become its ends. False lets them wrap around (uint8 256 is 0). Floats
        from 1 on become the smallest int32 or int64 all the same, as in TensorFlow: the largest one is no float.

    Returns:
      The image in `dtype`; itself when it has that dtype already.

    Raises:
      TypeError: `image` or `dtype` is neither of integers nor of floats.
    """
    xp = _arrays.namespace(image)
    image = image if xp is not np else np.asarray(image)
    source = np.dtype(image.dtype)
    try:
        target = np.dtype(dtype)
    except TypeError:
        raise TypeError(f"convert_image_dtype: dtype must name a dtype, got {dtype!r}.") from None
    for argument, given in (("image", source), ("dtype", target)):
        if not (np.issubdtype(given, np.integer) or _arrays.is_floating(given)):
            raise TypeError(f"convert_image_dtype: {argument} must be of integers or floats, got {given}.")
    if source == target:
        return image
    if _arrays.is_floating(source):
        if _arrays.is_floating(target):
            return image.astype(target)
        if source.itemsize < 4 and target.itemsize > 1:
            image = image.astype(np.float32)  # the scale is beyond the range of float16
        scaled = image * np.asarray(float(np.iinfo(target).max) + 0.5, image.dtype)
        return _to_integers(xp, scaled, target, saturate)
    largest = int(np.iinfo(source).max)
    if _arrays.is_floating(target):
        return image.astype(target) * np.asarray(1.0 / largest, target)
    largest_target = int(np.iinfo(target).max)
    if largest > largest_target:
        divisor = np.asarray((largest + 1) // (largest_target + 1), source)
        return _between_integers(xp, image // divisor, target, saturate)
    wider = _between_integers(xp, image, target, saturate)
    return wider * np.asarray((largest_target + 1) // (largest + 1), target)


def _between_integers(xp: Any, image: Any, target: np.dtype, saturate: bool) -> Any:
    if saturate:
        source, ends = np.iinfo(image.dtype), np.iinfo(target)
        image = xp.clip(
            image,
            np.asarray(max(source.min, ends.min), image.dtype),
            np.asarray(min(source.max, ends.max), image.dtype),
        )
    return image.astype(target)


def _to_integers(xp: Any, image: Any, target: np.dtype, saturate: bool) -> Any:
    ends = np.iinfo(target)
    if image.dtype.itemsize < 4:
        image = image.astype(np.float32)
    if saturate:
        image = xp.clip(image, float(ends.min), float(ends.max))
    with np.errstate(invalid="ignore"):
        if ends.bits < 32:
            # As compiled casts do: by way of int32, of which the low bits stay. XLA's own cast would saturate.
            return image.astype(np.int32).astype(target)
        cast = image.astype(target)
    # The largest value is no float: what is rounded up to the one after it overflows. Processors differ in what they
    # make of that; this is what TensorFlow's references hold.
    beyond = ends.min if ends.min < 0 else ends.max
    return xp.where(image >= float(ends.max), np.asarray(beyond, target), cast)


def through_floats(image: Any, adjust: Any, saturate: bool, keep: tuple[Any, ...] = (np.float32,)) -> Any:
    """`adjust` applied to the image as float32, or as it is if its dtype is in `keep`; the result in its own dtype."""
    source = np.dtype(image.dtype)
    floats = image if source in keep else convert_image_dtype(image, np.float32)
    return convert_image_dtype(adjust(floats), source, saturate)
