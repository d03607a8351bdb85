"""The code in the documents runs, and the examples do what they say."""

import re
import runpy
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def blocks(document):
    return re.findall(r"^```python\n(.*?)^```", (ROOT / document).read_text(), re.DOTALL | re.MULTILINE)


def test_the_readme_runs(tmp_path, capfd):
    code = "\n".join(blocks("README.md")).replace("/tmp/digits", str(tmp_path))
    assert str(tmp_path) in code
    scope = {}
    exec(compile(code, "README.md", "exec"), scope)
    out = capfd.readouterr().out
    shapes = re.search(r"^# (\{'conv1/.*), \.\.\.$", code, re.MULTILINE).group(1)
    assert f"\n{shapes}" in out
    accuracy = float(re.search(r"accuracy +(0\.\d+)", out).group(1))
    assert accuracy > 0.85
    assert scope["logits"].shape == (8, 10)


def test_the_example_vgg16_makes_its_32_variables(capsys):
    runpy.run_path(str(ROOT / "examples" / "vgg16.py"), run_name="__main__")
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 32
    assert lines[0].split() == ["conv1/conv1_1/weights", "(3,", "3,", "3,", "64)"]


def test_the_digits_example_learns(tmp_path, monkeypatch, capsys):
    pytest.importorskip("matplotlib")
    monkeypatch.setattr(sys, "argv", ["digits.py", "--logdir", str(tmp_path), "--steps", "60"])
    monkeypatch.setattr("warnings.filters", [("ignore", None, DeprecationWarning, None, 0)])
    runpy.run_path(str(ROOT / "examples" / "digits.py"), run_name="__main__")
    out = capsys.readouterr().out
    assert float(re.search(r"never seen: ([\d.]+)%", out).group(1)) > 50
    assert "tensorboard --logdir" in out
    assert (tmp_path / "digits.png").read_bytes().startswith(b"\x89PNG")
