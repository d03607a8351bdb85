"""HParams: values that keep their types."""

import pytest

from jax_slim.tf1.contrib.hyperparameters import HParams, parse_values


def test_texts_are_read_by_the_types_there_are():
    hparams = HParams(rate=1.0, layers=[1], on=False, name="a", free=None)
    hparams.parse("rate=1e-3, layers=[4, 5],on=True,name=b c")
    assert hparams.values() == {"rate": 1e-3, "layers": [4, 5], "on": True, "name": "b c", "free": None}
    hparams.set_hparam("rate", 2)
    assert hparams.rate == 2.0
    assert isinstance(hparams.rate, float)


@pytest.mark.parametrize("text", ["rate", "rate=x", "none=1", "rate=1,rate=2", "layers[0]=[1]", "rate=[1]", "layers=1"])
def test_texts_that_do_not_fit_are_refused(text):
    with pytest.raises(ValueError, match=r"rate|none|layers"):
        HParams(rate=1.0, layers=[1]).parse(text)


def test_single_entries_of_lists_are_read_apart():
    assert parse_values("a[2]=5,a[0]=1", {"a": int}) == {"a": {2: 5, 0: 1}}
    assert parse_values("b=1,a=2", {"a": int}, ignore_unknown=True) == {"a": 2}


@pytest.mark.parametrize(
    ("name", "value"), [("rate", "1"), ("layers", [1.5]), ("on", 1), ("count", True), ("count", 1.0)]
)
def test_other_types_are_refused(name, value):
    hparams = HParams(rate=1.0, layers=[1], on=False, count=3)
    with pytest.raises(ValueError, match=name):
        hparams.set_hparam(name, value)


def test_a_default_must_be_of_the_values_type():
    hparams = HParams(rate=1.0)
    assert hparams.get("rate", 2.0) == 1.0
    assert hparams.get("other", "x") == "x"
    with pytest.raises(ValueError, match="incompatible"):
        hparams.get("rate", [2.0])
