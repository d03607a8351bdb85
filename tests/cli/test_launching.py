"""`jax-slim launch` with the commands that take part."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import quick_compiling

JAX_SLIM = [sys.executable, "-m", "jax_slim.cli"]


def launched(*arguments):
    command = [*JAX_SLIM, "launch", "-n", "2", "--", *JAX_SLIM, *arguments]
    environment = {**os.environ, "XLA_FLAGS": quick_compiling.FLAGS}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr


@pytest.mark.slow
def test_two_processes_train_and_evaluate_as_one(tmp_path):
    _, told = launched(
        "train", "--dataset_name=digits", "--model_name=lenet", f"--train_dir={tmp_path}", "--batch_size=8",
        "--max_number_of_steps=6", "--optimizer=sgd",
    )  # fmt: skip
    assert "[0] lenet: 4000 images of 10 classes, 16 a batch, 2 devices" in told
    assert "[1] lenet" not in told
    assert "worker_index" not in (Path(tmp_path) / "config.toml").read_text()
    out, _ = launched("evaluate", f"--checkpoint_path={tmp_path}", "--dataset_name=digits", "--json")
    assert "1000 images of 10 of 10 classes" in out
    (line,) = [line for line in out.splitlines() if line.startswith("[0] {")]
    assert 0 < json.loads(line[4:])["Accuracy"] < 1
    assert len((Path(tmp_path) / "eval" / "results.jsonl").read_text().splitlines()) == 1
