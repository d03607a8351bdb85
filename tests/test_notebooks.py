"""Every tutorial and every notebook runs from top to bottom, and what it says about itself is so."""

import json
import re

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


@pytest.mark.slow
@pytest.mark.parametrize("path", [*TUTORIALS, *EXAMPLES], ids=lambda path: path.stem)
def test_runs(path, tmp_path):
    globals()[path.stem](notebooks.run(path, tmp_path), tmp_path)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_is_kept_without_results(path):
    for cell in json.loads(path.read_text())["cells"]:
        assert not cell.get("outputs") and cell.get("execution_count") is None


@pytest.mark.parametrize("path", [*TUTORIALS, *EXAMPLES], ids=lambda path: path.stem)
def test_is_code(path):
    compile(notebooks.code(path), str(path), "exec")
