"""`tf.nn`: classes drawn at random, and losses that compare with those instead of with all."""

from typing import Any

from jax_slim.tf1.graph import building, dtypes, graphs
from jax_slim.tf1.graph.tensors import Tensor
from jax_slim.tf1.python import array, constant_op, joining, linalg, math, nn_losses, random, slicing


def _sampler(
    type: str,
    true_classes: Any,
    num_true: int,
    num_sampled: int,
    unique: bool,
    seed: int | None,
    name: str | None,
    **more: Any,
) -> Any:
    seed1, seed2 = random.get_seed(seed)
    return building.make(
        type,
        true_classes,
        num_true=num_true,
        num_sampled=num_sampled,
        unique=unique,
        seed=seed1 or 0,
        seed2=seed2 or 0,
        name=name,
        **more,
    )


def uniform_candidate_sampler(
    true_classes: Any,
    num_true: int,
    num_sampled: int,
    unique: bool,
    range_max: int,
    seed: int | None = None,
    name: str | None = None,
) -> Any:
    """Classes from 0 to range_max - 1, all equally likely.

    Returns:
      (sampled_candidates int64 [num_sampled], how often each true class is to be expected [N, num_true], how often each sampled one).
    """
    return _sampler(
        "UniformCandidateSampler", true_classes, num_true, num_sampled, unique, seed, name, range_max=range_max
    )


def log_uniform_candidate_sampler(
    true_classes: Any,
    num_true: int,
    num_sampled: int,
    unique: bool,
    range_max: int,
    seed: int | None = None,
    name: str | None = None,
) -> Any:
    """`uniform_candidate_sampler` with Zipf's law: class c with probability log((c + 2) / (c + 1)) / log(range_max + 1)."""
    return _sampler(
        "LogUniformCandidateSampler", true_classes, num_true, num_sampled, unique, seed, name, range_max=range_max
    )


def learned_unigram_candidate_sampler(
    true_classes: Any,
    num_true: int,
    num_sampled: int,
    unique: bool,
    range_max: int,
    seed: int | None = None,
    name: str | None = None,
) -> Any:
    """`uniform_candidate_sampler` by how often the true classes were seen so far."""
    return _sampler(
        "LearnedUnigramCandidateSampler", true_classes, num_true, num_sampled, unique, seed, name, range_max=range_max
    )


def fixed_unigram_candidate_sampler(true_classes: Any, num_true: int, num_sampled: int, unique: bool, range_max: int, vocab_file: str = "", distortion: float = 1.0,
                                    num_reserved_ids: int = 0, num_shards: int = 1, shard: int = 0, unigrams: Any = (), seed: int | None = None,
                                    name: str | None = None) -> Any:  # fmt: skip
    """`uniform_candidate_sampler` by counts from a file or list, to the power `distortion`."""
    return _sampler(
        "FixedUnigramCandidateSampler", true_classes, num_true, num_sampled, unique, seed, name, range_max=range_max, vocab_file=vocab_file,
        distortion=distortion, num_reserved_ids=num_reserved_ids, num_shards=num_shards, shard=shard, unigrams=list(unigrams),
    )  # fmt: skip


def all_candidate_sampler(
    true_classes: Any, num_true: int, num_sampled: int, unique: bool, seed: int | None = None, name: str | None = None
) -> Any:
    """All classes from 0 to num_sampled - 1, each expected once."""
    return _sampler("AllCandidateSampler", true_classes, num_true, num_sampled, unique, seed, name)


def compute_accidental_hits(
    true_classes: Any, sampled_candidates: Any, num_true: int, seed: int | None = None, name: str | None = None
) -> Any:
    """Where sampled classes are true ones: (example, place among the sampled, the lowest float)."""
    seed1, seed2 = random.get_seed(seed)
    return building.make(
        "ComputeAccidentalHits",
        true_classes,
        sampled_candidates,
        num_true=num_true,
        seed=seed1 or 0,
        seed2=seed2 or 0,
        name=name,
    )


def _sum_rows(x: Tensor) -> Tensor:
    """The sum of each row, as a product."""
    columns = array.shape(x)[1]
    ones = constant_op.ones(joining.stack([columns, 1]), x.dtype)
    return array.reshape(linalg.matmul(x, ones), [-1])


