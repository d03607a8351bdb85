"""What compiles the native kernels, and what it says where it cannot."""

import os
import threading
import time
import unittest.mock

import pytest

import jax_slim as slim
from jax_slim.kernels import native
from jax_slim.kernels.native import building


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("JAX_SLIM_CACHE", str(tmp_path))
    building.library.cache_clear()
    yield tmp_path
    building.library.cache_clear()


def test_there_is_no_library_until_one_is_built(cache):
    assert native.library() is None
    assert os.listdir(cache) == []


def test_a_machine_without_compiler_is_told_where_to_get_one(cache, monkeypatch):
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setattr(building.shutil, "which", lambda name: None)
    monkeypatch.setattr(building.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(native.NativeKernelsError, match=r"pip install \"jax-slim\[native\]\""):
        slim.build_native_kernels()


def test_a_compiler_that_fails_or_is_none_leaves_nothing(cache, monkeypatch):
    monkeypatch.setenv("CXX", "false")
    with pytest.raises(native.NativeKernelsError, match="ended with 1"):
        slim.build_native_kernels()
    monkeypatch.setenv("CXX", str(cache / "none"))
    with pytest.raises(native.NativeKernelsError, match="must run"):
        slim.build_native_kernels()
    assert native.library() is None
    assert os.listdir(cache / "native") == []


def test_a_file_that_is_no_library_is_named(cache):
    path = building.library_path()
    path.parent.mkdir()
    path.write_bytes(b"not a library")
    with pytest.raises(native.NativeKernelsError, match="Remove it"):
        native.library()


def test_threads_that_ask_together_register_the_kernels_once(cache, monkeypatch):
    path = building.library_path()
    path.parent.mkdir()
    path.touch()
    both, registered, found = threading.Barrier(2), [], []

    def load(name):
        both.wait()
        return unittest.mock.MagicMock(name=name)

    def register(name, *_, **__):
        time.sleep(0.02)  # the other thread gets its turn
        registered.append(name)

    monkeypatch.setattr(building.ctypes, "CDLL", load)
    monkeypatch.setattr(building, "_REGISTERED", [])
    monkeypatch.setattr(building.jax.ffi, "pycapsule", lambda function: function)
    monkeypatch.setattr(building.jax.ffi, "register_ffi_target", register)
    threads = [threading.Thread(target=lambda: found.append(native.library())) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found[0] is found[1]
    assert registered == list(building._TARGETS)


def test_a_folder_that_cannot_be_written_or_read_is_named_and_is_as_none(cache, monkeypatch):
    (cache / "file").write_text("no folder")
    monkeypatch.setenv("CXX", "true")
    monkeypatch.setenv("JAX_SLIM_CACHE", str(cache / "file"))
    with pytest.raises(native.NativeKernelsError, match=r"must be writable, got .*file.*JAX_SLIM_CACHE="):
        slim.build_native_kernels()
    assert native.library() is None


def test_a_user_without_a_home_has_no_library(cache, monkeypatch):
    for name in ("JAX_SLIM_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)

    def none():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(building.Path, "home", none)
    assert native.library() is None
    with pytest.raises(native.NativeKernelsError, match="this user has no home"):
        slim.build_native_kernels()
