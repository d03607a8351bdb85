"""Texts in pieces: `tf.strings.split`, `bytes_split`, `ngrams`, and the characters of texts."""

from typing import Any

from jax_slim.tf1.graph import building, conversion, dtypes, graphs
from jax_slim.tf1.graph.composites import SparseTensor
from jax_slim.tf1.graph.tensors import Tensor
from jax_slim.tf1.python import array, joining, ragged
from jax_slim.tf1.python.array import deprecated
from jax_slim.tf1.python.ragged import RaggedTensor


def string_split(source: Any = None, sep: Any = None, skip_empty: bool = True, delimiter: Any = None, result_type: str = "SparseTensor",
                 name: str | None = None) -> Any:  # fmt: skip
    """The pieces of each text of a vector, cut at any of the characters of `sep` (a blank): a sparse matrix, or ragged rows.

    Args:
      result_type: 'SparseTensor' or 'RaggedTensor'.
    """
    sep = deprecated("sep", sep, "delimiter", delimiter)
    with graphs.name_scope(name, "StringSplit", [source]):
        sign = conversion.convert_to_tensor(" " if sep is None else sep, dtype=dtypes.string)
        source = conversion.convert_to_tensor(source, dtype=dtypes.string)
        made = building.make("StringSplit", source, sign, skip_empty=skip_empty)
        return _rows(made, source) if _is_ragged("string_split", result_type) else SparseTensor(*made)


def split(input: Any = None, sep: Any = None, maxsplit: int = -1, result_type: str = "SparseTensor", source: Any = None,
          name: str | None = None) -> Any:  # fmt: skip
    """The pieces of each text, cut as Python's `str.split` does.

    Args:
      input: texts; of any rank, or ragged, for ragged pieces.
      result_type: 'SparseTensor', for a vector of texts, or 'RaggedTensor', which has an axis more than `input`.

    Raises:
      ValueError: another result type, a sparse tensor of texts that are no vector.
    """
    input = deprecated("input", input, "source", source)
    with graphs.name_scope(name, "StringSplit", [input]):
        texts = ragged.ragged_or_tensor(input, dtypes.string)
        if _is_ragged("split", result_type):
            return _split_rows(texts, sep, maxsplit)
        if not isinstance(texts, RaggedTensor) and texts.shape.ndims == 0:
            texts = array.expand_dims(texts, 0)
        if isinstance(texts, RaggedTensor) or texts.shape.ndims not in (None, 1):
            return _split_rows(texts, sep, maxsplit).to_sparse()
        return SparseTensor(*_split(texts, sep, maxsplit))


def split_v2(input: Any, sep: Any = None, maxsplit: int = -1, name: str | None = None) -> Any:
    """`split` of TensorFlow 2: the pieces are ragged, of a scalar a vector."""
    with graphs.name_scope(name, "StringSplit", [input]):
        return _split_rows(ragged.ragged_or_tensor(input, dtypes.string), sep, maxsplit)


def _is_ragged(function: str, result_type: str) -> bool:
    if result_type not in ("SparseTensor", "RaggedTensor"):
        raise ValueError(f"tf.strings.{function}: result_type must be 'RaggedTensor' or 'SparseTensor', got {result_type!r}.")  # fmt: skip
    return result_type == "RaggedTensor"


def _split(texts: Tensor, sep: Any, maxsplit: int) -> Any:
    sign = conversion.convert_to_tensor("" if sep is None else sep, dtype=dtypes.string)
    return building.make("StringSplitV2", texts, sign, maxsplit=maxsplit)


def _rows(sparse: Any, texts: Tensor) -> RaggedTensor:
    """The parts of a sparse matrix without holes as rows, one for each of the texts."""
    indices, values, shape = sparse
    count = texts.shape.num_elements()
    return RaggedTensor.from_value_rowids(values, indices[:, 0], shape[0] if count is None else count)


def _split_rows(texts: Any, sep: Any, maxsplit: int) -> Any:
    return _of_vectors(texts, lambda vector: _rows(_split(vector, sep, maxsplit), vector))


