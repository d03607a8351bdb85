"""What a command compiled, the next one reads; and a full or locked folder is no reason to fail."""

import os
import subprocess
import sys

import pytest

from jax_slim.cli import compiled_programs

SAYS_WHERE = """
import sys
from jax_slim.cli import compiled_programs
compiled_programs.keep()
import jax
jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
jax.jit(lambda x: x * 3 + 1)(2.0)
print(jax.config.jax_compilation_cache_dir)
"""


def started(cache, program=SAYS_WHERE, **more):
    variables = {name: value for name, value in os.environ.items() if "COMPILATION_CACHE" not in name}
    shown = subprocess.run(
        [sys.executable, "-c", program],
        env={**variables, "XDG_CACHE_HOME": str(cache), **more},
        capture_output=True,
        text=True,
        check=False,
    )
    assert shown.returncode == 0, shown.stderr
    return shown.stdout.strip()


def test_what_was_compiled_is_kept_and_read(tmp_path):
    folder = started(tmp_path)
    assert folder.startswith(str(tmp_path / "jax-slim" / "compiled-"))
    kept = {file.name: file.stat().st_mtime_ns for file in (tmp_path / "jax-slim").rglob("*-cache")}
    assert kept
    assert started(tmp_path) == folder
    assert {file.name: file.stat().st_mtime_ns for file in (tmp_path / "jax-slim").rglob("*-cache")} == kept


def test_the_environment_and_a_loaded_jax_go_before(tmp_path):
    assert started(tmp_path, JAX_COMPILATION_CACHE_DIR=str(tmp_path / "mine")) == str(tmp_path / "mine")
    assert started(tmp_path, "import jax" + SAYS_WHERE) == "None"
    assert not (tmp_path / "jax-slim").exists()


def test_where_nothing_can_be_written_nothing_is_kept(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    assert started(blocked) == "None"


def test_what_was_not_used_for_longest_goes_first(tmp_path, monkeypatch):
    for age, name in enumerate(("new", "old", "older", "oldest")):
        (tmp_path / name).write_bytes(bytes(100))
        os.utime(tmp_path / name, (1e9 - age, 1e9 - age))
    (tmp_path / "folder").mkdir()
    os.utime(tmp_path / "older", (1e9, 0))  # read a moment ago
    monkeypatch.setattr(compiled_programs, "MOST_BYTES", 250)
    compiled_programs._make_room(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"new", "older", "folder"}


@pytest.mark.parametrize("given", ["", "relative/place"])
def test_a_cache_home_that_is_no_absolute_path_is_the_usual_one(monkeypatch, given):
    monkeypatch.setenv("XDG_CACHE_HOME", given)
    monkeypatch.setenv("HOME", "/home/someone")
    assert str(compiled_programs._caches()) == "/home/someone/.cache"
