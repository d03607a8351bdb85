"""Whole TensorFlow 1 programs, each in a process of its own, against what TF 1.15.5 printed (`programs/*.json`)."""

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest

import quick_compiling

FOLDER = Path(__file__).parent / "programs"
# Keys that are not compared, and why.
DIFFERENT = {
    "17_training_placeholder": {"fed_keep_one": "the compiler computes what is fetched and what uses it apart: 1e-7"},
    "33_slim_train": {"files": "which step the supervisor's thread saves first depends on when it starts"},
    "34_slim_evaluation": {"events": "how full the queue is when its summary is made depends on threads"},
}
FAST = {"05_only_what_is_needed", "33_slim_train", "54_tutorial_script"}
PROGRAMS = sorted(path.stem for path in FOLDER.glob("[0-9][0-9]_*.py"))


def differing(got, want, rtol, atol, where):
    """The first difference between two JSON values, or None. Floats may differ within `atol + rtol * |want|`."""
    number = (int, float)
    if (
        isinstance(want, number)
        and isinstance(got, number)
        and not isinstance(want, bool)
        and not isinstance(got, bool)
    ):
        if isinstance(want, int) and isinstance(got, int):
            same = got == want
        elif not math.isfinite(want):
            same = got == want or (math.isnan(want) and math.isnan(got))
        else:
            same = abs(got - want) <= atol + rtol * abs(want)
    elif isinstance(want, list) and isinstance(got, list) and len(want) == len(got):
        parts = (differing(g, w, rtol, atol, f"{where}[{i}]") for i, (g, w) in enumerate(zip(got, want, strict=True)))
        return next((p for p in parts if p), None)
    elif isinstance(want, dict) and isinstance(got, dict) and set(want) == set(got):
        parts = (differing(got[k], want[k], rtol, atol, f"{where}.{k}") for k in want)
        return next((p for p in parts if p), None)
    else:
        same = type(got) is type(want) and got == want
    return None if same else f"{where}: {got!r:.300}, wanted {want!r:.300}"


def by_key(lines):
    """The printed values by key; a key that comes again gets its count."""
    found = {}
    for line in lines:
        if "key" in line:
            key, count = line["key"], 1
            while key in found:
                count += 1
                key = f"{line['key']}#{count}"
            found[key] = line
    return found


@pytest.mark.parametrize("name", [n if n in FAST else pytest.param(n, marks=pytest.mark.slow) for n in PROGRAMS])
def test_program(name, tmp_path):
    path = os.pathsep.join([str(FOLDER), str(Path(__file__).parents[2])])
    done = subprocess.run(
        [sys.executable, "-m", "jax_slim.tf1", str(FOLDER / f"{name}.py")],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": path, "XLA_FLAGS": quick_compiling.FLAGS},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    recorded = json.loads((FOLDER / f"{name}.json").read_text())
    got = by_key(json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"key"'))
    want = by_key(recorded["lines"])
    problems = []
    for key, line in want.items():
        if key not in got:
            problems.append(f"{key} is missing")
            continue
        if key in DIFFERENT.get(name, {}):
            continue
        rtol, atol = (line.get(n, recorded[n]) for n in ("rtol", "atol"))
        problems.append(differing(got[key]["value"], line["value"], rtol, atol, key))
    texts = [line["stderr"] for line in recorded["lines"] if "stderr" in line]
    problems += [f"standard error lacks {text!r}" for text in texts if text not in done.stderr]
    assert not [p for p in problems if p], done.stderr[-2000:]
    assert set(got) == set(want)
    assert done.returncode == 0, done.stderr[-2000:]
