"""Random numbers as TensorFlow's CPU kernels draw them: Philox 4x32-10 in counter mode, bit for bit, by NumPy or in a traced program.

A stream is a key and a 128-bit counter. Each value of the counter gives a block of four 32-bit words; a kernel makes a
group of outputs of each block (four, or two of 64 bits), so that every output follows from its place alone.
"""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jax_slim.tf1.operations import arrays

RESERVED = 256  # blocks that kernels set aside for each output
_CHUNK = 1 << 16  # groups that one call of a compiled function draws
_MASK = 0xFFFFFFFF


class Stream(NamedTuple):
    """A key (two words), the upper half of the counter (two words), and its lower half at the start (64 bits)."""

    key: tuple[Any, Any]
    high: tuple[Any, Any]
    first: Any

    def after(self, blocks: Any) -> "Stream":
        """The same stream further on."""
        return self._replace(first=self.first + np.uint64(blocks))


def of_seeds(seed: int, seed2: int, first: Any) -> Stream:
    """The stream of an operation with these seeds, from a block on."""
    return Stream(_halves(seed), _halves(seed2), first)


def _halves(number: int) -> tuple[Any, Any]:
    return np.uint32(number & _MASK), np.uint32((number >> 32) & _MASK)


def of_pair(seed: Any) -> Stream:
    """The stream that two seeds of a `stateless` operation stand for: they are scrambled first."""
    xp = arrays.xp(seed)
    numbers = seed.astype(np.int64).astype(np.uint64)
    words = [
        w
        for n in (numbers[0], numbers[1])
        for w in ((n & xp.uint64(_MASK)).astype(np.uint32), (n >> xp.uint64(32)).astype(np.uint32))
    ]
    mixed = _rounds(words, (np.uint32(0x3EC8F720), np.uint32(0x02461E29)))
    return Stream((mixed[0], mixed[1]), (mixed[2], mixed[3]), np.uint64(0))


def _rounds(words: Any, key: Any) -> list[Any]:
    def product(factor: int, word: Any) -> tuple[Any, Any]:
        whole = word.astype(np.uint64) * np.uint64(factor)
        return (whole >> np.uint64(32)).astype(np.uint32), whole.astype(np.uint32)

    c0, c1, c2, c3 = words
    k0, k1 = key
    for number in range(10):
        if number:
            with np.errstate(over="ignore"):
                k0, k1 = k0 + np.uint32(0x9E3779B9), k1 + np.uint32(0xBB67AE85)
        (high0, low0), (high1, low1) = product(0xD2511F53, c0), product(0xCD9E8D57, c2)
        c0, c1, c2, c3 = high1 ^ c1 ^ k0, low1, high0 ^ c3 ^ k1, low0
    return [c0, c1, c2, c3]


def blocks(stream: Stream, places: Any) -> list[Any]:
    """The four words of each block at these places (uint64) after the stream's start."""
    counter = places + stream.first
    xp = arrays.xp(counter, *stream.key)
    low, up = (counter & np.uint64(_MASK)).astype(np.uint32), (counter >> np.uint64(32)).astype(np.uint32)
    high = [xp.broadcast_to(h, low.shape) for h in stream.high]
    return _rounds([low, up, *high], stream.key)


# Words to numbers.


def _bits_as(value: Any, dtype: Any) -> Any:
    return jax.lax.bitcast_convert_type(value, dtype) if isinstance(value, jax.Array) else np.asarray(value).view(dtype)


def unit(words: list[Any], dtype: Any) -> list[Any]:
    """Numbers from 0 up to, without, 1: the words' lower bits as the fraction of a number from 1 to 2."""
    kind = np.dtype(dtype)
    if kind == np.float64:
        return [_unit64(a, b) for a, b in zip(words[::2], words[1::2], strict=True)]
    if kind == np.float32:
        return [_bits_as((w & np.uint32(0x7FFFFF)) | np.uint32(0x3F800000), np.float32) - np.float32(1) for w in words]
    fraction, one = (0x3FF, 15 << 10) if kind == np.float16 else (0x7F, 127 << 7)
    return [_bits_as(w.astype(np.uint16) & np.uint16(fraction) | np.uint16(one), kind) - kind.type(1) for w in words]


def _unit64(a: Any, b: Any) -> Any:
    fraction = ((a & np.uint32(0xFFFFF)).astype(np.uint64) << np.uint64(32)) | b.astype(np.uint64)
    return _bits_as(fraction | np.uint64(1023 << 52), np.float64) - np.float64(1)


