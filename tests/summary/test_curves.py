"""The scalars file, read."""

import json

import pytest

from jax_slim.summary import read_scalars
from jax_slim.summary.curves import SCALARS_FILE


@pytest.fixture
def run(tmp_path):
    lines = [
        {"step": 1, "time": 1.0, "total_loss": 100.0},
        {"step": 3, "time": 2.0, "total_loss": 1.0, "validation/accuracy": 0.5},
        {"step": 5, "time": 3.0, "total_loss": 9.0},
        {"step": 3, "time": 4.0, "total_loss": 2.0},  # killed, and gone on from step 2
        {"step": 4, "time": 5.0, "total_loss": None},
    ]
    (tmp_path / SCALARS_FILE).write_text("".join(json.dumps(line) + "\n" for line in lines) + '{"step": 6, "ti')
    return tmp_path


def test_reads_what_counts(run):
    scalars = read_scalars(run)
    assert scalars["validation/accuracy"] == ([3], [0.5])
    steps, losses = scalars["total_loss"]
    assert steps == [1, 3, 4, 5]
    assert losses == pytest.approx([100, 2, float("nan"), 9], nan_ok=True)
    assert list(read_scalars(run / SCALARS_FILE)) == list(scalars)


def test_refusals(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"there is no .*scalars\.jsonl"):
        read_scalars(tmp_path)
    (tmp_path / SCALARS_FILE).write_text('nonsense\n{"step": 1}\n')
    with pytest.raises(ValueError, match=r"line 1 of .* is no line of scalars: 'nonsense"):
        read_scalars(tmp_path)
