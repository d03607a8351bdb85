"""`tf.pad`, and what moves blocks between space, depth and batch."""

from typing import Any

import numpy as np

from jax_slim.tf1.graph import building, known_values
from jax_slim.tf1.graph.tensors import Tensor


def pad(
    tensor: Any, paddings: Any, mode: str = "CONSTANT", name: str | None = None, constant_values: Any = 0
) -> Tensor:
    """`paddings[i]` elements before and behind along each axis i: a constant, or mirrored ('REFLECT', 'SYMMETRIC').

    Raises:
      ValueError: the mode is another.
    """
    mode = mode.upper()
    if mode == "CONSTANT":
        if not isinstance(constant_values, Tensor) and np.isscalar(constant_values) and constant_values == 0:
            result = building.make("Pad", tensor, paddings, name=name)
        else:
            result = building.make("PadV2", tensor, paddings, constant_values, name=name)
    elif mode in ("REFLECT", "SYMMETRIC"):
        result = building.make("MirrorPad", tensor, paddings, mode=mode, name=name)
    else:
        raise ValueError(f"Unknown padding mode: {mode}")
    sizes = result.op.inputs[0].shape.sizes
    if sizes is not None and not result.shape.is_fully_defined():
        _refine(result, sizes, paddings)
    return result


def pad_v2(
    tensor: Any, paddings: Any, mode: str = "CONSTANT", constant_values: Any = 0, name: str | None = None
) -> Tensor:
    """`pad`, in the order of arguments of later versions."""
    return pad(tensor, paddings, mode, name, constant_values)


def _refine(result: Tensor, sizes: Any, paddings: Any) -> None:
    """Sets those sizes for which both amounts are known."""
    amounts = _known_amounts(paddings)
    if not isinstance(amounts, list | np.ndarray):
        return
    found: list[int | None] = []
    for pair, size in zip(amounts, sizes, strict=False):
        if pair is None or size is None or any(p is None for p in pair):
            found.append(None)
        else:
            found.append(int(sum(pair)) + size)
    result.set_shape(found)


def _known_amounts(paddings: Any) -> Any:
    if isinstance(paddings, Tensor):
        if paddings.op.type == "Pack" and paddings.op.attrs["axis"] == 0:
            return [_known_amounts(t) for t in paddings.op.inputs]
        return known_values.constant_value(paddings)
    return [_known_amounts(p) for p in paddings] if isinstance(paddings, list | tuple) else paddings


def space_to_depth(input: Any, block_size: Any, name: str | None = None, data_format: str = "NHWC") -> Tensor:
    """Blocks of pixels as channels of one pixel."""
    return building.make("SpaceToDepth", input, block_size=block_size, data_format=data_format, name=name)


def depth_to_space(input: Any, block_size: Any, name: str | None = None, data_format: str = "NHWC") -> Tensor:
    """Channels as blocks of pixels."""
    return building.make("DepthToSpace", input, block_size=block_size, data_format=data_format, name=name)


def space_to_depth_v2(input: Any, block_size: Any, data_format: str = "NHWC", name: str | None = None) -> Tensor:
    """`space_to_depth`, in the order of arguments of later versions."""
    return space_to_depth(input, block_size, name, data_format)


def depth_to_space_v2(input: Any, block_size: Any, data_format: str = "NHWC", name: str | None = None) -> Tensor:
    """`depth_to_space`, in the order of arguments of later versions."""
    return depth_to_space(input, block_size, name, data_format)


def space_to_batch_nd(input: Any, block_shape: Any, paddings: Any, name: str | None = None) -> Tensor:
    """Every `block_shape[i]`-th element along the axes after the first, padded before, as further entries of the batch."""
    return building.make("SpaceToBatchND", input, block_shape, paddings, name=name)


def batch_to_space_nd(input: Any, block_shape: Any, crops: Any, name: str | None = None) -> Tensor:
    """What undoes `space_to_batch_nd`."""
    return building.make("BatchToSpaceND", input, block_shape, crops, name=name)


def space_to_batch(
    input: Any, paddings: Any, block_size: Any = None, name: str | None = None, block_shape: Any = None
) -> Tensor:
    """`space_to_batch_nd` for images and square blocks."""
    block_size = block_shape if block_size is None else block_size
    result = space_to_batch_nd(input, np.array([block_size, block_size], np.int64), paddings, name)
    result.set_shape(result.shape.with_rank(4))
    return result


def batch_to_space(
    input: Any, crops: Any, block_size: Any = None, name: str | None = None, block_shape: Any = None
) -> Tensor:
    """`batch_to_space_nd` for images and square blocks."""
    block_size = block_shape if block_size is None else block_size
    result = batch_to_space_nd(input, np.array([block_size, block_size], np.int64), crops, name)
    result.set_shape(result.shape.with_rank(4))
    return result


def space_to_batch_v2(input: Any, block_shape: Any, paddings: Any, name: str | None = None) -> Tensor:
    """`space_to_batch_nd`, by the name of later versions."""
    return space_to_batch_nd(input, block_shape, paddings, name)


def required_space_to_batch_paddings(
    input_shape: Any, block_shape: Any, base_paddings: Any = None, name: str | None = None
) -> Any:
    """(paddings, crops) such that the padded sizes are multiples of the blocks, for known values arrays, else tensors."""
    from jax_slim.tf1.graph import conversion, graphs
    from jax_slim.tf1.python import array

    with graphs.name_scope(name, "required_space_to_batch_paddings", [input_shape, block_shape]):
        input_shape = conversion.convert_to_tensor(input_shape, dtype="int32", name="input_shape")
        block_shape = conversion.convert_to_tensor(block_shape, dtype="int32", name="block_shape")
        count = block_shape.shape.with_rank(1)[0].value
        if base_paddings is None:
            base_paddings = np.zeros((count, 2), np.int32)
        base_paddings = conversion.convert_to_tensor(base_paddings, dtype="int32", name="base_paddings")
        known = [known_values.constant_value(t) for t in (input_shape, block_shape, base_paddings)]
        first: Any
        last: Any
        if all(k is not None for k in known):
            shape, block, base = known
            first, last = base[:, 0], base[:, 1]
            extra = (block - (shape + first + last) % block) % block
            last = last + extra
            paddings = [[int(first[i]), int(last[i])] for i in range(count)]
            crops = [[0, int(extra[i])] for i in range(count)]
        else:
            pads: Any = base_paddings
            first, last = pads[:, 0], pads[:, 1]
            whole: Any = input_shape + first + last
            block = block_shape
            extra = (block - whole % block) % block
            last = last + extra
            paddings = [[first[i], last[i]] for i in range(count)]
            crops = [[0, extra[i]] for i in range(count)]
        return array.stack(paddings, name="paddings"), array.stack(crops, name="crops")
