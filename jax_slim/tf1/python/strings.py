"""`tf.string_split`, `tf.string_join`, `tf.substr` and their kin; `tf.strings`."""

from typing import Any

import numpy as np

from jax_slim.tf1.graph import building, conversion, dtypes, graphs
from jax_slim.tf1.graph.tensors import Tensor
from jax_slim.tf1.python import array
from jax_slim.tf1.python.array import deprecated


def string_join(inputs: Any, separator: str = "", name: str | None = None) -> Tensor:
    """Texts put together, element by element; scalars join all."""
    return building.make("StringJoin", inputs, separator=separator, name=name)


def reduce_join(inputs: Any, axis: Any = None, keep_dims: Any = None, separator: str = "", name: str | None = None,
                reduction_indices: Any = None, keepdims: Any = None) -> Tensor:  # fmt: skip
    """Texts put together along axes (all, the last running fastest)."""
    keepdims = deprecated("keepdims", keepdims, "keep_dims", keep_dims)
    axis = deprecated("axis", axis, "reduction_indices", reduction_indices)
    with graphs.name_scope(None, "ReduceJoin", [inputs, axis]):
        inputs = conversion.convert_to_tensor(inputs)
        if axis is None:
            rank = inputs.shape.ndims
            if rank is not None:
                axis = conversion.constant(np.arange(rank - 1, -1, -1), dtypes.int32)
            else:
                count: Any = array.rank(inputs)
                axis = building.make("Range", count - 1, -1, -1)
        return building.make("ReduceJoin", inputs, axis, keep_dims=bool(keepdims), separator=separator, name=name)


def unsorted_segment_join(
    inputs: Any, segment_ids: Any, num_segments: Any, separator: str = "", name: str | None = None
) -> Tensor:
    """Texts put together by the number of their segment."""
    return building.make("UnsortedSegmentJoin", inputs, segment_ids, num_segments, separator=separator, name=name)


def substr(input: Any, pos: Any, len: Any, name: str | None = None, unit: str = "BYTE") -> Tensor:
    """`len` bytes (or characters, `unit` 'UTF8_CHAR') of each text from `pos` on, from the end for a negative one."""
    return building.make("Substr", input, pos, len, unit=unit, name=name)


def substr_v2(input: Any, pos: Any, len: Any, unit: str = "BYTE", name: str | None = None) -> Tensor:
    """`substr`, in the order of arguments of later versions."""
    return substr(input, pos, len, name, unit)


def string_length(input: Any, name: str | None = None, unit: str = "BYTE") -> Tensor:
    """How many bytes (or characters, `unit` 'UTF8_CHAR') each text has."""
    return building.make("StringLength", input, unit=unit, name=name)


def _is_text(value: Any) -> bool:
    return isinstance(value, str | bytes)


def regex_replace(
    input: Any, pattern: Any, rewrite: Any, replace_global: bool = True, name: str | None = None
) -> Tensor:
    """Texts with each match of a pattern (the first, without `replace_global`) replaced; `\\1` is what a group matched."""
    if _is_text(pattern) and _is_text(rewrite):
        return building.make(
            "StaticRegexReplace", input, pattern=pattern, rewrite=rewrite, replace_global=replace_global, name=name
        )
    return building.make("RegexReplace", input, pattern, rewrite, replace_global=replace_global, name=name)


def regex_full_match(input: Any, pattern: Any, name: str | None = None) -> Tensor:
    """Whether the whole of each text matches a pattern."""
    if _is_text(pattern):
        return building.make("StaticRegexFullMatch", input, pattern=pattern, name=name)
    return building.make("RegexFullMatch", input, pattern, name=name)


def string_strip(input: Any, name: str | None = None) -> Tensor:
    """Texts without white space at both ends."""
    return building.make("StringStrip", input, name=name)


def string_lower(input: Any, encoding: str = "", name: str | None = None) -> Tensor:
    """Texts in lower case: ASCII's letters, or all with `encoding` 'utf-8'."""
    return building.make("StringLower", input, encoding=encoding, name=name)