def _sampled_logits(weights: Any, biases: Any, labels: Any, inputs: Any, num_sampled: int, num_classes: int, num_true: int, sampled_values: Any,
                    subtract_log_q: bool, remove_accidental_hits: bool, partition_strategy: str, name: str | None, seed: int | None) -> tuple[Tensor, Tensor]:  # fmt: skip
    """(logits of the true and the sampled classes [N, num_true + num_sampled], labels for them)."""
    from jax_slim.tf1.python import nn_embedding, sparse

    weights = weights if isinstance(weights, list) else [weights]
    with graphs.name_scope(name, "compute_sampled_logits", [*weights, biases, inputs, labels]):
        if labels.dtype != dtypes.int64:
            labels = math.cast(labels, dtypes.int64)
        labels_flat = array.reshape(labels, [-1])
        if sampled_values is None:
            sampled_values = log_uniform_candidate_sampler(labels, num_true, num_sampled, True, num_classes, seed=seed)
        sampled, true_count, sampled_count = (array.stop_gradient(s) for s in sampled_values)
        sampled = math.cast(sampled, dtypes.int64)
        all_ids = joining.concat([labels_flat, sampled], 0)
        all_w = nn_embedding.embedding_lookup(weights, all_ids, partition_strategy=partition_strategy)
        if all_w.dtype != inputs.dtype:
            all_w = math.cast(all_w, inputs.dtype)
        count = array.shape(labels_flat)[0]
        true_w = slicing.slice(all_w, [0, 0], joining.stack([count, -1]))
        sampled_w = slicing.slice(all_w, joining.stack([count, 0]), [-1, -1])
        sampled_logits = linalg.matmul(inputs, sampled_w, transpose_b=True)
        all_b = nn_embedding.embedding_lookup(biases, all_ids, partition_strategy=partition_strategy)
        if all_b.dtype != inputs.dtype:
            all_b = math.cast(all_b, inputs.dtype)
        true_b = slicing.slice(all_b, [0], array.shape(labels_flat))
        sampled_b = slicing.slice(all_b, array.shape(labels_flat), [-1])
        dim = array.shape(true_w)[1:2]
        wide = joining.concat([[-1, num_true], dim], 0)
        dots = math.multiply(array.expand_dims(inputs, 1), array.reshape(true_w, wide))
        as_matrix = array.reshape(dots, joining.concat([[-1], dim], 0))
        true_logits = array.reshape(_sum_rows(as_matrix), [-1, num_true])
        true_b = array.reshape(true_b, [-1, num_true])
        true_logits += true_b
        sampled_logits += sampled_b
        if remove_accidental_hits:
            hits = compute_accidental_hits(labels, sampled, num_true=num_true)
            indices, ids, lowest = hits
            indices_2d = array.reshape(indices, [-1, 1])
            ids_2d = array.reshape(math.cast(ids, dtypes.int32), [-1, 1])
            places = joining.concat([indices_2d, ids_2d], 1, "sparse_indices")
            shape = joining.concat([array.shape(labels)[:1], array.expand_dims(num_sampled, 0)], 0)
            if sampled_logits.dtype != lowest.dtype:
                lowest = math.cast(lowest, sampled_logits.dtype)
            sampled_logits += sparse.sparse_to_dense(places, shape, lowest, default_value=0.0, validate_indices=False)
        if subtract_log_q:
            true_logits -= math.log(true_count)
            sampled_logits -= math.log(sampled_count)
        logits = joining.concat([true_logits, sampled_logits], 1)
        ones = constant_op.ones_like(true_logits)
        out_labels = joining.concat([ones / num_true, constant_op.zeros_like(sampled_logits)], 1)
        return logits, out_labels


def nce_loss(weights: Any, biases: Any, labels: Any, inputs: Any, num_sampled: int, num_classes: int, num_true: int = 1, sampled_values: Any = None,
             remove_accidental_hits: bool = False, partition_strategy: str = "mod", name: str = "nce_loss") -> Tensor:  # fmt: skip
    """Noise-contrastive estimation: each example's sigmoid cross entropies with its true classes and some sampled ones.

    Args:
      weights [num_classes, dim] (or its parts), biases [num_classes], labels int64 [N, num_true], inputs [N, dim].
      sampled_values: what a candidate sampler gave; None draws by `log_uniform_candidate_sampler`.

    Returns:
      [N].
    """
    logits, labels = _sampled_logits(
        weights,
        biases,
        labels,
        inputs,
        num_sampled,
        num_classes,
        num_true,
        sampled_values,
        True,
        remove_accidental_hits,
        partition_strategy,
        name,
        None,
    )
    losses = nn_losses.sigmoid_cross_entropy_with_logits(labels=labels, logits=logits, name="sampled_losses")
    return _sum_rows(losses)


def sampled_softmax_loss(weights: Any, biases: Any, labels: Any, inputs: Any, num_sampled: int, num_classes: int, num_true: int = 1, sampled_values: Any = None,
                         remove_accidental_hits: bool = True, partition_strategy: str = "mod", name: str = "sampled_softmax_loss", seed: int | None = None) -> Tensor:  # fmt: skip
    """The softmax cross entropy among each example's true classes and some sampled ones: for training with very many classes. Arguments as `nce_loss`."""
    logits, labels = _sampled_logits(
        weights,
        biases,
        labels,
        inputs,
        num_sampled,
        num_classes,
        num_true,
        sampled_values,
        True,
        remove_accidental_hits,
        partition_strategy,
        name,
        seed,
    )
    labels = array.stop_gradient(labels, name="labels_stop_gradient")
    return nn_losses.softmax_cross_entropy_with_logits_v2(labels=labels, logits=logits)
