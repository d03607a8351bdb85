"""The table of published checkpoints: in the code, in the documentation, and true to the nets."""

from pathlib import Path

import pytest

import jax_slim as slim
from jax_slim.nets.published import PUBLISHED
from jax_slim.nets.published_for_tasks import PUBLISHED_FOR_TASKS
from jax_slim.nets.registry import ROWS

DOCUMENT = (Path(__file__).parents[2] / "docs" / "pretrained.md").read_text()


@pytest.mark.parametrize("row", PUBLISHED, ids=lambda row: row.archive)
def test_rows(row):
    assert row.net in slim.nets.list_models()
    assert row.classes == ROWS[row.net].classes
    assert row.preprocessing in ("inception", "vgg")
    assert 0 < row.top_1 < row.top_5 < 100
    cells = (row.archive, f"`{row.file}`", f"`{row.net}`", row.classes, row.preprocessing, row.image_size)
    line = "| " + " | ".join(map(str, cells)) + f" | {row.top_1} | {row.top_5} |"
    assert line in DOCUMENT.splitlines()


def test_the_document_lists_no_others():
    lines = sum(line.startswith("| ") for line in DOCUMENT.splitlines())
    assert lines == 1 + len(PUBLISHED) + 1 + len(PUBLISHED_FOR_TASKS)
