"""A command that computes starts itself once more, with large pages, and is still the same command."""

import os
import subprocess
import sys

import pytest

from jax_slim.cli import huge_pages


@pytest.fixture
def started(monkeypatch):
    """What would have been executed."""
    calls = []
    monkeypatch.setattr(os, "execv", lambda *what: calls.append(what))
    monkeypatch.setattr(sys, "orig_argv", ["python", "-m", "jax_slim.cli", "train", "--x"])
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr("platform.libc_ver", lambda: ("glibc", "2.36"))
    return calls


def system(monkeypatch, tmp_path, says):
    (tmp_path / "enabled").write_text(says)
    monkeypatch.setattr(huge_pages, "_SYSTEM", tmp_path / "enabled")


def test_it_starts_with_the_variable_and_the_same_arguments(monkeypatch, tmp_path, started):
    system(monkeypatch, tmp_path, "always [madvise] never\n")
    monkeypatch.setenv("GLIBC_TUNABLES", "glibc.malloc.check=0")
    huge_pages.start_again()
    assert started == [(sys.executable, [sys.executable, "-m", "jax_slim.cli", "train", "--x"])]
    assert os.environ["GLIBC_TUNABLES"] == "glibc.malloc.check=0:glibc.malloc.hugetlb=1"


@pytest.mark.parametrize(
    ("says", "tunables", "library"),
    [
        ("[always] madvise never", "", ("glibc", "2.36")),
        ("always madvise [never]", "", ("glibc", "2.36")),
        ("always [madvise] never", "glibc.malloc.hugetlb=0", ("glibc", "2.36")),
        ("always [madvise] never", "", ("glibc", "2.31")),
        ("always [madvise] never", "", ("", "")),
    ],
)
def test_it_stays_where_it_makes_no_difference(monkeypatch, tmp_path, started, says, tunables, library):
    system(monkeypatch, tmp_path, says)
    monkeypatch.setenv("GLIBC_TUNABLES", tunables)
    monkeypatch.setattr("platform.libc_ver", lambda: library)
    huge_pages.start_again()
    assert not started


def test_a_real_command_ends_as_ever():
    environment = {name: value for name, value in os.environ.items() if name != "GLIBC_TUNABLES"}
    command = [sys.executable, "-m", "jax_slim.cli", "train", "--learning_rate=fast"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "invalid float value: 'fast'" in done.stderr
