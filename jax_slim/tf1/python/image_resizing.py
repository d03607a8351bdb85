"""`tf.image`: images in other sizes."""

from collections.abc import Callable
from typing import Any

from jax_slim.tf1.graph import building, conversion, dtypes, graphs, known_values
from jax_slim.tf1.graph.tensors import Tensor
from jax_slim.tf1.python import arguments, array, constant_op, control_flow, image_geometry, math


class ResizeMethod:
    """How `resize_images` computes pixels."""

    BILINEAR = 0
    NEAREST_NEIGHBOR = 1
    BICUBIC = 2
    AREA = 3


def resize_bilinear(
    images: Any, size: Any, align_corners: bool = False, half_pixel_centers: bool = False, name: str | None = None
) -> Tensor:
    """Images [N, H, W, C] of `size` (height, width), float32: the four pixels around each place, mixed."""
    return building.make(
        "ResizeBilinear", images, size, align_corners=align_corners, half_pixel_centers=half_pixel_centers, name=name
    )


def resize_nearest_neighbor(
    images: Any, size: Any, align_corners: bool = False, half_pixel_centers: bool = False, name: str | None = None
) -> Tensor:
    """Images [N, H, W, C] of `size` (height, width), in their own type: the pixel at each place."""
    return building.make(
        "ResizeNearestNeighbor",
        images,
        size,
        align_corners=align_corners,
        half_pixel_centers=half_pixel_centers,
        name=name,
    )


def resize_bicubic(
    images: Any, size: Any, align_corners: bool = False, half_pixel_centers: bool = False, name: str | None = None
) -> Tensor:
    """Images [N, H, W, C] of `size` (height, width), float32: sixteen pixels around each place, by cubic curves."""
    return building.make(
        "ResizeBicubic", images, size, align_corners=align_corners, half_pixel_centers=half_pixel_centers, name=name
    )


def resize_area(images: Any, size: Any, align_corners: bool = False, name: str | None = None) -> Tensor:
    """Images [N, H, W, C] of `size` (height, width), float32: the mean of the area that each pixel covers."""
    return building.make("ResizeArea", images, size, align_corners=align_corners, name=name)


_METHODS: dict[Any, Callable[..., Tensor]] = {
    0: resize_bilinear, 1: resize_nearest_neighbor, 2: resize_bicubic, 3: resize_area,
    "bilinear": resize_bilinear, "nearest": resize_nearest_neighbor, "bicubic": resize_bicubic, "area": resize_area,
}  # fmt: skip


def resize_images(images: Any, size: Any, method: Any = ResizeMethod.BILINEAR, align_corners: bool = False, preserve_aspect_ratio: bool = False,
                  name: str | None = None) -> Tensor:  # fmt: skip
    """Images [H, W, C] or [N, H, W, C] of `size` (height, width); those known to have it already as they are.

    Args:
      size: two int32 values.
      method: a `ResizeMethod`. All but the nearest neighbor give float32.
      preserve_aspect_ratio: the largest that fits into `size` and keeps the proportions.
    """

    def resizer(images: Tensor, size: Tensor) -> Tensor:
        function = _METHODS.get(method) if isinstance(method, int | str) else None
        if function is None:
            raise ValueError("Resize method is not implemented.")
        return function(images, size, align_corners=align_corners)

    return _resized(images, resizer, size, preserve_aspect_ratio, name)


_KERNELS = {
    "bilinear": "triangle", "bicubic": "keyscubic", "lanczos3": "lanczos3", "lanczos5": "lanczos5", "gaussian": "gaussian",
    "mitchellcubic": "mitchellcubic",
}  # fmt: skip


def resize_images_v2(
    images: Any,
    size: Any,
    method: str = "bilinear",
    preserve_aspect_ratio: bool = False,
    antialias: bool = False,
    name: str | None = None,
) -> Tensor:
    """TF 2's resizing: pixels have their middles in common.

    Args:
      method: 'bilinear', 'nearest', 'bicubic', 'area', 'lanczos3', 'lanczos5', 'gaussian' or 'mitchellcubic'.
      antialias: pixels of a smaller image are of all those that it stands for; without effect on 'nearest' and 'area'.
    """
    kernel = _KERNELS.get(method)

    def resizer(images: Tensor, size: Tensor) -> Tensor:
        if kernel is not None and (antialias or method not in ("bilinear", "bicubic")):
            sides = array.shape(images)[1:3]
            scale = math.cast(size, dtypes.float32) / math.cast(sides, dtypes.float32)
            still = constant_op.zeros([2], dtypes.float32)
            return building.make(
                "ScaleAndTranslate", images, size, scale, still, kernel_type=kernel, antialias=antialias
            )
        if method == "bilinear":
            return resize_bilinear(images, size, half_pixel_centers=True)
        if method == "nearest":
            return resize_nearest_neighbor(images, size, half_pixel_centers=True)
        if method == "bicubic":
            return resize_bicubic(images, size, half_pixel_centers=True)
        if method == "area":
            return resize_area(images, size)
        raise ValueError("Resize method is not implemented.")

    return _resized(images, resizer, size, preserve_aspect_ratio, name, skip=False)


