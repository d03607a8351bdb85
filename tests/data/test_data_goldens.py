"""TFRecord files, decoders and images as TensorFlow 1.15.5 reads them."""

import base64
import itertools
import zlib

import numpy as np
import pytest

import golden
from jax_slim.data import features, image_codecs, tfexample_decoder
from jax_slim.data.dataset import Dataset
from jax_slim.data.dataset_data_provider import DatasetDataProvider
from jax_slim.data.errors import OutOfRangeError
from jax_slim.data.tfrecords import TFRecords, read_tfrecords


def of_kind(kind):
    return [name for name, case in golden.cases("data").items() if case["kind"] == kind]


def checksum(record):
    return f"{len(record)}:{zlib.crc32(record):08x}"


@pytest.mark.parametrize("name", of_kind("records"))
def test_records(name):
    case = golden.cases("data")[name]
    path = str(golden.FOLDER / case["file"])
    read = []

    def all_of_them():
        for record in read_tfrecords(path, case["compression"]):
            read.append(checksum(record))  # noqa: PERF401 - what was read before an error counts

    if "error" not in case:
        all_of_them()
        assert [checksum(record) for record in TFRecords(path, case["compression"])] == case["records_crc32"]
    else:
        message = case["error"]["message"] if "inflate" not in case["error"]["message"] else "incorrect header check"
        with pytest.raises(ValueError, match=message):
            all_of_them()
        with pytest.raises(ValueError, match=message):
            list(TFRecords(path, case["compression"]))
    assert read == case["records_crc32"]


@pytest.mark.parametrize("name", [name for name in of_kind("records") if "bad" not in name])
def test_compression_is_found_out(name):
    case = golden.cases("data")[name]
    path = str(golden.FOLDER / case["file"])
    assert [checksum(record) for record in read_tfrecords(path)] == case["records_crc32"]
    assert [checksum(record) for record in TFRecords(path)] == case["records_crc32"]


class Table:
    def lookup(self, values):
        known = {b"cat": 3, b"dog": 7, b"bird": 11}
        return np.array([known.get(value, -1) for value in values], np.int64)


def area(parsed):
    ymin, xmin, ymax, xmax = (parsed[f"image/object/bbox/{side}"].values for side in ("ymin", "xmin", "ymax", "xmax"))
    return (ymax - ymin) * (xmax - xmin)


def made(spec):
    """What a spec of a case stands for."""
    if isinstance(spec, list):
        return [made(one) for one in spec]
    if not isinstance(spec, dict):
        return spec
    if "dtype" in spec:
        return np.dtype(spec["dtype"])
    if "fn" in spec:
        return {"case.area": area}[spec["fn"]]
    if spec["call"] == "case.table":
        return Table()
    function = getattr(tfexample_decoder, spec["call"].removeprefix("handler."))
    return function(*made(spec.get("args", [])), **{key: made(value) for key, value in spec.get("kwargs", {}).items()})


def feature(spec):
    match spec["kind"]:
        case "FixedLen":
            return features.FixedLenFeature(spec["shape"], spec["dtype"], spec.get("default"))
        case "VarLen":
            return features.VarLenFeature(spec["dtype"])
    return features.FixedLenSequenceFeature(spec["shape"], spec["dtype"], allow_missing=True)


def compare(got, described, arrays, place):
    if described["kind"] == "sparse":
        np.testing.assert_array_equal(got.indices, arrays[f"{place}/indices"])
        np.testing.assert_array_equal(got.values, arrays[f"{place}/values"])
        assert got.dense_shape.tolist() == described["shape"]
    elif described["kind"] == "bytes":
        array = np.array(got, object)
        assert list(array.shape) == described["shape"]
        assert [base64.b64encode(one).decode() for one in array.flat] == described["base64"]
        assert all(type(one) is bytes for one in array.flat)
    else:
        expected = arrays[place]
        assert (got.dtype, list(got.shape)) == (expected.dtype, described["shape"])
        np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("name", of_kind("decode"))
def test_decoding(name):
    case, arrays = golden.cases("data")[name], golden.case_arrays("data", name)
    declared = {key: feature(spec) for key, spec in case["keys_to_features"].items()}
    handlers = {item: made(spec) for item, spec in case["items_to_handlers"].items()}
    decoder = tfexample_decoder.TFExampleDecoder(declared, handlers)
    records = TFRecords(golden.FOLDER / case["file"])[case["first_record"] :]
    if "error" in case:
        kind = {"KeyError": KeyError, "TypeError": TypeError}[case["error"]["type"]]
        with pytest.raises(kind):
            decoder.decode(records[0], case["items"])
        return
    for number, (record, results) in enumerate(zip(records, case["results"], strict=False)):
        if "error" in results:
            with pytest.raises(ValueError, match=r"must|required"):
                decoder.decode(record, case["items"])
            continue
        for item, got in zip(case["items"], decoder.decode(record, case["items"]), strict=True):
            compare(got, results[item], arrays, f"{number}/{item}")


@pytest.mark.parametrize("name", of_kind("image"))
def test_images(name):
    case, arrays = golden.cases("data")[name], golden.case_arrays("data", name)
    encoded = base64.b64decode(case["encoded_base64"])
    for way, expected in arrays.items():
        if way == "original":
            continue
        if image_codecs.image_format(encoded) == "jpeg":
            got = image_codecs.decode_jpeg(encoded, dct_method="" if way == "default" else way)
        else:
            got = image_codecs.decode_png(encoded, dtype=expected.dtype)
        assert got.dtype == expected.dtype
        np.testing.assert_array_equal(got, expected)


def test_provider():
    case = golden.cases("data")["provider"]
    decoder = tfexample_decoder.TFExampleDecoder(
        {"image/class/label": features.FixedLenFeature((), np.int64)},
        {"label": tfexample_decoder.Tensor("image/class/label")},
    )
    dataset = Dataset(str(golden.FOLDER / case["pattern"]), None, decoder, case["num_samples"], {"label": "a number"})
    provider = DatasetDataProvider(dataset, shuffle=False, num_epochs=1)
    assert sorted(provider.list_items()) == case["list_items"]
    assert provider.num_samples() == case["num_samples"]
    labels = [int(provider.get(["label"])[0]) for _ in case["one_epoch"]]
    assert labels == case["one_epoch"]
    with pytest.raises(OutOfRangeError):
        provider.get(["label"])
    endless = DatasetDataProvider(dataset, shuffle=False)
    assert [int(one["label"]) for one in itertools.islice(endless, len(case["no_limit"]))] == case["no_limit"]
