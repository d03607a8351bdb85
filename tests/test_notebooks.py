"""Every tutorial and every notebook runs from top to bottom, and what it says about itself is so."""

import json
import os
import re
from pathlib import Path

import numpy as np
import pytest

import notebooks

TUTORIALS = sorted((notebooks.ROOT / "docs" / "tutorials").glob("*.md"))
EXAMPLES = sorted((notebooks.ROOT / "examples").glob("*.ipynb"))


def number(pattern, text):
    return float(re.search(pattern, text)[1])


def first_net(out, folder):
    assert number(r"([\d.]+)% of 1000 digits", out) > 80
    assert (folder / "first_net" / "scalars.jsonl").exists()


def own_training_loop(out, folder):
    first, last = (number(rf"(?m)^{step} (\S+)$", out) for step in (10, 30))
    assert last < first
    assert number(r"accuracy (\S+)", out) > 0.3


def tf1(out, folder):
    assert number(r"accuracy ([\d.]+)%", out) > 70
    assert number(r"largest difference (\S+)", out) < 1e-4


def devices(out, folder):
    four, one = map(float, re.search(r"devices: 4 loss: (\S+) on one device: (\S+)", out).groups())
    np.testing.assert_allclose(four, one, rtol=1e-3)
    assert re.search(r"fc3/weights .* on each device \(196, 256\) +25%", out)


def deployment(out, folder):
    assert number(r"accuracy (\S+)", out) > 0.7
    assert re.search(r"0\.png\n +[\d.]+ % +zero", out)
    assert re.search(r"LeNet/fc4/weights +float32 +\[1024, 10\]", out)


def digits(out, folder):
    assert number(r"([\d.]+)% of 1000 right", out) > 90


def fine_tuning(out, folder):
    assert number(r"fine-tuned +([\d.]+)%", out) > number(r"from random weights +([\d.]+)%", out)


# What they leave in their folders is looked at: these run in any case.
LEAVING_FILES = {"first_net"}


@pytest.mark.slow
@pytest.mark.parametrize("path", [*TUTORIALS, *EXAMPLES], ids=lambda path: path.stem)
def test_runs(path, tmp_path):
    printed, executed = None, os.environ.get("EXECUTED_NOTEBOOKS")
    if executed and path.stem not in LEAVING_FILES:
        printed = notebooks.printed_for_the_site(path, Path(executed))
    globals()[path.stem](notebooks.run(path, tmp_path) if printed is None else printed, tmp_path)


def test_what_the_site_printed_is_found_by_the_source(tmp_path):
    source, other = notebooks.code(TUTORIALS[0]).split("\n\n"), "a = 1"
    stream = {"output_type": "stream", "text": ["loss 1\n", "loss 2\n"]}
    for name, cells in {"this": source, "another": [*source, other]}.items():
        outputs = [
            stream | {"name": "stdout"},
            stream | {"name": "stderr"},
            {"output_type": "display_data", "data": {}},
        ]
        made = [{"cell_type": "code", "source": cell, "outputs": outputs if cell == other else []} for cell in cells]
        made[0]["outputs"] = [stream | {"name": "stdout", "text": [f"{name}\n"]}]
        (tmp_path / "executed" / name).mkdir(parents=True)
        (tmp_path / "executed" / name / "base.ipynb").write_text(json.dumps({"cells": made}))
    assert notebooks.printed_for_the_site(TUTORIALS[0], tmp_path) == "this\n"
    assert notebooks.printed_for_the_site(TUTORIALS[1], tmp_path) is None


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_is_kept_without_results(path):
    for cell in json.loads(path.read_text())["cells"]:
        assert not cell.get("outputs") and cell.get("execution_count") is None


@pytest.mark.parametrize("path", [*TUTORIALS, *EXAMPLES], ids=lambda path: path.stem)
def test_is_code(path):
    compile(notebooks.code(path), str(path), "exec")
