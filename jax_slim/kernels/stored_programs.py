"""A compiled program as bytes, and back: another process of this machine runs it without tracing or compiling."""

import contextlib
import pickle
from collections.abc import Callable, Iterator
from typing import Any

import jax
from jax.experimental import serialize_executable
from jax.experimental.compilation_cache import compilation_cache

from jax_slim.kernels.native import library


def stored(compiled: jax.stages.Compiled) -> bytes:
    """The bytes of a program that was compiled within `storable`."""
    return pickle.dumps(serialize_executable.serialize(compiled))


def loaded(data: bytes) -> Callable[..., Any]:
    """The program again. The bytes must be of a file that only the user writes: they are code.

    Raises:
      Exception: of many kinds, where they are damaged or of another version of JAX.
    """
    library()  # native kernels that the program may call
    return serialize_executable.deserialize_and_load(*pickle.loads(data))


@contextlib.contextmanager
def storable() -> Iterator[None]:
    """What is compiled in this scope is not taken from JAX's cache of compiled programs, nor put there.

    A program that was read from there lacks some of its functions once it is stored and loaded again (jax 0.10).
    """
    before = jax.config.jax_enable_compilation_cache  # pyright: ignore[reportAttributeAccessIssue]
    compilation_cache.reset_cache()  # else it goes on as it began
    jax.config.update("jax_enable_compilation_cache", False)
    try:
        yield
    finally:
        jax.config.update("jax_enable_compilation_cache", before)
        compilation_cache.reset_cache()
