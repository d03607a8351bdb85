"""Whether the benchmarks of whole nets run, with jax-slim and what this environment has."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parent.parent.parent / "benchmarks"


def run(script, *arguments):
    done = subprocess.run(
        [sys.executable, str(BENCHMARKS / script), *map(str, arguments)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
def test_nets_are_timed_in_turn_and_the_figures_written(tmp_path):
    printed = run("nets.py", "--quick", "--nets", "lenet", "--peers", "jax,slim-lax", "--output", tmp_path)
    assert "plain JAX: 3,274,634 parameters" in printed
    report = json.loads((tmp_path / "nets.json").read_text())
    results = {(found["peer"], found["step"]): found for found in report["results"]}
    assert set(results) == {(peer, step) for peer in ("slim", "jax", "slim-lax") for step in ("train", "forward")}
    for found in results.values():
        assert found["parameters"] == 3_274_634
        assert found["peak_mib"] > 0
        (block,) = found["rounds"]
        assert found["median_seconds"] == block["seconds"] > 0
    ours, theirs = results["slim", "train"], results["jax", "train"]
    assert ours["ratio"] == 1
    assert theirs["ratio"] == pytest.approx(theirs["median_seconds"] / ours["median_seconds"])
    assert report["failures"] == []
    assert (tmp_path / "nets.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
def test_nets_in_use_are_timed_in_turn(tmp_path):
    printed = run("inference.py", "--quick", "--nets", "lenet", "--peers", "slim-points", "--output", tmp_path)
    assert "jax-slim, slim.jit(model.apply)" in printed
    report = json.loads((tmp_path / "inference.json").read_text())
    assert [(found["peer"], found["batch"]) for found in report["results"]] == [("slim", 2), ("slim-points", 2)]
    for found in report["results"]:
        assert found["seconds"] > 0 and found["processor"] > 0 and found["peak_mib"] > 0
        assert (found["peer"] == "slim") <= (found["ratio_seconds"] == 1)
    # The same net, drawn from the same key: the sum of its logits.
    one, other = (found["value"] for found in report["results"])
    assert one == pytest.approx(other, rel=1e-4)


@pytest.mark.slow
def test_the_gpu_benchmark_runs_on_a_cpu(tmp_path):
    printed = run(
        "gpu.py", "--quick", "--platform", "cpu", "--nets", "lenet", "--dtypes", "bfloat16", "--peers", "slim,jax",
        "--output", tmp_path,
    )  # fmt: skip
    assert "images/s" in printed
    report = json.loads((tmp_path / "gpu.json").read_text())
    flops = {(found["peer"], found["step"]): found["flops"] for found in report["results"]}
    # Two images; the convolutions of 25 taps over 28 x 28 and 14 x 14 maps, then two products.
    forward = 2 * 2 * (28**2 * 25 * 32 + 14**2 * 25 * 32 * 64 + 49 * 64 * 1024 + 1024 * 10)
    assert flops == {(peer, step): forward * times for peer in ("slim", "jax") for step, times in STEPS.items()}


STEPS = {"train": 3, "forward": 1}


@pytest.mark.slow
def test_what_a_gpu_must_fulfil_is_fulfilled_on_a_cpu():
    printed = run("gpu_checks.py", "--platform", "cpu", "--minutes", "4")
    assert " 0 FAIL" in printed


@pytest.mark.slow
def test_programs_of_tensorflow_1_are_timed_beside_pure_jax_slim(tmp_path):
    printed = run("tf1_programs.py", "--quick", "--only", "steps,bandit", "--nets", "lenet", "--output", tmp_path)
    assert "jax_slim.tf1: 3,274,634 parameters" in printed
    report = json.loads((tmp_path / "tf1_programs.json").read_text())
    ours, theirs = report["results"]
    assert (ours["peer"], theirs["peer"]) == ("slim", "tf1-room")
    assert theirs["ratio"] == pytest.approx(theirs["median_seconds"] / ours["median_seconds"])
    (block,) = report["bandit"]["rounds"]["tf1-room"]
    assert block["seconds"] > 0
    assert report["failures"] == []


def test_all_options_of_the_commands_are_explained():
    for script, option in (("nets.py", "--tf1-python"), ("gpu.py", "--highest"), ("tf1_programs.py", "--start-nets")):
        assert option in run(script, "--help")


def test_newer_instructions_can_be_hidden_from_every_library(tmp_path):
    sys.path.insert(0, str(BENCHMARKS))
    try:
        from peers import instructions
    finally:
        sys.path.remove(str(BENCHMARKS))
    try:
        environment = instructions.environment_of("AVX2", tmp_path)
    except RuntimeError as error:
        pytest.skip(str(error))
    ask = "from numpy._core._multiarray_umath import __cpu_features__ as has; print(has['AVX2'], has['AVX512F'])"
    found = subprocess.run([sys.executable, "-c", ask], env=environment, capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["True", "False"]


def test_a_peer_that_is_not_known_is_refused():
    done = subprocess.run(
        [sys.executable, str(BENCHMARKS / "nets.py"), "--peers", "caffe"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "must be among slim-exact, slim-lax, jax, flax" in done.stderr
    assert "got caffe" in done.stderr


@pytest.mark.slow
def test_a_profile_tells_kinds_and_layers():
    printed = run("profile_net.py", "lenet", "--batch", 2, "--steps", 1, "--rows", 5)
    kinds, layers, single = (printed.partition(title)[2] for title in ("by kind", "by layer", "one by one"))
    assert re.search(r"^ +[\d.]+ ms +[\d.]+ %  \w+", kinds, re.MULTILINE)
    assert re.search(r"^ +[\d.]+ ms +[\d.]+ %  (conv|fc)\d", layers, re.MULTILINE)
    assert re.search(r"^ +[\d.]+ ms  [\w.]+ +f32\[", single, re.MULTILINE)
