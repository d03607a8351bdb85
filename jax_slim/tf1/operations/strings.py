"""Rows on texts, which are arrays of bytes objects: split, join, parts, patterns, numbers, hashes, base64."""

import base64
import re
from collections.abc import Callable
from typing import Any

import numpy as np

from jax_slim.tf1.graph import rows, shape_inference, shapes
from jax_slim.tf1.operations import text_hashes
from jax_slim.tf1.operations.shape_rules import check_rank, merged, refuse, sizes, unknown, value
from jax_slim.tf1.operations.shaping import invalid

_same = shape_inference.like_input()


def texts(values: Any) -> np.ndarray:
    """An array of bytes objects."""
    found = np.asarray(values, object)
    result = np.empty(found.shape, object)
    for place in np.ndindex(*found.shape):
        one = found[place]
        result[place] = one.encode() if isinstance(one, str) else bytes(one)
    return result


def each(function: Callable[[Any], Any], values: Any, kind: Any = object) -> np.ndarray:
    """What a function gives for each element."""
    values = (
        np.asarray(values) if np.ndim(values) else np.asarray(values, object if isinstance(values, bytes) else None)
    )
    result = np.empty(values.shape, kind)
    for place in np.ndindex(*values.shape):
        result[place] = function(values[place])
    return result


# Split and join.


def _split_shape(op: Any) -> Any:
    check_rank(op, 0, 1)
    return [(None, 2), (None,), (2,)]


def _as_sparse(parts: list[list[bytes]]) -> Any:
    indices = [(row, column) for row, found in enumerate(parts) for column in range(len(found))]
    values = np.empty(len(indices), object)
    values[:] = [one for found in parts for one in found]
    longest = max((len(found) for found in parts), default=0)
    return [np.array(indices, np.int64).reshape(-1, 2), values, np.array([len(parts), longest], np.int64)]


@rows.row("StringSplit", host=True, shape=_split_shape, gradient=rows.NONE)
def string_split(input: Any, delimiter: Any, *, skip_empty: bool) -> Any:
    if np.ndim(input) != 1:
        raise invalid(f"input must be a vector, got shape: {list(np.shape(input))}")
    signs = np.asarray(delimiter, object).reshape(-1)[0]
    parts = []
    for text in input:
        if not signs:
            parts.append([bytes([b]) for b in text])
            continue
        found = re.split(b"[" + re.escape(signs) + b"]", text)
        parts.append([one for one in found if one] if skip_empty else found)
    return _as_sparse(parts)


@rows.row("StringSplitV2", host=True, shape=_split_shape, gradient=rows.NONE)
def string_split_v2(input: Any, sep: Any, *, maxsplit: int) -> Any:
    if np.ndim(input) != 1:
        raise invalid(f"input must be a vector, got shape: {list(np.shape(input))}")
    sign = np.asarray(sep, object).reshape(-1)[0]
    return _as_sparse([text.split(sign or None, maxsplit) for text in input])


def _joined_shape(op: Any) -> Any:
    found = [t.shape.sizes for t in op._inputs]
    if any(f is None for f in found):
        return [unknown()]
    return [merged(op, *(f for f in found if f)) or ()]


@rows.row("StringJoin", host=True, shape=_joined_shape, gradient=rows.NONE)
def string_join(inputs: list[Any], *, separator: bytes) -> Any:
    arrays: list[Any] = [np.asarray(one, object) for one in inputs]
    size = next((one.shape for one in arrays if one.ndim), ())
    for one in arrays:
        if one.ndim and one.shape != size:
            raise invalid(f"Input shapes do not match: {list(size)} vs. {list(one.shape)}")
    result = np.empty(size, object)
    for place in np.ndindex(*size):
        result[place] = separator.join(one[place] if one.ndim else one[()] for one in arrays)
    return result


def _reduced_shape(op: Any) -> Any:
    source, axes = sizes(op), value(op, 1)
    if source is None or axes is None:
        return [unknown(len(source) if source is not None and op.attrs["keep_dims"] else None)]
    for axis in axes.reshape(-1):
        if not -len(source) <= axis < len(source):
            refuse(op, f"Invalid reduction dimension {axis} for input with {len(source)} dimension(s)")
    chosen = {int(a) % len(source) for a in axes.reshape(-1)}
    if op.attrs["keep_dims"]:
        return [tuple(1 if axis in chosen else d for axis, d in enumerate(source))]
    return [tuple(d for axis, d in enumerate(source) if axis not in chosen)]


@rows.row("ReduceJoin", host=True, shape=_reduced_shape, gradient=rows.NONE)
def reduce_join(inputs: Any, reduction_indices: Any, *, keep_dims: bool, separator: bytes) -> Any:
    inputs = np.asarray(inputs, object)
    axes = [int(a) for a in np.reshape(reduction_indices, -1)]
    for axis in axes:
        if not -inputs.ndim <= axis < inputs.ndim:
            raise invalid(f"Invalid reduction dimension {axis} for input with {inputs.ndim} dimension(s)")
    axes = [a % inputs.ndim for a in axes]
    if len(set(axes)) < len(axes):
        raise invalid(f"Duplicate reduction dimension {axes}")
    kept = [axis for axis in range(inputs.ndim) if axis not in axes]
    # The first axis named runs fastest.
    turned = inputs.transpose(*kept, *reversed(axes)).reshape(
        [inputs.shape[axis] for axis in kept] + [-1] if axes else inputs.shape + (1,)
    )
    result = np.empty(turned.shape[:-1], object)
    for place in np.ndindex(*result.shape):
        result[place] = separator.join(turned[place])
    return result.reshape([1 if axis in axes else d for axis, d in enumerate(inputs.shape)]) if keep_dims else result


