"""The wheel: what it holds, and that it works away from the source tree."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

PROGRAM = """
import json
import jax_slim as slim
from jax_slim.data import digits
with slim.tf1.Graph().as_default(), slim.tf1.Session() as session:
    assert session.run(slim.tf1.add(1, 2)) == 3
print(json.dumps([slim.__file__, slim.__version__, len(digits.load("train")["label"])]))
"""


def run(*command, **kwargs):
    done = subprocess.run([sys.executable, *command], capture_output=True, text=True, check=False, **kwargs)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_the_wheel_is_whole_and_works_elsewhere(tmp_path):
    run("-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path), cwd=ROOT)
    (wheel,) = tmp_path.glob("jax_slim-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        archive.extractall(tmp_path / "site")
    # Code, and what the code reads: tables as text, data.
    files = [path for path in (ROOT / "jax_slim").rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    assert {path.relative_to(ROOT).as_posix() for path in files} <= names
    assert {"jax_slim/py.typed", "jax_slim/tf1/graph/op_defs.txt"} <= names
    assert {"jax_slim/data/mnist_5k/digits.npz", "jax_slim/data/mnist_5k/NOTICE"} <= names
    assert {name.partition("/licenses/")[2] for name in names} >= {"LICENSE", "jax_slim/data/mnist_5k/NOTICE"}
    assert not [name for name in names if name.startswith(("tests", "examples", "benchmarks"))]

    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "site")}
    file, version, count = json.loads(run("-c", PROGRAM, cwd=tmp_path, env=environment))
    assert Path(file).is_relative_to(tmp_path)
    assert f"-{version}-" in wheel.name
    assert count == 4000
