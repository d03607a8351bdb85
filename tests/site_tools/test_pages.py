"""The pages of nets, of the command, and the charts."""

import importlib
import json
import re

import jax
import numpy as np
import pytest

import jax_slim as slim
from jax_slim.cli.model_cards import card


def test_a_family_s_page_has_its_figures_and_its_code_runs():
    page = importlib.import_module("site_tools.families")._page("lenet", [card("lenet")])
    assert "| `lenet` | 3.27 M | 0.03 G | 13.1 MB | 28 x 28 x 1 | 10 | lenet |" in page
    assert "LeCun" in page
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    scope = {"slim": slim, "jax": jax, "images": np.zeros((2, 28, 28, 1), np.float32)}
    exec(code, scope)
    assert scope["logits"].shape == (2, 10)


def test_published_checkpoints_are_listed():
    families = importlib.import_module("site_tools.families")
    facts = {
        "name": "net", "input": [8, 8, 3], "num_classes": 1000, "parameters": 1e6, "flops": 1e9, "bytes": 4e6,
        "published": [{"archive": "net.tar.gz", "image_size": 224, "top_1": 71.5, "top_5": None}],
    }  # fmt: skip
    page = families._page("vgg", [facts])
    assert "| `net` | `net.tar.gz` | 224 | 71.5 % |  |" in page


def test_the_command_s_page_has_every_command(tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("NO_COLOR", "1")
    importlib.import_module("site_tools.commands").write(tmp_path / "command.md")
    text = (tmp_path / "command.md").read_text()
    for command in importlib.import_module("jax_slim.cli.main").COMMANDS:
        assert f"## jax-slim {command}\n" in text
    assert "--dataset_dir" in text


@pytest.mark.parametrize("kind", ["light", "dark"])
def test_charts_are_drawn_from_recorded_figures(tmp_path, kind):
    results = tmp_path / "results"
    results.mkdir()
    rows = [{"net": "lenet", "peer": p, "step": s, "ratio": r} for s in ("train", "forward") for p, r in PEERS.items()]
    (results / "machine.json").write_text(json.dumps({"results": rows}))
    facts = {"name": "lenet", "file": "jax_slim/nets/lenet.py", "flops": 3e7, "parameters": 3e6}
    importlib.import_module("site_tools.charts").write(tmp_path, [facts], results)
    text = (tmp_path / f"machine_{kind}.svg").read_text()
    assert "1.25" in text and "0.80" in text and "PyTorch" in text
    assert "lenet" in (tmp_path / f"nets_{kind}.svg").read_text()


PEERS = {"slim": 1.0, "torch": 1.25, "flax": 0.8}