def string_upper(input: Any, encoding: str = "", name: str | None = None) -> Tensor:
    """Texts in upper case: ASCII's letters, or all with `encoding` 'utf-8'."""
    return building.make("StringUpper", input, encoding=encoding, name=name)


def as_string(input: Any, precision: int = -1, scientific: bool = False, shortest: bool = False, width: int = -1, fill: str = "",
              name: str | None = None) -> Tensor:  # fmt: skip
    """Numbers as text, by printf's rules."""
    return building.make(
        "AsString",
        input,
        precision=precision,
        scientific=scientific,
        shortest=shortest,
        width=width,
        fill=fill,
        name=name,
    )


def string_to_number(
    string_tensor: Any = None, out_type: Any = dtypes.float32, name: str | None = None, input: Any = None
) -> Tensor:
    """Texts as numbers; a text that is none is an error when it is run."""
    string_tensor = deprecated("input", string_tensor, "string_tensor", None) if input is None else input
    return building.make("StringToNumber", string_tensor, out_type=out_type, name=name)


def to_number(input: Any, out_type: Any = dtypes.float32, name: str | None = None) -> Tensor:
    """`string_to_number`, by the name of later versions."""
    return string_to_number(input, out_type, name)


def string_to_hash_bucket(
    string_tensor: Any = None, num_buckets: Any = None, name: str | None = None, input: Any = None
) -> Tensor:
    """The number of a bucket for each text, by an old hash function. Use `string_to_hash_bucket_fast`."""
    return building.make(
        "StringToHashBucket", input if string_tensor is None else string_tensor, num_buckets=num_buckets, name=name
    )


def string_to_hash_bucket_fast(input: Any, num_buckets: Any, name: str | None = None) -> Tensor:
    """The number of a bucket for each text: the same on every machine and in every version."""
    return building.make("StringToHashBucketFast", input, num_buckets=num_buckets, name=name)


def string_to_hash_bucket_strong(input: Any, num_buckets: Any, key: Any, name: str | None = None) -> Tensor:
    """The number of a bucket for each text, by a hash with a key of two numbers."""
    return building.make("StringToHashBucketStrong", input, num_buckets=num_buckets, key=key, name=name)


def encode_base64(input: Any, pad: bool = False, name: str | None = None) -> Tensor:
    """Texts in base64 for addresses, without '=' at the end unless `pad`."""
    return building.make("EncodeBase64", input, pad=pad, name=name)


def decode_base64(input: Any, name: str | None = None) -> Tensor:
    """What undoes `encode_base64`."""
    return building.make("DecodeBase64", input, name=name)


def string_format(
    template: str, inputs: Any, placeholder: str = "{}", summarize: int = 3, name: str | None = None
) -> Tensor:
    """A text with tensors in place of `{}`, of each axis the first and last `summarize` entries.

    Raises:
      ValueError: as many placeholders as tensors are needed.
    """
    if isinstance(inputs, Tensor):
        inputs = [inputs]
    if template.count(placeholder) != len(inputs):
        raise ValueError(
            f"{template.count(placeholder)} placeholder(s) in template does not match {len(inputs)} tensor(s) provided as input"
        )
    return building.make(
        "StringFormat", list(inputs), template=template, placeholder=placeholder, summarize=summarize, name=name
    )


def unicode_script(input: Any, name: str | None = None) -> Tensor:
    """The number of the script of each code point."""
    return building.make("UnicodeScript", input, name=name)


def unicode_transcode(input: Any, input_encoding: str, output_encoding: str, errors: str = "replace", replacement_char: int = 65533,
                      replace_control_characters: bool = False, name: str | None = None) -> Tensor:  # fmt: skip
    """Texts of one encoding in another."""
    return building.make(
        "UnicodeTranscode", input, input_encoding=input_encoding, output_encoding=output_encoding, errors=errors,
        replacement_char=replacement_char, replace_control_characters=replace_control_characters, name=name,
    )  # fmt: skip
