"""`jax-slim models`: the table, its forms, and the card of one net."""

import csv
import io
import json

import pytest

from jax_slim.cli import main as entry
from jax_slim.nets.papers import PAPERS
from jax_slim.nets.registry import ROWS


def test_the_card_of_a_net_has_its_costs_paper_and_checkpoint(capsys):
    assert entry.main(["models", "mobilenet_v1"]) == 0
    shown = capsys.readouterr().out
    for text in ("224 x 224 x 3", "1001 (class 0 is background)", "4,233,001", "0.57 G multiply-adds", "17.0 MB",
                 "jax_slim/nets/mobilenet_v1.py", "arXiv:1704.04861", "top-1 70.9 %"):  # fmt: skip
        assert text in shown


def test_a_card_is_json_too_and_leaves_out_what_does_not_apply(capsys):
    assert entry.main(["models", "cifarnet", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["parameters"], facts["input"], facts["num_classes"]) == (1_756_426, [32, 32, 3], 10)
    assert not {"paper", "published"} & set(facts)


def test_the_table_is_csv_too(capsys):
    assert entry.main(["models", "vgg_*", "--csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["name"] for row in rows] == ["vgg_16", "vgg_19", "vgg_a"]
    assert rows[0]["top_1"] == "71.5"
    assert rows[2]["checkpoint"] == ""


def test_only_one_form_at_once(capsys):
    with pytest.raises(SystemExit):
        entry.main(["models", "--csv", "--json"])
    assert "not allowed with" in capsys.readouterr().err


def test_every_net_has_a_paper_but_cifarnet():
    assert {row.module for row in ROWS.values()} - set(PAPERS) == {"cifarnet"}