def _normal_pair(u1: Any, u2: Any) -> tuple[Any, Any]:
    """Box and Muller's transformation."""
    xp, kind = arrays.xp(u1), u1.dtype.type
    radius = xp.sqrt(kind(-2) * xp.log(xp.maximum(u1, kind(1e-7))))
    angle = kind(2 * np.pi) * u2
    return xp.sin(angle) * radius, xp.cos(angle) * radius


def normal(words: list[Any], dtype: Any) -> list[Any]:
    """Numbers of the standard normal distribution."""
    wide = np.float64 if np.dtype(dtype) == np.float64 else np.float32
    units = unit(words, wide)
    found = [n for a, b in zip(units[::2], units[1::2], strict=True) for n in _normal_pair(a, b)]
    return found if np.dtype(dtype) == wide else [n.astype(dtype) for n in found]


def bits(words: list[Any], dtype: Any) -> list[Any]:
    """The words as they are, or joined to 64 bits."""
    if np.dtype(dtype).itemsize == 4:
        return words
    return [
        a.astype(np.uint64) | (b.astype(np.uint64) << np.uint64(32))
        for a, b in zip(words[::2], words[1::2], strict=True)
    ]


def group_size(dtype: Any) -> int:
    """How many outputs one block (or, of a truncated distribution, one group of blocks) gives."""
    return 2 if np.dtype(dtype).itemsize == 8 else 4


def _truncated(stream: Stream, groups: Any, dtype: Any, tries: int) -> tuple[list[Any], Any]:
    """(the first numbers of each group of `tries` blocks that are no more than two from 0, whether there were enough)."""
    size = group_size(dtype)
    skip = np.uint64(size * RESERVED // 4)
    xp = arrays.xp(groups, stream.first)
    found = [xp.zeros(groups.shape, dtype) for _ in range(size)]
    count = xp.zeros(groups.shape, np.int32)
    for number in range(tries):
        for value in normal(blocks(stream, groups * skip + np.uint64(number)), dtype):
            good = abs(value) < value.dtype.type(2)
            found = [xp.where(good & (count == place), value, kept) for place, kept in enumerate(found)]
            count = count + good.astype(np.int32)
    return found, count >= size


_ALWAYS = {4: 4, 2: 8}  # blocks of which enough numbers are good but once in 10^14
_MOSTLY = {4: 2, 2: 4}


def draw(kind: str, stream: Stream, count: int, dtype: Any) -> Any:
    """`count` outputs: 'unit', 'normal', 'bits' or 'truncated'."""
    dtype = np.dtype(dtype)
    size = group_size(dtype)
    groups = -(-count // size)
    if arrays.xp(stream.first, *stream.key) is jnp or groups <= _CHUNK:
        xp = arrays.xp(stream.first, *stream.key)
        found, _ = _groups(kind, stream, xp.arange(groups, dtype=np.uint64), dtype, _ALWAYS[size])
        return found.reshape(-1)[:count]
    result = np.empty((groups, size), np.dtype(f"u{dtype.itemsize}") if kind == "bits" else dtype)
    for start in range(0, groups, _CHUNK):
        places = np.arange(start, min(start + _CHUNK, groups), dtype=np.uint64)
        with jax.enable_x64(True):
            found, complete = _compiled(kind, dtype.name)(stream, np.uint64(start))
        result[start : start + len(places)] = np.asarray(found)[: len(places)]
        rare = np.flatnonzero(~np.asarray(complete)[: len(places)])
        if len(rare):
            result[places[rare]] = _groups(kind, stream, places[rare], dtype, _ALWAYS[size])[0]
    return result.reshape(-1)[:count]


def _groups(kind: str, stream: Stream, groups: Any, dtype: Any, tries: int) -> tuple[Any, Any]:
    xp = arrays.xp(stream.first, groups)
    if kind == "truncated":
        found, complete = _truncated(stream, groups, dtype, tries)
    else:
        functions: dict[str, Callable[..., Any]] = {"unit": unit, "normal": normal, "bits": bits}
        found, complete = functions[kind](blocks(stream, groups), dtype), xp.ones(groups.shape, bool)
    return xp.stack(found, axis=-1), complete


@functools.cache
def _compiled(kind: str, dtype_name: str) -> Any:
    dtype = jnp.dtype(dtype_name)

    def chunk(stream: Stream, start: Any) -> Any:
        places = jnp.arange(_CHUNK, dtype=jnp.uint64) + start
        return _groups(kind, stream, places, dtype, _MOSTLY[group_size(dtype)])

    return jax.jit(chunk)
