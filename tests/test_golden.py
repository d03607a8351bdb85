"""The definitions in golden.py make the very bits that the references were computed with."""

import json
import zlib

import numpy as np
import pytest

import golden

CHECKSUMS = json.loads((golden.FOLDER / "conventions.json").read_text())
AREAS = ("initializers", "layers", "losses", "metrics", "naming", "nets", "training")


def made(entry):
    if "name" in entry:
        return golden.det_value(entry["name"], entry["shape"])
    if "spec" in entry:
        return golden.make_input(entry["spec"])
    return golden.cotangent(entry["seed"], entry["shape"])


@pytest.mark.parametrize("entry", CHECKSUMS, ids=lambda entry: entry.get("name") or str(entry.get("spec", "cotangent")))
def test_values_have_the_checksums_of_the_references(entry):
    value = made(entry)
    assert value.ravel()[0] == pytest.approx(entry["first"], rel=1e-6)
    assert zlib.crc32(value.tobytes()) == entry["crc32"]


@pytest.mark.parametrize("area", AREAS)
def test_areas_load_and_arrays_belong_to_cases(area):
    cases = golden.cases(area)
    assert cases
    strays = {key for key in golden.arrays(area) if key.split("/")[0] not in cases}
    assert not strays
    assert sum(len(golden.case_arrays(area, case_id)) for case_id in cases) == len(golden.arrays(area))


def test_every_output_that_was_run_has_its_array():
    for case_id, case in golden.cases("layers").items():
        if case.get("graph_only") or case.get("stats_only"):  # never run, or random
            continue
        stored = golden.case_arrays("layers", case_id)
        assert {output["key"] for output in case.get("outputs", [])} <= set(stored), case_id


def test_arrays_are_read_only():
    with pytest.raises(ValueError, match="read-only"):
        golden.arrays("layers")["conv2d_001/out/0"][:] = 0


def test_an_area_without_arrays_is_empty():
    assert golden.arrays("naming") == {}


def test_make_input_takes_another_seed():
    spec = {"kind": "normal", "shape": [4], "seed": 1, "dtype": "float32"}
    assert not np.array_equal(golden.make_input(spec), golden.make_input(spec, seed=2))


def test_make_input_refuses_an_unknown_kind():
    with pytest.raises(ValueError, match="kind must be normal, uniform, int or values, got 'gamma'"):
        golden.make_input({"kind": "gamma", "shape": [2], "seed": 1})