def _of_vectors(texts: Any, function: Any) -> Any:
    """What a function makes of vectors, for texts of any rank, or ragged ones: rows in their places."""
    if isinstance(texts, RaggedTensor):
        return texts.with_flat_values(_of_vectors(texts.flat_values, function))
    rank = texts.shape.ndims
    if rank is None:
        raise ValueError("The rank of texts must be known for ragged results.")
    if rank == 0:
        return function(joining.stack([texts])).values
    if rank == 1:
        return function(texts)
    return _of_vectors(RaggedTensor.from_tensor(texts, ragged_rank=rank - 1), function)


def bytes_split(input: Any, name: str | None = None) -> Any:
    """The bytes of each text: ragged, of a scalar a vector."""
    with graphs.name_scope(name, "StringsByteSplit", [input]):
        texts = ragged.ragged_or_tensor(input, dtypes.string)
        return _of_vectors(
            texts, lambda vector: _rows(building.make("StringSplit", vector, "", skip_empty=False), vector)
        )


def unicode_decode(input: Any, input_encoding: str, errors: str = "replace", replacement_char: int = 0xFFFD,
                   replace_control_characters: bool = False, name: str | None = None) -> Any:  # fmt: skip
    """The code points of each text, int32: ragged, of a scalar a vector.

    Args:
      input_encoding: 'UTF-8', 'UTF-16-BE', 'UTF-32-BE' or another one that Python knows.
      errors: 'strict', 'replace' (by `replacement_char`) or 'ignore' for what is no character.
      replace_control_characters: whether characters below a blank are replaced too.
    """
    with graphs.name_scope(name, "UnicodeDecode", [input]):
        return _decoded(input, input_encoding, errors, replacement_char, replace_control_characters)[0]


def unicode_decode_with_offsets(input: Any, input_encoding: str, errors: str = "replace", replacement_char: int = 0xFFFD,
                                replace_control_characters: bool = False, name: str | None = None) -> Any:  # fmt: skip
    """`unicode_decode`, and the byte at which each code point begins, int64."""
    with graphs.name_scope(name, "UnicodeDecodeWithOffsets", [input]):
        return _decoded(input, input_encoding, errors, replacement_char, replace_control_characters)


def unicode_split(input: Any, input_encoding: str, errors: str = "replace", replacement_char: int = 0xFFFD,
                  name: str | None = None) -> Any:  # fmt: skip
    """The characters of each text as texts of the same encoding: ragged, of a scalar a vector."""
    return unicode_split_with_offsets(input, input_encoding, errors, replacement_char, name)[0]


def unicode_split_with_offsets(input: Any, input_encoding: str, errors: str = "replace", replacement_char: int = 0xFFFD,
                               name: str | None = None) -> Any:  # fmt: skip
    """`unicode_split`, and the byte at which each character begins, int64."""
    with graphs.name_scope(name, "UnicodeSplitWithOffsets", [input]):
        codes, offsets = _decoded(input, input_encoding, errors, replacement_char, False)
        flat = codes.flat_values if isinstance(codes, RaggedTensor) else codes
        letters = unicode_encode(array.expand_dims(flat, 1), input_encoding, errors, replacement_char)
        return (codes.with_flat_values(letters) if isinstance(codes, RaggedTensor) else letters), offsets


def _decoded(input: Any, encoding: str, errors: str, replacement: int, control: bool) -> tuple[Any, Any]:
    texts = ragged.ragged_or_tensor(input, dtypes.string)

    def decode(vector: Tensor) -> Any:
        return building.make(
            "UnicodeDecodeWithOffsets", vector, input_encoding=encoding, errors=errors, replacement_char=replacement,
            replace_control_characters=control,
        )  # fmt: skip

    made: list[Any] = []

    def rows(vector: Tensor) -> RaggedTensor:
        made[:] = decode(vector)
        return RaggedTensor.from_row_splits(made[1], made[0])

    codes = _of_vectors(texts, rows)
    return codes, codes.with_flat_values(made[2]) if isinstance(codes, RaggedTensor) else made[2]


