"""Rows that write values as text, and those on Unicode; how TensorFlow shortens values that it shows."""

import itertools
import unicodedata
from typing import Any

import numpy as np

from jax_slim.tf1.graph import rows, shape_inference
from jax_slim.tf1.operations.shaping import invalid
from jax_slim.tf1.operations.strings import each

_same = shape_inference.like_input()


def element(value: Any, quoted: bool = True) -> str:
    """One element as TensorFlow shows it: floats in their shortest form, texts escaped."""
    if isinstance(value, bytes):
        text = "".join(chr(b) if 32 <= b < 127 and b not in b"\\\"'" else _ESCAPES.get(b, f"\\{b:03o}") for b in value)
        return f'"{text}"' if quoted else text
    if isinstance(value, np.bool_ | bool):
        return ("1" if value else "0") if not quoted else str(int(value))
    if isinstance(value, np.integer | int):
        return str(int(value))
    if np.iscomplexobj(value):
        return f"({element(value.real)},{element(value.imag)})"
    return number(value)


_ESCAPES = {10: "\\n", 13: "\\r", 9: "\\t", 34: '\\"', 39: "\\'", 92: "\\\\"}


def number(value: Any) -> str:
    """A float in the shortest of two forms (6 or 9 digits, 15 or 17 for doubles) that gives it back."""
    kind = type(value) if isinstance(value, np.generic) else np.float64
    if np.isnan(value):
        return "nan"
    if np.isinf(value):
        return "inf" if float(value) > 0 else "-inf"
    short, long = (15, 17) if kind is np.float64 else (6, 9)
    text = f"{float(value):.{short}g}"
    return text if kind(text) == value else f"{float(value):.{long}g}"


def summarized(value: Any, limit: int) -> str:
    """An array as `tf.print` writes it: nested brackets, of each axis the first and the last `limit` entries (all for -1)."""
    value = np.asarray(value)
    return _axis(value, 0, value.ndim, limit)


def _axis(value: Any, depth: int, rank: int, limit: int) -> str:
    if depth == rank:
        return element(value[()] if isinstance(value, np.ndarray) else value)
    gap = " " if depth == rank - 1 else "\n" * (rank - depth - 1) + " " * (depth + 1)
    count = len(value)
    if limit < 0 or count <= 2 * limit:
        entries = [_axis(value[i], depth + 1, rank, limit) for i in range(count)]
    else:
        entries = [_axis(value[i], depth + 1, rank, limit) for i in range(limit)] + ["..."]
        entries += [_axis(value[i], depth + 1, rank, limit) for i in range(count - limit, count)]
    return "[" + gap.join(entries) + "]"


@rows.row("StringFormat", host=True, shape=shape_inference.scalar, gradient=rows.NONE)
def string_format(inputs: list[Any], *, template: bytes, placeholder: bytes, summarize: int) -> Any:
    pieces = template.split(placeholder)
    if len(pieces) != len(inputs) + 1:
        raise invalid(f"num placeholders in template and num inputs must match: {len(pieces) - 1} vs. {len(inputs)}")
    text = pieces[0]
    for value, piece in zip(inputs, pieces[1:], strict=True):
        text += summarized(value, summarize).encode() + piece
    result = np.empty((), object)
    result[()] = text
    return result


# The number that Unicode's library has for each script, by the first word of the names of its letters.
_SCRIPTS = {
    "LATIN": 25, "GREEK": 14, "CYRILLIC": 8, "ARABIC": 2, "HEBREW": 19, "HIRAGANA": 20, "KATAKANA": 22, "CJK": 17, "HANGUL": 18,
    "THAI": 38, "DEVANAGARI": 10, "ARMENIAN": 3, "BENGALI": 4, "GEORGIAN": 12, "GUJARATI": 15, "GURMUKHI": 16, "KANNADA": 21,
    "KHMER": 23, "LAO": 24, "MALAYALAM": 26, "MONGOLIAN": 27, "MYANMAR": 28, "ORIYA": 31, "SINHALA": 33, "SYRIAC": 34, "TAMIL": 35,
    "TELUGU": 36, "THAANA": 37, "TIBETAN": 39, "ETHIOPIC": 11, "CHEROKEE": 6, "BOPOMOFO": 5, "OGHAM": 29, "RUNIC": 32, "GOTHIC": 13,
}  # fmt: skip


@rows.row("UnicodeScript", host=True, shape=_same, gradient=rows.NONE)
def unicode_script(input: Any) -> Any:
    def script(code: int) -> int:
        if not 0 <= code < 0x110000:
            return -1
        letter = chr(int(code))
        if unicodedata.category(letter) == "Mn":
            return 1
        if not letter.isalpha():
            return 0
        return _SCRIPTS.get(unicodedata.name(letter, "").partition(" ")[0], 0)

    return each(script, input, np.int32)


_CODECS = {b"UTF-8": "utf-8", b"UTF-16-BE": "utf-16-be", b"UTF-32-BE": "utf-32-be"}


