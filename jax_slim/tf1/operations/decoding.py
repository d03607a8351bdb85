"""Rows that read bytes: numbers, lines of CSV, serialized tensors, packed texts, examples as JSON."""

import base64
import gzip
import json
import re
import zlib
from typing import Any

import numpy as np

from jax_slim.data import wire_format
from jax_slim.tf1.graph import rows, shape_inference, tensor_protos
from jax_slim.tf1.operations.shape_rules import length, refuse, sizes, unknown
from jax_slim.tf1.operations.shaping import invalid
from jax_slim.tf1.operations.strings import each

_same = shape_inference.like_input()


def _with_one_more(op: Any) -> Any:
    source = sizes(op)
    return [unknown() if source is None else (*source, None)]


@rows.row("DecodeRaw", host=True, shape=_with_one_more, gradient=rows.NONE)
def decode_raw(bytes: Any, *, out_type: Any, little_endian: bool) -> Any:
    texts = np.asarray(bytes, object)
    kind = np.dtype(out_type.as_numpy_dtype)
    lengths = {len(text) for text in texts.reshape(-1)}
    if len(lengths) > 1:
        raise invalid(f"DecodeRaw requires input strings to all be the same size, but got {sorted(lengths)}")
    size = lengths.pop() if lengths else 0
    if size % kind.itemsize:
        raise invalid(
            f"Input to DecodeRaw has length {size} that is not a multiple of {kind.itemsize}, the size of {out_type.name}"
        )
    whole = np.frombuffer(b"".join(texts.reshape(-1)), kind.newbyteorder("<" if little_endian else ">"))
    return whole.astype(kind).reshape((*texts.shape, size // kind.itemsize))


@rows.row("DecodePaddedRaw", host=True, shape=_with_one_more, gradient=rows.NONE)
def decode_padded_raw(input_bytes: Any, fixed_length: Any, *, out_type: Any, little_endian: bool) -> Any:
    size = int(fixed_length)
    if size <= 0 or size % np.dtype(out_type.as_numpy_dtype).itemsize:
        raise invalid(f"fixed_length ({size}) must be a multiple of the size of out_type ({out_type.name})")
    return decode_raw(
        each(lambda text: text[:size].ljust(size, b"\0"), input_bytes), out_type=out_type, little_endian=little_endian
    )


# CSV.


def _columns(op: Any) -> Any:
    for place in range(1, len(op._inputs)):
        found = op._inputs[place].shape
        if found.ndims is not None and found.ndims > 1:
            refuse(op, f"Shape must be at most rank 1 but is rank {found.ndims}")
        if found.ndims == 1 and (length(op, place) or 0) > 1:
            refuse(op, f"Shape of a default must be a length-0 or length-1 vector, or a scalar, got {found}")
    return [op._inputs[0].shape for _ in op.outputs]


def fields_of(line: bytes, delimiter: bytes, quotes: bool) -> list[bytes]:
    """The fields of a line: what stands in quotes may hold delimiters, and doubled quotes for one. Line ends before a field are skipped.

    Raises:
      InvalidArgumentError: quotes or line ends are where none may be.
    """
    if line and b"\n" not in line and b"\r" not in line and not (quotes and b'"' in line):
        return line.split(delimiter)
    found, at = [], 0
    while at < len(line):
        if line[at : at + 1] in (b"\n", b"\r"):
            at += 1
            continue
        if quotes and line[at : at + 1] == b'"':
            match = _QUOTED.match(line, at)
            if match is None or line[match.end() : match.end() + 1] not in (delimiter, b""):
                raise invalid("Quoted field has to end with quote followed by delim or end")
            found.append(match.group(1).replace(b'""', b'"'))
            at = match.end() + 1
            continue
        stop = line.find(delimiter, at)
        part = line[at : len(line) if stop < 0 else stop]
        if (quotes and b'"' in part) or b"\n" in part or b"\r" in part:
            raise invalid("Unquoted fields cannot have quotes/CRLFs inside")
        found.append(part)
        at += len(part) + 1
    return [*found, b""] if line.endswith(delimiter) else found


_QUOTED = re.compile(rb'"((?:[^"]|"")*)"', re.DOTALL)


@rows.row("DecodeCSV", host=True, shape=_columns, gradient=rows.NONE)
def decode_csv(records: Any, record_defaults: list[Any], *, OUT_TYPE: list[Any], field_delim: bytes, use_quote_delim: bool, na_value: bytes,
               select_cols: list[int]) -> Any:  # fmt: skip
    if len(field_delim) != 1:
        raise invalid("field_delim should be only 1 char")
    records = np.asarray(records, object)
    result = [np.empty(records.shape, kind.as_numpy_dtype) for kind in OUT_TYPE]
    for number, place in enumerate(np.ndindex(*records.shape)):
        found = fields_of(records[place], field_delim, use_quote_delim)
        if select_cols:
            found = [found[c] for c in select_cols if c < len(found)]
        if len(found) != len(OUT_TYPE):
            raise invalid(f"Expect {len(OUT_TYPE)} fields but have {len(found)} in record {number}")
        for column, (text, kind, default) in enumerate(zip(found, OUT_TYPE, record_defaults, strict=True)):
            if text in (b"", na_value):
                if np.size(default) == 0:
                    raise invalid(f"Field {column} is required but missing in record {number}!")
                result[column][place] = np.asarray(default).reshape(-1)[0]
            else:
                result[column][place] = _field(text, kind, column, number)
    return result


def _field(text: bytes, kind: Any, column: int, record: int) -> Any:
    if kind.name == "string":
        return text
    try:
        if b"_" in text:
            raise ValueError
        value = int(text) if kind.is_integer else float(text)
        if kind.is_integer and not np.iinfo(kind.as_numpy_dtype).min <= value <= np.iinfo(kind.as_numpy_dtype).max:
            raise ValueError
        return value
    except ValueError:
        name = {"float32": "float", "float64": "double"}.get(kind.name, kind.name)
        raise invalid(
            f"Field {column} in record {record} is not a valid {name}: {text.decode(errors='replace')}"
        ) from None


# Tensors.


def _one_text(text: bytes) -> np.ndarray:
    result = np.empty((), object)
    result[()] = text
    return result


@rows.row("SerializeTensor", host=True, shape=shape_inference.scalar, gradient=rows.NONE)
def serialize_tensor(tensor: Any, *, T: Any) -> Any:
    tensor = np.asarray(tensor)
    proto = tensor_protos.make_tensor_proto(tensor if tensor.size != 1 else tensor.reshape(tensor.shape), T)
    if T.name != "string":
        for field, _ in proto.ListFields():
            if field.name.endswith("_val"):
                proto.ClearField(field.name)
        proto.tensor_content = np.ascontiguousarray(tensor).tobytes()
    return _one_text(proto.SerializeToString())


@rows.row("ParseTensor", host=True, shape=shape_inference.unknown, gradient=rows.NONE)
def parse_tensor(serialized: Any, *, out_type: Any) -> Any:
    from google.protobuf.message import DecodeError
    from tensorboard.compat.proto import tensor_pb2

    text = np.asarray(serialized, object)[()]
    try:
        proto = tensor_pb2.TensorProto.FromString(text)  # pyright: ignore[reportAttributeAccessIssue] - made on import
    except DecodeError:
        raise invalid(f"Could not parse `serialized` as TensorProto: {text[:60]!r}") from None
    if proto.dtype != int(out_type):
        raise invalid(f"Type mismatch between parsed tensor (number {proto.dtype}) and dtype ({out_type.name})")
    return tensor_protos.make_ndarray(proto)


# Packed texts, and examples as JSON.


@rows.row("DecodeCompressed", host=True, shape=_same, gradient=rows.NONE)
def decode_compressed(bytes: Any, *, compression_type: bytes) -> Any:
    if compression_type not in (b"", b"ZLIB", b"GZIP"):
        raise invalid(f"Only ZLIB, GZIP or NONE are supported compressions, got {compression_type.decode()}")
    unpack = {b"": lambda text: text, b"ZLIB": zlib.decompress, b"GZIP": gzip.decompress}[compression_type]
    return each(unpack, bytes)


@rows.row("DecodeJSONExample", host=True, shape=_same, gradient=rows.NONE)
def decode_json_example(json_examples: Any) -> Any:
    def decode(text: bytes) -> bytes:
        try:
            features = json.loads(text).get("features", {}).get("feature", {})
            return wire_format.message(
                1, wire_format.features({name: _json_feature(value) for name, value in features.items()})
            )
        except (ValueError, AttributeError, TypeError) as error:
            raise invalid(f"Error while parsing JSON: {error}") from None

    return each(decode, json_examples)


def _json_feature(value: dict[str, Any]) -> bytes:
    for name, kind in (("bytesList", "string"), ("floatList", "float32"), ("int64List", "int64")):
        found = value.get(name, value.get(name.replace("List", "_list")))
        if found is None:
            continue
        listed = found.get("value", [])
        if kind == "string":
            return wire_format.feature(kind, [base64.b64decode(one) for one in listed])
        return wire_format.feature(kind, np.array([float(v) if kind == "float32" else int(v) for v in listed], kind))
    return b""
