"""`tf.contrib.layers`: embeddings of ids, of bags and of sequences."""

from typing import Any

from jax_slim.tf1.contrib.framework_variables import model_variable
from jax_slim.tf1.graph import conversion, dtypes, graphs
from jax_slim.tf1.graph.composites import SparseTensor
from jax_slim.tf1.python import array, joining, nn_embedding, reductions, segments, variable_scope


def embed_sequence(ids: Any, vocab_size: int | None = None, embed_dim: int | None = None, unique: bool = False, initializer: Any = None,
                   regularizer: Any = None, trainable: bool = True, scope: Any = None, reuse: Any = None) -> Any:  # fmt: skip
    """Ids [batch, length] as vectors [batch, length, embed_dim]: rows of the variable `embeddings`.

    Raises:
      ValueError: no sizes and nothing to share.
    """
    if not (reuse or (vocab_size and embed_dim)):
        raise ValueError(
            f"Must specify vocab size and embedding dimension when not reusing. Got vocab_size={vocab_size} and embed_dim={embed_dim}"
        )
    with variable_scope.variable_scope(scope, "EmbedSequence", [ids], reuse=reuse):
        shape = [vocab_size, embed_dim]
        if (reuse and vocab_size is None) or embed_dim is None:
            shape = None
        embeddings = model_variable(
            "embeddings", shape=shape, initializer=initializer, regularizer=regularizer, trainable=trainable
        )
        return embedding_lookup_unique(embeddings, ids) if unique else nn_embedding.embedding_lookup(embeddings, ids)


def bow_encoder(ids: Any, vocab_size: int, embed_dim: int, sparse_lookup: bool = True, initializer: Any = None, regularizer: Any = None,
                trainable: bool = True, scope: Any = None, reuse: Any = None) -> Any:  # fmt: skip
    """Ids [batch, length] as the mean of their vectors [batch, embed_dim]."""
    with variable_scope.variable_scope(scope, "bow_encoder", [ids], reuse=reuse):
        embeddings = model_variable(
            "embeddings",
            shape=[vocab_size, embed_dim],
            initializer=initializer,
            regularizer=regularizer,
            trainable=trainable,
        )
        if sparse_lookup:
            if not isinstance(ids, SparseTensor):
                from jax_slim.tf1.python import constant_op, gathering

                places = gathering.where(constant_op.ones_like(ids, dtype=dtypes.bool_))
                ids = SparseTensor(places, array.reshape(ids, [-1]), array.shape(ids, out_type=dtypes.int64))
            return nn_embedding.safe_embedding_lookup_sparse([embeddings], ids, combiner="mean")
        if isinstance(ids, SparseTensor):
            raise TypeError("ids are expected to be dense Tensor, got: %s", ids)
        return reductions.reduce_mean(nn_embedding.embedding_lookup(embeddings, ids), axis=1)


def embedding_lookup_unique(params: Any, ids: Any, partition_strategy: str = "mod", name: str | None = None) -> Any:
    """`embedding_lookup` that looks each id up once, however often it occurs."""
    from jax_slim.tf1.python import gathering

    with graphs.name_scope(name, "EmbeddingLookupUnique", [params, ids]):
        ids = conversion.convert_to_tensor(ids)
        shape = array.shape(ids)
        unique_ids, places = segments.unique(array.reshape(ids, [-1]))[:2]
        unique_embeddings = nn_embedding.embedding_lookup(params, unique_ids, partition_strategy)
        flat = gathering.gather(unique_embeddings, places)
        whole = array.reshape(flat, joining.concat([shape, array.shape(unique_embeddings)[1:]], 0))
        whole.set_shape(ids.shape.concatenate(unique_embeddings.shape[1:]))
        return whole
