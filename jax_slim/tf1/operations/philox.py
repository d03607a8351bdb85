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
_SMALL = 1 << 11  # groups that NumPy draws; more are drawn by compiled functions
_CHUNK = 1 << 14  # groups that one call of those draws
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
    sine, cosine = (
        _on_circle(u2) if kind == np.float32 else (xp.sin(kind(2 * np.pi) * u2), xp.cos(kind(2 * np.pi) * u2))
    )
    return sine * radius, cosine * radius


def _on_circle(turn: Any) -> tuple[Any, Any]:
    """(sine, cosine) of a part of a full turn: polynomials of an eighth of it, which vectorize where library calls do not."""
    xp, f = arrays.xp(turn), np.float32
    quarter = xp.floor(f(4) * turn + f(0.5))
    x = (f(4) * turn - quarter) * f(np.pi / 2)
    y = x * x
    sine = x * (f(1) + y * (f(-1 / 6) + y * (f(1 / 120) + y * (f(-1 / 5040) + y * f(1 / 362880)))))
    cosine = f(1) + y * (f(-1 / 2) + y * (f(1 / 24) + y * (f(-1 / 720) + y * (f(1 / 40320) - y * f(1 / 3628800)))))
    odd = (quarter == 1) | (quarter == 3)
    sine, cosine = xp.where(odd, cosine, sine), xp.where(odd, sine, cosine)
    return xp.where((quarter == 2) | (quarter == 3), -sine, sine), xp.where(
        (quarter == 1) | (quarter == 2), -cosine, cosine
    )


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


_TRIES = {4: 4, 2: 8}  # blocks of which enough numbers are good but once in 10^14
_FUNCTIONS: dict[str, Callable[..., list[Any]]] = {"unit": unit, "normal": normal, "bits": bits}


def _first_good(values: list[Any], size: int) -> list[Any]:
    """Of numbers that were drawn one after the other the first `size` that are less than two from 0."""
    xp = arrays.xp(values[0])
    found = [xp.zeros_like(values[0]) for _ in range(size)]
    count = xp.zeros(values[0].shape, np.int32)
    for value in values:
        good = abs(value) < value.dtype.type(2)
        found = [xp.where(good & (count == place), value, kept) for place, kept in enumerate(found)]
        count = count + good.astype(np.int32)
    return found


def draw(kind: str, stream: Stream, count: int, dtype: Any) -> Any:
    """`count` outputs: 'unit', 'normal', 'bits' or 'truncated'."""
    dtype = np.dtype(dtype)
    if kind == "truncated" and dtype.itemsize == 2:
        return draw(kind, stream, count, np.float32).astype(dtype)
    size = group_size(dtype)
    groups = -(-count // size)
    xp = arrays.xp(stream.first, *stream.key)
    if xp is np:
        return _known(kind, stream, groups, dtype).reshape(-1)[:count]
    places = xp.arange(groups, dtype=np.uint64)
    if kind == "truncated":
        places = places * _skip(size)
        values = [v for n in range(_TRIES[size]) for v in normal(blocks(stream, places + np.uint64(n)), dtype)]
        found = _first_good(values, size)
    else:
        found = _FUNCTIONS[kind](blocks(stream, places), dtype)
    return xp.stack(found, axis=-1).reshape(-1)[:count]


def _skip(size: int) -> Any:
    """How many blocks a truncated distribution sets aside for a group."""
    return np.uint64(size * RESERVED // 4)


def _known(kind: str, stream: Stream, groups: int, dtype: np.dtype) -> Any:
    """`draw` outside of traced programs: by NumPy, or by functions that are compiled once, whatever the count."""
    size = group_size(dtype)
    skip = _skip(size) if kind == "truncated" else np.uint64(1)
    result = np.empty((groups, size), np.dtype(f"u{dtype.itemsize}") if kind == "bits" else dtype)
    compiled = groups > _SMALL
    own = "normal" if kind == "truncated" else kind
    numbers = _compiled(own, dtype.name) if compiled else functools.partial(_FUNCTIONS[own], dtype=dtype)
    words, first_good = (_compiled_blocks, _compiled_first_good) if compiled else (blocks, _first_good)
    chunk = _CHUNK if compiled else max(groups, 1)

    def fill(rows: Any, columns: list[Any]) -> None:
        count = len(result[rows])
        for place, column in enumerate(columns):
            result[rows, place] = np.asarray(column)[:count]

    with jax.enable_x64(True):
        for start in range(0, groups, chunk):
            places = np.arange(start, start + chunk, dtype=np.uint64)
            fill(slice(start, min(start + chunk, groups)), numbers(words(stream, places * skip)))
        if kind != "truncated":
            return result
        again = np.flatnonzero((np.abs(result) >= 2).any(axis=1))
        for start in range(0, len(again), chunk):
            rows = again[start : start + chunk]
            places = np.zeros(chunk if compiled else len(rows), np.uint64)
            places[: len(rows)] = rows.astype(np.uint64) * skip
            values = [v for n in range(_TRIES[size]) for v in numbers(words(stream, places + np.uint64(n)))]
            fill(rows, first_good(values, size))
    return result


# Apart, because XLA would compute the blocks anew for each of their uses.
_compiled_blocks = jax.jit(blocks)
_compiled_first_good = jax.jit(_first_good, static_argnums=1)


@functools.cache
def _compiled(kind: str, dtype_name: str) -> Any:
    return jax.jit(functools.partial(_FUNCTIONS[kind], dtype=jnp.dtype(dtype_name)))
