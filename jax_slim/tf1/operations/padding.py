"""Rows that pad, and those that move blocks between space, depth and batch."""

from typing import Any

import jax.numpy as jnp
import numpy as np

from jax_slim.tf1.graph import rows
from jax_slim.tf1.operations.arrays import xp
from jax_slim.tf1.operations.shape_rules import check_rank, length, product, refuse, sizes, unknown, value, values
from jax_slim.tf1.operations.shaping import invalid


def _padded(op: Any) -> Any:
    check_rank(op, 1, 2)
    source, pairs = sizes(op), sizes(op, 1)
    if pairs is not None and pairs[1] not in (None, 2):
        refuse(op, f"Dimension must be 2 but is {pairs[1]}")
    count = None if pairs is None else pairs[0]
    if source is None:
        return [unknown(count)]
    if count is not None and count != len(source):
        refuse(op, f"Shape must be rank {count} but is rank {len(source)}")
    amounts = value(op, 1)
    if amounts is None:
        return [unknown(len(source))]
    if (amounts < 0).any():
        refuse(op, f"Paddings must be non-negative, got {amounts.tolist()}")
    return [tuple(None if d is None else d + int(a) + int(b) for d, (a, b) in zip(source, amounts, strict=True))]


def _amounts(input: Any, paddings: Any) -> list[tuple[int, int]]:
    if np.shape(paddings) != (np.ndim(input), 2):
        raise invalid(
            f"The first dimension of paddings must be the rank of inputs{list(np.shape(paddings))} {list(np.shape(input))}"
        )
    pairs = [(int(a), int(b)) for a, b in paddings]
    if any(a < 0 or b < 0 for a, b in pairs):
        raise invalid(f"Paddings must be non-negative: {pairs}")
    return pairs


@rows.row("Pad", static=("paddings",), shape=_padded)
def pad(input: Any, paddings: Any) -> Any:
    return _with_value(input, _amounts(input, paddings), b"" if input.dtype == object else np.zeros((), input.dtype))


@rows.row("PadV2", static=("paddings",), shape=_padded)
def pad_v2(input: Any, paddings: Any, constant_values: Any) -> Any:
    return _with_value(input, _amounts(input, paddings), constant_values)


def _with_value(input: Any, pairs: list[tuple[int, int]], filler: Any) -> Any:
    if xp(input, filler) is jnp:
        return jnp.pad(input, pairs, constant_values=filler)
    result = np.empty([d + a + b for d, (a, b) in zip(np.shape(input), pairs, strict=True)], input.dtype)
    result[...] = filler
    result[tuple(slice(a, a + d) for d, (a, _) in zip(np.shape(input), pairs, strict=True))] = input
    return result


@rows.row("MirrorPad", static=("paddings",), shape=_padded)
def mirror_pad(input: Any, paddings: Any, *, mode: bytes) -> Any:
    pairs = _amounts(input, paddings)
    for size, (a, b) in zip(np.shape(input), pairs, strict=True):
        if mode == b"REFLECT" and max(a, b) >= size and max(a, b):
            raise invalid(f"paddings must be less than the dimension size: {a}, {b} not less than {size}")
        if mode == b"SYMMETRIC" and max(a, b) > size:
            raise invalid(f"paddings must be no greater than the dimension size: {a}, {b} greater than {size}")
    return xp(input).pad(input, pairs, mode=mode.decode().lower())


# Blocks of space in depth, and back.


def _blocks_shape(op: Any, grow: bool) -> Any:
    size, form = op.attrs["block_size"], op.attrs["data_format"]
    check_rank(op, 0, 5 if form == b"NCHW_VECT_C" else 4)
    source = sizes(op)
    if source is None:
        return [unknown(4)]
    depth = 1 if form == b"NCHW" else 3
    result: list[int | None] = list(source)
    for axis, d in enumerate(source[:4]):
        if d is None or axis == 0:
            continue
        divisor = (size * size if axis == depth else 1) if grow else (1 if axis == depth else size)
        if d % divisor:
            refuse(op, f"Dimension size must be evenly divisible by {divisor} but is {d}")
        factor = (1 if axis == depth else size) if grow else (size * size if axis == depth else 1)
        result[axis] = d // divisor * factor
    return [tuple(result)]