def _segments(op: Any) -> Any:
    source, ids, count = sizes(op), sizes(op, 1), value(op, 2)
    if source is None or ids is None:
        return [unknown()]
    return [(None if count is None else int(count), *source[len(ids) :])]


@rows.row("UnsortedSegmentJoin", host=True, shape=_segments, gradient=rows.NONE)
def unsorted_segment_join(inputs: Any, segment_ids: Any, num_segments: Any, *, separator: bytes) -> Any:
    count, rank = int(num_segments), np.ndim(segment_ids)
    rest = inputs.shape[rank:]
    result = np.empty((count, *rest), object)
    flat, ids = inputs.reshape((-1, *rest)), segment_ids.reshape(-1)
    for number in range(count):
        for place in np.ndindex(*rest):
            result[(number, *place)] = separator.join(flat[(i, *place)] for i in np.flatnonzero(ids == number))
    return result


# Parts and spellings.


def _part_shape(op: Any) -> Any:
    if any(t.shape.sizes is None for t in op._inputs):
        return [unknown()]
    merged(op, sizes(op, 1), sizes(op, 2))
    try:
        return [shapes.broadcast(op._inputs[0].shape, op._inputs[1].shape)]
    except ValueError as error:
        refuse(op, str(error))


@rows.row("Substr", host=True, shape=_part_shape, gradient=rows.NONE)
def substr(input: Any, pos: Any, length: Any, *, unit: bytes) -> Any:
    input, pos, length = np.broadcast_arrays(np.asarray(input, object), pos, length)
    result = np.empty(input.shape, object)
    for place in np.ndindex(*input.shape):
        text, first, count = input[place], int(pos[place]), int(length[place])
        letters: Any = text.decode(errors="surrogateescape") if unit == b"UTF8_CHAR" else text
        size = len(letters)
        if not -size <= first <= size:
            raise invalid(
                f"pos {first} out of range for string b'{text.decode(errors='replace')}' at index {list(place)}"
            )
        first += size if first < 0 else 0
        part = letters[first : first + max(count, 0)]
        result[place] = part.encode(errors="surrogateescape") if unit == b"UTF8_CHAR" else part
    return result


@rows.row("StringLength", host=True, shape=_same, gradient=rows.NONE)
def string_length(input: Any, *, unit: bytes) -> Any:
    if unit == b"UTF8_CHAR":
        return each(lambda text: sum(b & 0xC0 != 0x80 for b in text), input, np.int32)
    return each(len, input, np.int32)


_SPACE = b" \t\n\v\f\r"


@rows.row("StringStrip", host=True, shape=_same, gradient=rows.NONE)
def string_strip(input: Any) -> Any:
    return each(lambda text: text.strip(_SPACE), input)


def _recased(how: str) -> Callable[..., Any]:
    def recase(input: Any, *, encoding: bytes) -> Any:
        if encoding == b"utf-8":
            return each(
                lambda text: getattr(text.decode(errors="surrogateescape"), how)().encode(errors="surrogateescape"),
                input,
            )
        return each(lambda text: getattr(text, how)(), input)

    return recase


rows.row("StringLower", host=True, shape=_same, gradient=rows.NONE)(_recased("lower"))
rows.row("StringUpper", host=True, shape=_same, gradient=rows.NONE)(_recased("upper"))


# Patterns, in RE2's language as far as Python's agrees with it.

_CLASSES = {
    b"alpha": b"a-zA-Z", b"digit": b"0-9", b"alnum": b"a-zA-Z0-9", b"space": rb"\s", b"upper": b"A-Z", b"lower": b"a-z",
    b"punct": rb"!-/:-@\[-`{-~", b"xdigit": b"0-9a-fA-F", b"word": rb"\w", b"blank": rb" \t",
}  # fmt: skip


def compiled(pattern: bytes) -> re.Pattern[bytes]:
    """A pattern of RE2's as one of Python's.

    Raises:
      InvalidArgumentError: it is none.
    """
    text = (
        re.sub(rb"\[:(\w+):\]", lambda m: _CLASSES.get(m.group(1), m.group(0)), pattern)
        .replace(rb"\z", rb"\Z")
        .replace(rb"\C", b"(?s:.)")
    )
    try:
        return re.compile(text)
    except re.error as error:
        raise invalid(f"Invalid pattern: {pattern.decode(errors='replace')}, error: {error}") from None