def decoded(text: bytes, encoding: str, errors: bytes, replacement: int) -> str:
    """A text of an encoding; what is not one is replaced, left out (`errors` b"ignore") or refused (b"strict")."""
    try:
        return text.decode(encoding)
    except UnicodeDecodeError:
        if errors == b"strict":
            raise invalid("Invalid formatting on input string") from None
        found = text.decode(encoding, "ignore" if errors == b"ignore" else "replace")
        return found if errors == b"ignore" else found.replace("\ufffd", chr(replacement))


@rows.row("UnicodeTranscode", host=True, shape=_same, gradient=rows.NONE)
def unicode_transcode(
    input: Any, *, input_encoding: bytes, output_encoding: bytes, errors: bytes, replacement_char: int
) -> Any:
    source = _CODECS.get(input_encoding, input_encoding.decode())
    return each(lambda text: decoded(text, source, errors, replacement_char).encode(_CODECS[output_encoding]), input)


def characters(text: bytes, encoding: str, errors: bytes, replacement: int, control: bool) -> list[tuple[str, int]]:
    """The characters of a text and the byte at which each begins; `control`: those below a blank are replaced as well."""
    found: list[tuple[str, int]] = []
    place = 0
    while place < len(text):
        try:
            good, bad, end = text[place:].decode(encoding), "", len(text)
        except UnicodeDecodeError as error:
            if errors == b"strict":
                raise invalid("Invalid formatting on input string") from None
            good = text[place : place + error.start].decode(encoding)
            bad, end = "" if errors == b"ignore" else chr(replacement), place + error.end
        for letter in good:
            found.append((chr(replacement) if control and ord(letter) < 32 else letter, place))
            place += len(letter.encode(encoding))
        found += [(letter, place) for letter in bad]
        place = end
    return found


@rows.row("UnicodeDecode", host=True, shape=lambda op: _decoded_shapes(op)[:2], gradient=rows.NONE)
def unicode_decode(input: Any, **facts: Any) -> Any:
    return unicode_decode_with_offsets(input, **facts)[:2]


@rows.row("UnicodeDecodeWithOffsets", host=True, shape=lambda op: _decoded_shapes(op), gradient=rows.NONE)
def unicode_decode_with_offsets(
    input: Any, *, input_encoding: bytes, errors: bytes, replacement_char: int, replace_control_characters: bool,
    Tsplits: Any,
) -> Any:  # fmt: skip
    source = _CODECS.get(input_encoding, input_encoding.decode())
    lines = [
        characters(text, source, errors, replacement_char, replace_control_characters)
        for text in np.asarray(input, object).reshape(-1)
    ]
    return [
        np.cumsum([0, *map(len, lines)]).astype(Tsplits.as_numpy_dtype),
        np.array([ord(letter) for line in lines for letter, _ in line], np.int32),
        np.array([place for line in lines for _, place in line], np.int64),
    ]


def _decoded_shapes(op: Any) -> list[Any]:
    count = op._inputs[0].shape.num_elements()
    return [(None if count is None else count + 1,), (None,), (None,)]


@rows.row("UnicodeEncode", host=True, shape=lambda op: [_rows_of(op._inputs[1])], gradient=rows.NONE)
def unicode_encode(
    input_values: Any, input_splits: Any, *, output_encoding: bytes, errors: bytes, replacement_char: int
) -> Any:
    def letter(code: int) -> str:
        if 0 <= code < 0x110000 and not 0xD800 <= code < 0xE000:
            return chr(code)
        if errors == b"strict":
            raise invalid("Code point is out of range for Unicode, or a noncharacter.")
        return "" if errors == b"ignore" else chr(replacement_char)

    letters = [letter(int(code)).encode(_CODECS[output_encoding]) for code in input_values]
    return _joined_rows(letters, input_splits)


def _rows_of(splits: Any) -> tuple[int | None]:
    count = splits.shape.num_elements()
    return (None if count is None else count - 1,)


def _joined_rows(texts: list[bytes], splits: Any) -> Any:
    found = np.empty(len(splits) - 1, object)
    found[:] = [b"".join(texts[a:b]) for a, b in itertools.pairwise(splits)]
    return found


@rows.row("StringNGrams", host=True, shape=lambda op: [(None,), op._inputs[1].shape], gradient=rows.NONE)
def string_n_grams(
    data: Any, data_splits: Any, *, separator: bytes, ngram_widths: Any, left_pad: bytes, right_pad: bytes, pad_width: int,
    preserve_short_sequences: bool,
) -> Any:  # fmt: skip
    """Neighbours in each row joined, for each width in turn; rows are padded on both sides, at most by a width less one."""
    found: list[bytes] = []
    splits = [0]
    for begin, end in itertools.pairwise(data_splits):
        row = list(data[begin:end])
        before = len(found)
        for width in ngram_widths:
            pad = width - 1 if pad_width < 0 else min(pad_width, width - 1)
            padded = [left_pad] * pad + row + [right_pad] * pad
            found += [separator.join(padded[i : i + width]) for i in range(len(padded) - width + 1)]
        if preserve_short_sequences and len(found) == before and row:
            pad = max(0, pad_width)
            found.append(separator.join([left_pad] * pad + row + [right_pad] * pad))
        splits.append(len(found))
    texts = np.empty(len(found), object)
    texts[:] = found
    return texts, np.array(splits, data_splits.dtype)