def _resized(
    images: Any, resizer: Callable[[Any, Any], Tensor], size: Any, keep_ratio: bool, name: str | None, skip: bool = True
) -> Tensor:
    with graphs.name_scope(name, "resize", [images, size]):
        images = conversion.convert_to_tensor(images, name="images")
        rank = images.get_shape().ndims
        if rank is None:
            raise ValueError("'images' contains no shape.")
        if rank not in (3, 4):
            raise ValueError("'images' must have either 3 or 4 dimensions.")
        if rank == 3:
            images = array.expand_dims(images, 0)
        _, height, width, _ = images.get_shape().as_list()
        try:
            size = conversion.convert_to_tensor(size, dtypes.int32, name="size")
        except (TypeError, ValueError):
            raise ValueError("'size' must be a 1-D int32 Tensor") from None
        if not size.get_shape().is_compatible_with([2]):
            raise ValueError("'size' must be a 1-D Tensor of 2 elements: new_height, new_width")
        new_height, new_width = known_values.constant_value_as_shape(size).as_list()
        if keep_ratio:
            sides = image_geometry.sizes_of(images, 4)[1:3]
            wanted = [size[i] if known is None else known for i, known in enumerate((new_height, new_width))]
            factors = [
                math.cast(w, dtypes.float32) / math.cast(s, dtypes.float32) for w, s in zip(wanted, sides, strict=True)
            ]
            factor = math.minimum(*factors)
            scaled = [math.cast(math.round(factor * math.cast(s, dtypes.float32)), dtypes.int32) for s in sides]
            size = conversion.convert_to_tensor(scaled, dtypes.int32, name="size")
            new_height, new_width = known_values.constant_value_as_shape(size).as_list()
        if skip and None not in (height, width) and (height, width) == (new_height, new_width):
            return array.squeeze(images, axis=[0]) if rank == 3 else images
        images = resizer(images, size)
        images.set_shape([None, new_height, new_width, None])
        return array.squeeze(images, axis=[0]) if rank == 3 else images


def resize_image_with_pad(
    image: Any, target_height: Any, target_width: Any, method: Any = ResizeMethod.BILINEAR, align_corners: bool = False
) -> Tensor:
    """Images scaled until they fit into the target, their proportions kept, with zeros around them."""
    with graphs.name_scope(None, "resize_image_with_pad", [image]):
        image, is_batch = image_geometry.as_batch(image)
        needed = image_geometry.checks_of_3d(image)
        needed += image_geometry.require(target_width > 0, "target_width must be > 0.")
        needed += image_geometry.require(target_height > 0, "target_height must be > 0.")
        image = control_flow.with_dependencies(needed, image)
        _, height, width, _ = image_geometry.sizes_of(image, 4)
        high, wide, target_high, target_wide = (
            math.cast(v, dtypes.float32) for v in (height, width, target_height, target_width)
        )
        ratio = math.maximum(wide / target_wide, high / target_high)
        exact = high / ratio, wide / ratio
        resized = [math.cast(math.floor(e), dtypes.int32) for e in exact]
        spare = (target_high - exact[0]) / 2, (target_wide - exact[1]) / 2
        offsets = [math.maximum(0, math.cast(math.floor(s), dtypes.int32)) for s in spare]
        made = resize_images(image, resized, method, align_corners=align_corners)
        padded = image_geometry.pad_to_bounding_box(made, offsets[0], offsets[1], target_height, target_width)
        if padded.get_shape().ndims is None:
            raise ValueError("padded contains no shape.")
        return padded if is_batch else array.squeeze(padded, axis=[0])


def crop_and_resize(image: Any, boxes: Any, box_ind: Any = None, crop_size: Any = None, method: str = "bilinear", extrapolation_value: float = 0,
                    name: str | None = None, box_indices: Any = None) -> Tensor:  # fmt: skip
    """Parts of images, all brought to one size.

    Args:
      image: [N, H, W, C].
      boxes: [boxes, 4], y1, x1, y2, x2, in parts of the sides; may leave the image.
      box_ind: of each box the number of its image.
      crop_size: (height, width).

    Returns:
      float32 [boxes, height, width, C]; `extrapolation_value` outside of images.
    """
    box_ind = arguments.either("box_indices", box_indices, "box_ind", box_ind)
    return building.make(
        "CropAndResize",
        image,
        boxes,
        box_ind,
        crop_size,
        method=method,
        extrapolation_value=extrapolation_value,
        name=name,
    )
