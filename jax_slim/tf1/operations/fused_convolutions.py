"""Rows of convolutions that TransformGraph fused with what stands before them."""

from typing import Any

from jax_slim.tf1.graph import rows
from jax_slim.tf1.operations.convolutions import conv2d
from jax_slim.tf1.operations.image_resizing import resize_bilinear
from jax_slim.tf1.operations.padding import mirror_pad


@rows.row("FusedPadConv2D", static=("paddings",), numpy=False)
def fused_pad_conv2d(input: Any, paddings: Any, filter: Any, *, mode: bytes, strides: Any, padding: Any) -> Any:
    """A mirrored border, then a convolution; for every image (TensorFlow's own is right for the first of a batch only)."""
    padded = mirror_pad(input, paddings, mode=mode)
    return conv2d(padded, filter, strides=strides, padding=padding, data_format=b"NHWC", dilations=[1, 1, 1, 1])


@rows.row("FusedResizeAndPadConv2D", static=("size", "paddings"), numpy=False)
def fused_resize_and_pad_conv2d(
    input: Any,
    size: Any,
    paddings: Any,
    filter: Any,
    *,
    resize_align_corners: bool,
    mode: bytes,
    strides: Any,
    padding: Any,
) -> Any:
    """Resized bilinearly, then as `FusedPadConv2D`."""
    resized = resize_bilinear(input, size, align_corners=resize_align_corners)
    return fused_pad_conv2d(resized, paddings, filter, mode=mode, strides=strides, padding=padding)