def _replaced(input: Any, pattern: bytes, rewrite: bytes, replace_global: bool) -> Any:
    expression = compiled(pattern)
    pieces = re.split(rb"\\(\d|\\)", rewrite)  # texts and, between them, what follows a backslash

    def replace(match: re.Match[bytes]) -> bytes:
        return b"".join(
            piece if i % 2 == 0 else b"\\" if piece == b"\\" else match.group(int(piece)) or b""
            for i, piece in enumerate(pieces)
        )

    return each(lambda text: expression.sub(replace, text, 0 if replace_global else 1), input)


@rows.row("StaticRegexReplace", host=True, shape=_same, gradient=rows.NONE)
def static_regex_replace(input: Any, *, pattern: bytes, rewrite: bytes, replace_global: bool) -> Any:
    return _replaced(input, pattern, rewrite, replace_global)


@rows.row("RegexReplace", host=True, shape=_same, gradient=rows.NONE)
def regex_replace(input: Any, pattern: Any, rewrite: Any, *, replace_global: bool) -> Any:
    return _replaced(input, np.asarray(pattern, object).item(), np.asarray(rewrite, object).item(), replace_global)


@rows.row("StaticRegexFullMatch", host=True, shape=_same, gradient=rows.NONE)
def static_regex_full_match(input: Any, *, pattern: bytes) -> Any:
    expression = compiled(pattern)
    return each(lambda text: expression.fullmatch(text) is not None, input, np.bool_)


@rows.row("RegexFullMatch", host=True, shape=_same, gradient=rows.NONE)
def regex_full_match(input: Any, pattern: Any) -> Any:
    return static_regex_full_match(input, pattern=np.asarray(pattern, object)[()])


# Numbers.


@rows.row("AsString", host=True, shape=_same, gradient=rows.NONE)
def as_string(input: Any, *, T: Any, precision: int, scientific: bool, shortest: bool, width: int, fill: bytes) -> Any:
    if T.is_bool:
        return each(lambda v: b"true" if v else b"false", input)
    if scientific and shortest:
        raise invalid("Cannot select both scientific and shortest notation")
    if len(fill) > 1:
        raise invalid(f"Fill string must be one or fewer characters, got {fill!r}")
    form = "%" + (fill.decode() if width > -1 else "") + (str(width) if width > -1 else "")
    if not T.is_integer:
        form += (f".{precision}" if precision > -1 else "") + ("g" if shortest else "e" if scientific else "f")
    else:
        form += "d"
    if T.is_complex:
        return each(lambda v: f"({form % v.real},{form % v.imag})".encode(), input)
    return each(lambda v: (form % (int(v) if T.is_integer else float(v))).encode(), input)


@rows.row("StringToNumber", host=True, shape=_same, gradient=rows.NONE)
def string_to_number(string_tensor: Any, *, out_type: Any) -> Any:
    kind = out_type.as_numpy_dtype

    def number(text: bytes) -> Any:
        try:
            if b"_" in text:
                raise ValueError
            if out_type.is_integer:
                found = int(text.strip(_SPACE))
                if not np.iinfo(kind).min <= found <= np.iinfo(kind).max:
                    raise ValueError
                return found
            bare = text.strip(_SPACE)
            return float.fromhex(bare.decode()) if b"x" in bare.lower() else float(bare)
        except ValueError:
            raise invalid(
                f"StringToNumberOp could not correctly convert string: {text.decode(errors='replace')}"
            ) from None

    with np.errstate(over="ignore"):
        return each(number, string_tensor, kind)


# Hashes and base64.


@rows.row("StringToHashBucketFast", host=True, shape=_same, gradient=rows.NONE)
def string_to_hash_bucket_fast(input: Any, *, num_buckets: int) -> Any:
    return each(lambda text: text_hashes.fingerprint64(text) % num_buckets, input, np.int64)


@rows.row("StringToHashBucket", host=True, shape=_same, gradient=rows.NONE)
def string_to_hash_bucket(string_tensor: Any, *, num_buckets: int) -> Any:
    return each(lambda text: text_hashes.murmur64(text) % num_buckets, string_tensor, np.int64)


@rows.row("StringToHashBucketStrong", host=True, shape=_same, gradient=rows.NONE)
def string_to_hash_bucket_strong(input: Any, *, num_buckets: int, key: list[int]) -> Any:
    if len(key) != 2:
        raise invalid("Key must have 2 elements")
    return each(lambda text: text_hashes.siphash24(text, (key[0], key[1])) % num_buckets, input, np.int64)


@rows.row("EncodeBase64", host=True, shape=_same, gradient=rows.NONE)
def encode_base64(input: Any, *, pad: bool) -> Any:
    return each(
        lambda text: base64.urlsafe_b64encode(text) if pad else base64.urlsafe_b64encode(text).rstrip(b"="), input
    )


@rows.row("DecodeBase64", host=True, shape=_same, gradient=rows.NONE)
def decode_base64(input: Any) -> Any:
    def decode(text: bytes) -> bytes:
        bare = text.rstrip(b"=")
        if re.fullmatch(rb"[A-Za-z0-9_-]*", bare) is None or len(bare) % 4 == 1:
            raise invalid("Invalid character found in base64.")
        return base64.urlsafe_b64decode(bare + b"=" * (-len(bare) % 4))

    return each(decode, input)
