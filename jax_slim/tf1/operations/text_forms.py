"""Rows that write values as text, and those on Unicode; how TensorFlow shortens values that it shows."""

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


@rows.row("UnicodeDecode", host=True, shape=lambda op: [(None,), (None,)], gradient=rows.NONE)
def unicode_decode(input: Any, *, input_encoding: bytes, errors: bytes, replacement_char: int) -> Any:
    source = _CODECS.get(input_encoding, input_encoding.decode())
    lines = [decoded(text, source, errors, replacement_char) for text in np.asarray(input, object).reshape(-1)]
    return [
        np.cumsum([0, *map(len, lines)]).astype(np.int64),
        np.array([ord(c) for line in lines for c in line], np.int32),
    ]
