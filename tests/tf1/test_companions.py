"""What programs of TensorFlow 1's time found beside it, and what the processes that they start find."""

import subprocess
import sys

import numpy as np

from jax_slim.tf1 import companions


def test_names_that_numpy_dropped_are_back():
    companions.install()
    assert [getattr(np, name) for name in ("int", "object", "asscalar")][:2] == [int, object]
    assert vars(np)["asscalar"](np.full((), 2.5)) == 2.5


def test_six_has_what_programs_use():
    six = companions._modules()["six"]
    assert list(six.iteritems({"a": 1})) == [("a", 1)]
    assert six.moves.urllib.parse.quote("a b") == "a%20b"

    @six.add_metaclass(type("Meta", (type,), {"kind": "made"}))
    class Made:
        __slots__ = ("x",)

    assert Made.kind == "made"


def test_processes_that_a_program_starts_import_tensorflow_too(tmp_path):
    program = tmp_path / "program.py"
    child = (
        "import six, tensorflow.contrib.slim as slim, tensorflow as tf; print(tf.__version__, slim.conv2d.__module__)"
    )
    program.write_text(f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {child!r}], check=True)\n")
    found = subprocess.run([sys.executable, "-m", "jax_slim.tf1", str(program)], capture_output=True, text=True)
    assert found.returncode == 0, found.stderr
    assert found.stdout.startswith("1.15.5 jax_slim.tf1.contrib.")
