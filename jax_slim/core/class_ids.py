"""Ids of classes that a program uses: what a step says of labels out of range when a loss is NaN.

Inside `jit` nobody can look at labels, and JAX's arrays do not remember what they were made of. So the running program
remembers which ids a one-hot array came from, and lists what losses took for ids in the collection CLASS_IDS.
"""

import contextlib
import dataclasses
from typing import Any

import jax
import jax.numpy as jnp

from jax_slim.core import program as _program
from jax_slim.core.collections import add_to_collection
from jax_slim.core.program import ProgramError
from jax_slim.core.scopes import get_name_scope

CLASS_IDS = "class_ids"


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class ClassIds:
    """Ids that a loss took.

    Attributes:
      ids: integers of any shape; 0 in the place of those without weight.
      classes: how many classes there are: ids must be below.
      function: who took them.
    """

    ids: jax.Array
    classes: int = dataclasses.field(metadata={"static": True})
    function: str = dataclasses.field(metadata={"static": True})


def at_least_32_bits(ids: jax.Array) -> jax.Array:
    """The same ids, as int32 where they come in fewer bits, as labels of pixels do.

    JAX gives a Python number the dtype of the array beside it and wraps it around: among uint8, 256 classes are 0, and
    no id is below; 1000 are 232; -1 is 255. An id times the number of classes wraps around as well.
    """
    return ids.astype(jnp.int32) if ids.dtype.itemsize < 4 else ids


def remember_one_hot(encoded: jax.Array, ids: jax.Array) -> jax.Array:
    """Notes in the running program that `encoded` has a vector for each of `ids`, and returns it."""
    program = _program.current()
    if program is not None:
        program.one_hot[id(encoded)] = (encoded, ids)
    return encoded


def ids_of(encoded: Any) -> jax.Array | None:
    """The ids that this very array was made of by `one_hot_encoding` in the running program; None: not known."""
    program = _program.current()
    known = None if program is None else program.one_hot.get(id(encoded))
    return None if known is None else known[1]


def note_class_ids(function: str, ids: jax.Array, classes: int, ignored: jax.Array) -> jax.Array:
    """Lists ids in CLASS_IDS, and says which are out of range: booleans like `ids`, False where they are ignored."""
    ids = jnp.where(ignored, 0, ids)
    # Outside of a program, or in an inner trace, nothing can be listed, and nothing needs to be.
    with contextlib.suppress(ProgramError):
        add_to_collection(CLASS_IDS, ClassIds(ids, classes, function), get_name_scope())
    return (ids < 0) | (ids >= classes)
