"""Examples by number: arrays, decoded records, folders of images; and the provider that gives them one by one."""

import itertools
import json

import numpy as np
import pytest

from jax_slim.data import (
    ArrayExamples,
    DataLossError,
    Dataset,
    DecodedRecords,
    FixedLenFeature,
    ImageFolder,
    OutOfRangeError,
    TFRecords,
    encode_jpeg,
    encode_png,
    make_example,
    tfexample_decoder,
    write_tfrecords,
)
from jax_slim.data.dataset_data_provider import DatasetDataProvider

DECODER = tfexample_decoder.TFExampleDecoder(
    {
        "image/encoded": FixedLenFeature((), "string"),
        "image/format": FixedLenFeature((), "string", "png"),
        "label": FixedLenFeature((), np.int64),
    },
    {"image": tfexample_decoder.Image(), "label": tfexample_decoder.Tensor("label")},
)


def pixels(number):
    return np.full((3, 4, 3), number, np.uint8)


def dataset(folder, damaged=(), count=10):
    encoded = [encode_png(pixels(number))[: 20 if number in damaged else None] for number in range(count)]
    records = [make_example({"image/encoded": one, "label": number}) for number, one in enumerate(encoded)]
    write_tfrecords(folder / "train", records, 3)
    return Dataset(f"{folder}/train-*", None, DECODER, count, {"image": "grey", "label": "how grey"}, num_classes=count)


def test_arrays():
    examples = ArrayExamples({"x": np.arange(6).reshape(3, 2), "y": [5, 6, 7]})
    assert len(examples) == 3
    assert examples[1]["x"].tolist() == [2, 3] and examples[1]["y"] == 6
    with pytest.raises(ValueError, match="ArrayExamples: arrays must be one or more of the same length"):
        ArrayExamples({"x": np.zeros(3), "y": np.zeros(4)})


def test_decoded_records(tmp_path):
    source = dataset(tmp_path, damaged=[4])
    assert source.num_classes == 10 and source.num_samples == 10
    records = TFRecords(source.data_sources)
    examples = DecodedRecords(records, DECODER)
    assert len(examples) == 10 and examples.items == ["image", "label"]
    np.testing.assert_array_equal(examples[7]["image"], pixels(7))
    assert [one["label"] for one in DecodedRecords(records, DECODER, ["label"])[2:6:3]] == [2, 5]
    with pytest.raises(DataLossError, match=f"{records.key(4)}: decode_image: contents must be a whole PNG image"):
        examples[4]
    with pytest.raises(ValueError, match=r"items must be among \['image', 'label'\], got 'labels'"):
        DecodedRecords(records, DECODER, ["labels"])


def test_a_folder_of_images(tmp_path):
    for number, name in enumerate(["roses/b.PNG", "roses/a.jpeg", "daisy/1.jpg", "daisy/notes.txt", "roses/.c.jpg"]):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(encode_png(pixels(number)) if "PNG" in name else encode_jpeg(pixels(number)))
    (tmp_path / ".cache").mkdir()
    (tmp_path / "README").write_text("")
    with pytest.warns(UserWarning, match="ImageFolder: passed over, no images by their names: 1 .txt"):
        images = ImageFolder(tmp_path)
    assert images.passed_over == {".txt": 1}
    assert images.class_names == ["daisy", "roses"] and images.labels.tolist() == [0, 1, 1]
    assert [path.name for path in images.paths] == ["1.jpg", "a.jpeg", "b.PNG"]
    np.testing.assert_array_equal(images[2]["image"], pixels(0))
    assert images[2]["label"] == 1 and images[-3]["label"] == 0 and len(images[:2]) == 2
    assert ImageFolder(tmp_path, ["roses"]).labels.tolist() == [0, 0]
    (tmp_path / "daisy" / "1.jpg").write_text("no image")
    with pytest.raises(
        DataLossError, match=r"daisy/1.jpg: decode_image: contents must be .* got text that begins with"
    ):
        images[0]
    (tmp_path / "empty").mkdir()
    for options, kind, message in (
        (
            {"root": tmp_path},
            ValueError,
            "ImageFolder: each class must have images that end in .jpg, .* got none in .*empty",
        ),
        ({"root": tmp_path / "no"}, FileNotFoundError, "ImageFolder: root must be a folder, got"),
        ({"root": tmp_path / "empty"}, ValueError, "must hold a folder of images for each class"),
        ({"root": tmp_path, "class_names": ["tulips"]}, FileNotFoundError, "there must be a folder for each class"),
    ):
        with pytest.raises(kind, match=message):
            ImageFolder(**options)


def test_the_provider_gives_examples_in_turn(tmp_path):
    provider = DatasetDataProvider(dataset(tmp_path), shuffle=False, num_epochs=1)
    assert provider.list_items() == ["image", "label", "record_key"] and provider.num_samples() == 10
    label, image = provider.get(["label", "image"])
    assert label == 0 and image.tolist() == pixels(0).tolist()
    records = TFRecords(f"{tmp_path}/train-*")
    assert provider.get(["record_key"]) == [records.key(1).encode()]
    assert [one["label"] for one in provider] == list(range(2, 10))
    with pytest.raises(OutOfRangeError, match="get: there are no more examples after 10"):
        provider.get(["label"])
    with pytest.raises(ValueError, match=r"get: items must be among \['image', 'label', 'record_key'\], got 'x'"):
        provider.get(["x"])


def test_the_provider_shuffles_and_resumes(tmp_path):
    def labels(provider, count):
        return [int(one["label"]) for one in itertools.islice(provider, count)]

    source = dataset(tmp_path)
    provider = DatasetDataProvider(source, seed=3)
    epochs = [labels(provider, 10) for _ in range(3)]
    assert all(sorted(epoch) == list(range(10)) for epoch in epochs)
    assert len({tuple(epoch) for epoch in [*epochs, range(10)]}) == 4
    again = DatasetDataProvider(source, num_readers=4, seed=3)
    assert labels(again, 7) == epochs[0][:7]
    state = json.loads(json.dumps(again.get_state()))
    other = DatasetDataProvider(source)
    assert other.get_state()["seed"] != DatasetDataProvider(source).get_state()["seed"]
    other.set_state(state)
    assert labels(other, 13) == epochs[0][7:] + epochs[1]
    with pytest.raises(ValueError, match="set_state: state must be what get_state returned"):
        other.set_state({})


def test_the_provider_at_damage(tmp_path):
    provider = DatasetDataProvider(dataset(tmp_path, damaged=[2]), shuffle=False, num_epochs=1)
    assert [provider.get(["label", "image"])[0] for _ in range(2)] == [0, 1]
    with pytest.raises(DataLossError, match="decode_image: contents must be a whole PNG"):
        provider.get(["label", "image"])
    assert provider.get(["label", "image"])[0] == 3
    for options, message in (
        ({"record_key": "label"}, "record_key must not be the name of an item of the data set, got 'label'"),
        ({"num_epochs": 0}, "num_epochs must be at least 1 or None, got 0"),
    ):
        with pytest.raises(ValueError, match=message):
            DatasetDataProvider(dataset(tmp_path), **options)
