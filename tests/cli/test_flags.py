"""Options from flags, a file, an earlier run and defaults: which comes first, and what is refused."""

import argparse

import pytest

from jax_slim.cli import runs
from jax_slim.cli.failures import CommandError
from jax_slim.cli.flags import Flag, add_flags, listed, merged

GROUPS = {
    "some": (
        Flag("rate", float, 0.1, "the rate, 10% at first"),
        Flag("name", str, None, "a name", ("a", "b")),
        Flag("count", int, 3, "how many"),
        Flag("loud", bool, False, "whether to shout"),
    )
}


def parse(*arguments, earlier=(), file=()):
    parser = argparse.ArgumentParser()
    add_flags(parser, GROUPS)
    return merged(parser.parse_args([*arguments, "--config=f.toml"]), GROUPS, dict(earlier), dict(file))


def test_flags_before_file_before_earlier_before_default():
    earlier, file = {"rate": 1.0, "count": 1, "name": "a", "gone": 1}, {"rate": 2.0, "count": 2}
    options = parse("--rate=3", earlier=earlier, file=file)
    assert (options.rate, options.count, options.name, options.loud) == (3.0, 2, "a", False)


def test_booleans_may_stand_alone():
    assert parse("--loud").loud is True
    assert parse("--loud=false").loud is False
    assert parse("--loud", "true").loud is True


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ({"rat": 1.0}, r"f\.toml: there is no option 'rat'\. Near names: rate"),
        ({"count": "many"}, "count must be of type int, got 'many'"),
        ({"count": True}, "count must be of type int, got True"),
        ({"name": "c"}, "name must be one of a, b, got 'c'"),
    ],
)
def test_a_file_with_mistakes(file, message):
    with pytest.raises(CommandError, match=message):
        parse(file=file)


def test_a_file_may_use_whole_numbers_and_lists():
    assert parse(file={"rate": 1}).rate == 1.0
    assert listed(parse(file={"name": ["a"]}).name) == ["a"]
    assert listed(" a/b, c ,") == ["a/b", "c"]
    assert listed(None) == []


def test_what_is_saved_is_what_is_read(tmp_path):
    options = {"rate": 1e-4, "name": 'a "quoted" \\ text', "count": 7, "loud": True, "nothing": None, "list": [1, "x"]}
    runs.save_config(tmp_path, options)
    assert runs.read_config(tmp_path / "config.toml") == {k: v for k, v in options.items() if v is not None}
    (tmp_path / "tables.toml").write_text("[optimizer]\nrate = 1.0\n[data]\nname = 'a'\n")
    assert runs.read_config(tmp_path / "tables.toml") == {"rate": 1.0, "name": "a"}
    (tmp_path / "bad.toml").write_text("rate = = 1")
    with pytest.raises(CommandError, match=r"bad\.toml is no TOML"):
        runs.read_config(tmp_path / "bad.toml")