def _last(input: Any, form: bytes) -> Any:
    return input if form == b"NHWC" else xp(input).transpose(input, (0, 2, 3, 1))


def _back(result: Any, form: bytes) -> Any:
    return result if form == b"NHWC" else xp(result).transpose(result, (0, 3, 1, 2))


@rows.row("SpaceToDepth", shape=lambda op: _blocks_shape(op, False))
def space_to_depth(input: Any, *, block_size: int, data_format: bytes) -> Any:
    input = _last(input, data_format)
    n, h, w, c = np.shape(input)
    if h % block_size or w % block_size:
        raise invalid(f"Image width {w} and height {h} should be divisible by block_size: {block_size}")
    parts = input.reshape(n, h // block_size, block_size, w // block_size, block_size, c).transpose(0, 1, 3, 2, 4, 5)
    return _back(parts.reshape(n, h // block_size, w // block_size, c * block_size * block_size), data_format)


@rows.row("DepthToSpace", shape=lambda op: _blocks_shape(op, True))
def depth_to_space(input: Any, *, block_size: int, data_format: bytes) -> Any:
    input = _last(input, data_format)
    n, h, w, c = np.shape(input)
    if c % (block_size * block_size):
        raise invalid(f"Input depth dimension {c} should be divisible by: {block_size * block_size}")
    depth = c // (block_size * block_size)
    parts = input.reshape(n, h, w, block_size, block_size, depth).transpose(0, 1, 3, 2, 4, 5)
    return _back(parts.reshape(n, h * block_size, w * block_size, depth), data_format)


# Blocks of space in the batch, and back.


def _check_block_shape(op: Any) -> None:
    check_rank(op, 1, 1)
    if not op._inputs[1].shape.is_fully_defined():
        refuse(op, "block_shape must have known size")


def _to_batch_shape(op: Any) -> Any:
    _check_block_shape(op)
    source = sizes(op)
    blocks, pairs = values(op, 1), value(op, 2)
    if source is None:
        return [unknown()]
    if blocks is None or pairs is None:
        return [_partly(op, source, blocks, to_batch=True)]
    return [_moved(op, source, blocks, [(int(a), int(b)) for a, b in pairs], to_batch=True)]


def _from_batch_shape(op: Any) -> Any:
    _check_block_shape(op)
    source = sizes(op)
    blocks, pairs = values(op, 1), value(op, 2)
    if source is None:
        return [unknown()]
    if blocks is None or pairs is None:
        return [_partly(op, source, blocks, to_batch=False)]
    return [_moved(op, source, blocks, [(int(a), int(b)) for a, b in pairs], to_batch=False)]


def _partly(op: Any, source: Any, blocks: list[int] | None, to_batch: bool) -> tuple[int | None, ...]:
    """What is known without the paddings or crops: the batch, and the axes behind those that are cut into blocks."""
    count = len(blocks) if blocks is not None else length(op, 1)
    if count is None:
        return (None,) * len(source)
    batch = None
    if source[0] is not None and blocks is not None:
        batch = source[0] * product(blocks) if to_batch else source[0] // product(blocks)
    return (batch, *(None,) * count, *source[1 + count :])


def _moved(
    op: Any, source: Any, blocks: list[int], pairs: list[tuple[int, int]], to_batch: bool
) -> tuple[int | None, ...]:
    if len(source) < len(blocks) + 1:
        refuse(op, f"Shape must be at least rank {len(blocks) + 1} but is rank {len(source)}")
    if any(b < 1 for b in blocks):
        refuse(op, f"block_shape must be positive, got {blocks}")
    if any(a < 0 or b < 0 for a, b in pairs):
        refuse(op, f"{'paddings' if to_batch else 'crops'} cannot be negative")
    result: list[int | None] = list(source)
    total = product(blocks)
    if result[0] is not None:
        if not to_batch and result[0] % total:
            refuse(op, f"Dimension size must be evenly divisible by {total} but is {result[0]}")
        result[0] = result[0] * total if to_batch else result[0] // total
    for axis, (block, (a, b)) in enumerate(zip(blocks, pairs, strict=True), 1):
        size = result[axis]
        if size is None:
            continue
        if to_batch and (size + a + b) % block:
            refuse(op, f"Dimension size must be evenly divisible by {block} but is {size + a + b}")
        result[axis] = (size + a + b) // block if to_batch else size * block - a - b
        if result[axis] < 0:  # type: ignore[operator]
            refuse(op, f"Negative dimension size caused by subtracting {a + b} from {size * block}")
    return tuple(result)


@rows.row("SpaceToBatchND", static=("block_shape", "paddings"), shape=_to_batch_shape)
def space_to_batch_nd(input: Any, block_shape: Any, paddings: Any) -> Any:
    blocks = [int(b) for b in block_shape]
    pairs = [(int(a), int(b)) for a, b in paddings]
    rest = np.ndim(input) - len(blocks) - 1
    if rest < 0:
        raise invalid(f"input rank should be >= {len(blocks) + 1} instead of {np.ndim(input)}")
    if any(p for pair in pairs for p in pair):
        input = _with_value(input, [(0, 0), *pairs, *[(0, 0)] * rest], np.zeros((), input.dtype))
    shape = np.shape(input)
    for axis, block in enumerate(blocks, 1):
        if shape[axis] % block:
            raise invalid(f"padded_shape[{axis - 1}]={shape[axis]} is not divisible by block_shape[{axis - 1}]={block}")
    split = [shape[0]]
    for axis, block in enumerate(blocks, 1):
        split += [shape[axis] // block, block]
    inner = [2 + 2 * i for i in range(len(blocks))]
    outer = [1 + 2 * i for i in range(len(blocks))]
    tail = list(range(1 + 2 * len(blocks), 1 + 2 * len(blocks) + rest))
    parts = input.reshape(*split, *shape[len(blocks) + 1 :]).transpose(*inner, 0, *outer, *tail)
    return parts.reshape(
        shape[0] * product(blocks),
        *(shape[axis] // block for axis, block in enumerate(blocks, 1)),
        *shape[len(blocks) + 1 :],
    )


@rows.row("BatchToSpaceND", static=("block_shape", "crops"), shape=_from_batch_shape)
def batch_to_space_nd(input: Any, block_shape: Any, crops: Any) -> Any:
    blocks = [int(b) for b in block_shape]
    pairs = [(int(a), int(b)) for a, b in crops]
    shape, count = np.shape(input), len(blocks)
    if shape[0] % product(blocks):
        raise invalid(
            f"input batch dimension ({shape[0]}) is not divisible by product of block sizes ({product(blocks)})"
        )
    batch = shape[0] // product(blocks)
    order = [count]
    for i in range(count):
        order += [count + 1 + i, i]
    order += list(range(2 * count + 1, count + len(shape)))
    whole = input.reshape(*blocks, batch, *shape[1:]).transpose(*order)
    whole = whole.reshape(batch, *(shape[i + 1] * b for i, b in enumerate(blocks)), *shape[count + 1 :])
    for i, (a, b) in enumerate(pairs):
        if a + b > shape[i + 1] * blocks[i]:
            raise invalid(f"cropped_shape[{i}]={shape[i + 1] * blocks[i] - a - b} must be non-negative")
    return whole[(slice(None), *(slice(a, shape[i + 1] * blocks[i] - b) for i, (a, b) in enumerate(pairs)))]


def _square(op: Any, place: int, to_batch: bool) -> Any:
    source, pairs = sizes(op), value(op, place)
    if source is None:
        return [unknown(4)]
    check_rank(op, 0, 4)
    if pairs is None:
        return [source[:0] + (None,) * 3 + source[3:]]
    return [_moved(op, source, [op.attrs["block_size"]] * 2, [(int(a), int(b)) for a, b in pairs], to_batch)]


@rows.row("SpaceToBatch", static=("paddings",), shape=lambda op: _square(op, 1, True))
def space_to_batch(input: Any, paddings: Any, *, block_size: int) -> Any:
    return space_to_batch_nd(input, np.array([block_size, block_size]), paddings)


@rows.row("BatchToSpace", static=("crops",), shape=lambda op: _square(op, 1, False))
def batch_to_space(input: Any, crops: Any, *, block_size: int) -> Any:
    return batch_to_space_nd(input, np.array([block_size, block_size]), crops)