def unicode_encode(input: Any, output_encoding: str, errors: str = "replace", replacement_char: int = 65533,
                   name: str | None = None) -> Any:  # fmt: skip
    """Rows of code points as texts: an axis less than `input`, a tensor or ragged tensor of int32."""
    with graphs.name_scope(name, "UnicodeEncode", [input]):
        codes = ragged.ragged_or_tensor(input)
        if not isinstance(codes, RaggedTensor):
            rank = codes.shape.ndims
            if not rank:
                raise ValueError("unicode_encode: input must have a known rank of at least 1.")
            if rank == 1:
                row = RaggedTensor.from_row_splits(
                    codes, joining.stack([0, array.shape(codes, out_type=dtypes.int64)[0]])
                )
                return array.reshape(_encoded(row, output_encoding, errors, replacement_char), [])
            codes = RaggedTensor.from_tensor(codes, ragged_rank=rank - 1)
            texts = _encoded_inner(codes, output_encoding, errors, replacement_char)
            return texts.to_tensor() if isinstance(texts, RaggedTensor) else texts
        return _encoded_inner(codes, output_encoding, errors, replacement_char)


def _encoded_inner(codes: RaggedTensor, *facts: Any) -> Any:
    if isinstance(codes.values, RaggedTensor):
        return codes.with_values(_encoded_inner(codes.values, *facts))
    if (codes.values.shape.ndims or 1) > 1:
        return codes.with_values(unicode_encode(codes.values, *facts))
    return _encoded(codes, *facts)


def _encoded(rows: RaggedTensor, encoding: str, errors: str, replacement: int) -> Tensor:
    return building.make(
        "UnicodeEncode",
        rows.values,
        rows.row_splits,
        output_encoding=encoding,
        errors=errors,
        replacement_char=replacement,
    )


def ngrams(data: Any, ngram_width: Any, separator: str = " ", pad_values: Any = None, padding_width: int | None = None,
           preserve_short_sequences: bool = False, name: str | None = None) -> Any:  # fmt: skip
    """Neighbours along the last axis joined, so many at a time: 'a b', 'b c' of 'a', 'b', 'c' and 2.

    Args:
      data: texts, ragged or not, with at least one axis.
      ngram_width: a number or several; for each width its n-grams in turn.
      pad_values: (left, right) or one text for both, put before and behind each row; none by default.
      padding_width: how many of them, at most a width less one, which is the default.
      preserve_short_sequences: a row that is too short for any width is given whole.

    Returns:
      A ragged tensor; a vector for a vector.
    """
    widths = [ngram_width] if isinstance(ngram_width, int) else list(ngram_width)
    if padding_width is not None and padding_width < 1:
        raise ValueError("padding_width must be greater than 0.")
    if padding_width is not None and pad_values is None:
        raise ValueError("pad_values must be provided if padding_width is set.")
    if not widths or any(not isinstance(w, int) or w < 1 for w in widths):
        raise ValueError(f"All ngram_widths must be greater than 0. Got {ngram_width}")
    left, right = ("", "") if pad_values is None else pad_values if isinstance(pad_values, list | tuple) else (pad_values, pad_values)  # fmt: skip
    pad = 0 if pad_values is None else -1 if padding_width is None else padding_width
    with graphs.name_scope(name, "StringNGrams", [data]):
        texts = ragged.ragged_or_tensor(data, dtypes.string)
        flat = not isinstance(texts, RaggedTensor) and texts.shape.ndims == 1
        if not isinstance(texts, RaggedTensor):
            if not texts.shape.ndims:
                raise ValueError("Data must have rank>0, and it must be known.")
            texts = RaggedTensor.from_row_splits(texts, joining.stack([0, array.shape(texts, out_type=dtypes.int64)[0]])) if flat else RaggedTensor.from_tensor(texts, ragged_rank=texts.shape.ndims - 1)  # fmt: skip

        def inner(rows: RaggedTensor) -> RaggedTensor:
            if isinstance(rows.values, RaggedTensor):
                return rows.with_values(inner(rows.values))
            found, splits = building.make(
                "StringNGrams", rows.values, rows.row_splits, separator=separator, ngram_widths=widths, left_pad=left,
                right_pad=right, pad_width=pad, preserve_short_sequences=preserve_short_sequences,
            )  # fmt: skip
            return RaggedTensor.from_row_splits(found, splits)

        found = inner(texts)
        return found.values if flat else found
