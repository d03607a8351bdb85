"""The native kernels, built once for all tests here, and random convolutions for them."""

import contextlib
from pathlib import Path

import numpy as np
import pytest

from jax_slim.kernels import native
from jax_slim.kernels.conv_geometry import Geometry
from jax_slim.kernels.layouts import Layout, Windows
from jax_slim.kernels.native import building

CACHE = Path(__file__).parents[3] / ".cache" / "native"


@contextlib.contextmanager
def _one_at_a_time():
    """So that of several workers one builds, and the others wait for it. Where there are no such locks, each builds."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="module")
def library():
    """Of these sources and flags, which its name tells: kept between runs and workers, as it takes long to compile.

    Anew for each file: between two a worker may run tests with another folder for caches, in which there is none.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JAX_SLIM_CACHE", str(CACHE))
        building.library.cache_clear()
        with _one_at_a_time():
            native.build_native_kernels()
        yield native.library()
    building.library.cache_clear()


@pytest.fixture(params=["avx512", "avx2", "plain"])
def instructions(request, library):
    best = library.jax_slim_instructions()
    if not library.jax_slim_choose(request.param.encode()):
        pytest.skip(f"no {request.param} here")
    yield
    assert library.jax_slim_choose(best)


@pytest.fixture(scope="package")
def drawn():
    return _drawn


def _drawn(seed):
    rng = np.random.default_rng(seed)
    while True:
        sizes, strides, rates = rng.integers(1, 6, 2), rng.integers(1, 4, 2), rng.integers(1, 3, 2)
        lengths = rng.integers(1, 30, 2)
        reach = (sizes - 1) * rates
        padding = [tuple(map(int, rng.integers(0, most + 3, 2))) for most in reach]
        if all(length + sum(pair) > most for length, pair, most in zip(lengths, padding, reach, strict=True)):
            break
    by_channel = rng.random() < 0.4
    channels = int(rng.integers(2, 60))
    filters = channels if by_channel else int(rng.integers(1, 100))
    windows = Windows(*(tuple(map(int, numbers)) for numbers in (sizes, strides, rates)), tuple(padding))
    groups = channels if by_channel else 1
    geometry = Geometry(Layout("NHWC"), tuple(map(int, lengths)), windows, groups, None)
    x = rng.normal(size=(int(rng.integers(1, 4)), *lengths, channels)).astype("float32")
    w = rng.normal(size=(*sizes, channels // groups, filters)).astype("float32")
    bias = rng.normal(size=filters).astype("float32")
    shortcut = rng.normal(size=(len(x), *geometry.counts, filters)).astype("float32") if rng.random() < 0.5 else None
    return x, w, bias, shortcut, geometry
