"""Embeddings: a learned vector for each id of a vocabulary."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jax_slim.core.precision import to_compute
from jax_slim.core.program import operation
from jax_slim.core.scopes import name_scope, variable_scope
from jax_slim.core.sparse import SparseTensor
from jax_slim.core.variables import model_variable
from jax_slim.layers import _args
from jax_slim.layers._steps import Scope


@operation
def embed_sequence(
    ids: jax.Array,
    vocab_size: int | None = None,
    embed_dim: int | None = None,
    unique: bool = False,
    initializer: Any = None,
    regularizer: Any = None,
    trainable: bool = True,
    scope: Scope = None,
    reuse: Any = None,
) -> jax.Array:
    """Replaces each id by its learned vector.

    Creates `<scope>/embeddings` [vocab_size, embed_dim].

        net = slim.embed_sequence(ids, vocab_size=1000, embed_dim=32)        # [N, 20] -> [N, 20, 32]

    Args:
      ids: integers from 0 to vocab_size - 1, of any shape. Others (-1 too) get vectors of NaN, so that they show.
      vocab_size, embed_dim: how many vectors, and their length; may be left out with `reuse`.
      unique: asks TF to read each vector only once. It changes nothing here: finding repeated ids costs more.
      initializer: (key, shape, dtype) -> array; by default Glorot uniform.
      regularizer: array -> scalar loss, or None.
      trainable: False keeps the vectors out of the gradient.
      scope: name of the layer; by default "EmbedSequence", made unique.
      reuse: True shares the vectors that an earlier call made under the same `scope`.

    Returns:
      An array with the axes of `ids` and then one of length `embed_dim`.

    Raises:
      ValueError: `vocab_size` or `embed_dim` are missing, and nothing is reused.
      TypeError: `ids` are not integers.
    """
    del unique
    function = "embed_sequence"
    ids = _args.integers(function, ids, "ids")
    if not (reuse or (vocab_size and embed_dim)):
        raise ValueError(
            f"{function}: vocab_size and embed_dim must be given where nothing is reused, got {vocab_size!r} and "
            f"{embed_dim!r}."
        )
    # What is shared has its shape already.
    shape = None if vocab_size is None or embed_dim is None else (vocab_size, embed_dim)
    with variable_scope(scope, "EmbedSequence", [ids], reuse=reuse):
        return to_compute(_rows(_embeddings(shape, initializer, regularizer, trainable), ids))


@operation
def bow_encoder(
    ids: jax.Array | SparseTensor,
    vocab_size: int,
    embed_dim: int,
    sparse_lookup: bool = True,
    initializer: Any = None,
    regularizer: Any = None,
    trainable: bool = True,
    scope: Scope = None,
    reuse: Any = None,
) -> jax.Array:
    """Averages the learned vectors of each document's ids: a bag of words.

    Creates `<scope>/embeddings` [vocab_size, embed_dim].

        documents = slim.bow_encoder(ids, vocab_size=1000, embed_dim=32)     # [N, 20] -> [N, 32]

    Args:
      ids: [N, length] integers from 0 to vocab_size - 1, or a `SparseTensor` of them. Ids from `vocab_size` on get
        vectors of NaN, so that they show.
      vocab_size, embed_dim: how many vectors, and their length.
      sparse_lookup: True takes 0 for padding, which does not count, and leaves out negative ids; a document of nothing
        else gets the vector of id 0. (In a `SparseTensor`, a 0 that is listed counts.) False averages over all.
      initializer: (key, shape, dtype) -> array; by default Glorot uniform.
      regularizer: array -> scalar loss, or None.
      trainable: False keeps the vectors out of the gradient.
      scope: name of the layer; by default "bow_encoder", made unique.
      reuse: True shares the vectors that an earlier call made under the same `scope`.

    Returns:
      [N, embed_dim]. For `ids` of another rank: the mean is over their last axis, and over axis 1 without
      `sparse_lookup`.

    Raises:
      ValueError: `ids` are scalar, or the `dense_shape` of a `SparseTensor` is traced by jit.
      TypeError: `ids` are not integers, or a `SparseTensor` without `sparse_lookup`.
    """
    function = "bow_encoder"
    shape = (_args.count(function, "vocab_size", vocab_size), _args.count(function, "embed_dim", embed_dim))
    if isinstance(ids, SparseTensor):
        if not sparse_lookup:
            raise TypeError(f"{function}: ids must be an array with sparse_lookup=False, got a SparseTensor.")
        ids, present = _padded(function, ids)
        counted = present & (ids >= 0)
    else:
        ids = _args.integers(function, ids, "ids")
        _args.least_rank(function, ids, 1 if sparse_lookup else 2, "ids")
        counted = ids > 0

    with variable_scope(scope, "bow_encoder", [ids], reuse=reuse):
        embeddings = _embeddings(shape, initializer, regularizer, trainable)
        if not sparse_lookup:
            return to_compute(jnp.mean(_rows(embeddings, ids), axis=1))
        vectors = _rows(embeddings, jnp.where(counted, ids, 0))
        vectors = jnp.where(counted[..., None], vectors, 0)
        counts = jnp.sum(counted, axis=-1)[..., None]
        means = jnp.sum(vectors, axis=-2) / jnp.maximum(counts, 1)
        return to_compute(jnp.where(counts > 0, means, embeddings[0]))


@operation
def embedding_lookup_unique(
    params: jax.Array | Sequence[jax.Array],
    ids: jax.Array,
    partition_strategy: str = "mod",
    name: str | None = None,
) -> jax.Array:
    """Replaces each id by its row of a table.

    TF reads each row only once, however often its id comes. Here it is a plain lookup, with the same numbers: finding
    repeated ids costs more than reading rows twice.

        vectors = slim.embedding_lookup_unique(table, jnp.array([[4, 0], [1, 4]]))       # [5, 32] -> [2, 2, 32]

    Args:
      params: the table [vocab_size, ...], or its parts: a list of tables, the first few of them longer by one row where
        their number does not divide the rows.
      ids: integers from 0 to vocab_size - 1, of any shape. Others get rows of NaN, so that they show.
      partition_strategy: how the parts hold the rows. "mod": one after the other takes the next row; "div": each has
        rows that follow one another.
      name: name of the operation; by default "EmbeddingLookupUnique".

    Returns:
      An array with the axes of `ids` and then those of a row.

    Raises:
      ValueError: the parts are not of such lengths, or `partition_strategy` is none.
      TypeError: `params` are not floats, or `ids` not integers.
    """
    function = "embedding_lookup_unique"
    strategy = _args.choice(function, "partition_strategy", partition_strategy, ("mod", "div"))
    ids = _args.integers(function, ids, "ids")
    parts = params if isinstance(params, list | tuple) else [params]
    parts = [_args.floats(function, part, "params") for part in parts]
    rows, number = sum(len(part) for part in parts), len(parts)
    if not parts or [len(part) for part in parts] != [(rows - i + number - 1) // number for i in range(number)]:
        raise ValueError(
            f"{function}: params must be parts of one table, the first of them longer by a row where need be, "
            f"got lengths {[len(part) for part in parts]}."
        )
    with name_scope(name, "EmbeddingLookupUnique", [params, ids]):
        if strategy == "mod":
            starts = jnp.cumsum(jnp.array([0, *(len(part) for part in parts[:-1])]))
            inside = (ids >= 0) & (ids < rows)
            ids = jnp.where(inside, starts[ids % number] + ids // number, rows)
        return to_compute(_rows(jnp.concatenate(parts), ids))


def _embeddings(shape: tuple[int, ...] | None, initializer: Any, regularizer: Any, trainable: bool) -> jax.Array:
    return model_variable(
        "embeddings", shape=shape, initializer=initializer, regularizer=regularizer, trainable=trainable
    )


def _rows(table: jax.Array, ids: jax.Array) -> jax.Array:
    """The rows of `table` by `ids`. JAX's default is the nearest row for an id that has none, which hides mistakes."""
    return table.at[ids].get(mode="fill", fill_value=jnp.nan, wrap_negative_indices=False)


def _padded(function: str, sparse: SparseTensor) -> tuple[jax.Array, jax.Array]:
    """Ids as an array of the dense shape, and which of its elements there are."""
    ids = _args.integers(function, sparse.values, "ids.values")
    try:
        shape = tuple(int(size) for size in np.asarray(sparse.dense_shape))
    except jax.errors.TracerArrayConversionError:
        raise ValueError(
            f"{function}: ids.dense_shape must be known, got an array traced by jit. Pass a tuple of ints."
        ) from None
    places = tuple(jnp.moveaxis(jnp.asarray(sparse.indices), -1, 0))
    padded = jnp.zeros(shape, ids.dtype).at[places].set(ids, mode="drop")
    return padded, jnp.zeros(shape, bool).at[places].set(True, mode="drop")
