"""Classes drawn at random for losses that compare with some classes only. On the host."""

from pathlib import Path
from typing import Any

import numpy as np

from jax_slim.tf1.graph import errors, rows
from jax_slim.tf1.operations import host_random, shape_checks, shape_rules


def _shapes(op: Any) -> Any:
    true = shape_checks.with_rank(op, 0, 2)
    number, true_number = op.attrs["num_sampled"], op.attrs["num_true"]
    if true[1] is not None and true[1] != true_number:
        shape_rules.refuse(op, f"Dimension must be {true_number} but is {true[1]}")
    return [[number], [true[0], true_number], [number]]


def _drawn(
    rng: np.random.Generator, probabilities: Any, true_classes: np.ndarray, count: int, unique: bool, draw: Any
) -> Any:
    """(classes, expected counts of the true ones, of those drawn); probabilities (classes) -> how likely each is."""
    if true_classes.ndim != 2:
        raise errors.InvalidArgumentError(None, None, "true_classes must be a matrix")
    tries = count
    if unique:
        found: dict[int, None] = {}
        tries = 0
        while len(found) < count:
            for candidate in draw(rng, max(count, 16)):
                tries += 1
                found[int(candidate)] = None
                if len(found) == count:
                    break
        classes = np.array(list(found), np.int64)
    else:
        classes = np.asarray(draw(rng, count), np.int64)

    def expected(of: np.ndarray) -> np.ndarray:
        p = np.asarray(probabilities(of), np.float64)
        return (p * count if tries == count else -np.expm1(tries * np.log1p(-p))).astype(np.float32)

    return classes, expected(true_classes), expected(classes)


def _check_range(count: int, unique: bool, range_max: int) -> None:
    if unique and count > range_max:
        raise errors.InvalidArgumentError(
            None, None, f"Sampler's range is too small. num_sampled is {count}, range_max {range_max}"
        )


@rows.row("UniformCandidateSampler", host=True, context=True, shape=_shapes, gradient=rows.NONE)
def uniform(run, op, true_classes, *, num_sampled, unique, range_max):
    _check_range(num_sampled, unique, range_max)
    draw = lambda rng, n: rng.integers(range_max, size=n)  # noqa: E731
    of = lambda classes: np.full(classes.shape, 1 / range_max)  # noqa: E731
    return _drawn(host_random.generator(run, op), of, true_classes, num_sampled, unique, draw)


@rows.row("LogUniformCandidateSampler", host=True, context=True, shape=_shapes, gradient=rows.NONE)
def log_uniform(run, op, true_classes, *, num_sampled, unique, range_max):
    _check_range(num_sampled, unique, range_max)
    whole = np.log(range_max + 1.0)
    draw = lambda rng, n: (np.exp(rng.random(n) * whole) - 1).astype(np.int64) % range_max  # noqa: E731
    of = lambda classes: np.log((classes + 2.0) / (classes + 1.0)) / whole  # noqa: E731
    return _drawn(host_random.generator(run, op), of, true_classes, num_sampled, unique, draw)


def _by_weights(run: Any, op: Any, weights: np.ndarray, true_classes: np.ndarray, count: int, unique: bool) -> Any:
    shares = weights / weights.sum()
    _check_range(count, unique, int((weights > 0).sum()))
    draw = lambda rng, n: rng.choice(len(shares), n, p=shares)  # noqa: E731

    def of(classes: Any) -> Any:
        return np.where((classes >= 0) & (classes < len(shares)), shares[np.clip(classes, 0, len(shares) - 1)], 0)

    return _drawn(host_random.generator(run, op), of, true_classes, count, unique, draw)


@rows.row(
    "LearnedUnigramCandidateSampler",
    "ThreadUnsafeUnigramCandidateSampler",
    host=True,
    context=True,
    shape=_shapes,
    gradient=rows.NONE,
)
def learned_unigram(run, op, true_classes, *, num_sampled, unique, range_max):
    counts = op.private.setdefault("counts", np.ones(range_max))
    found = _by_weights(run, op, counts, true_classes, num_sampled, unique)
    np.add.at(counts, true_classes.reshape(-1), 1)
    return found


@rows.row("FixedUnigramCandidateSampler", host=True, context=True, shape=_shapes, gradient=rows.NONE)
def fixed_unigram(
    run,
    op,
    true_classes,
    *,
    num_sampled,
    unique,
    range_max,
    vocab_file,
    distortion,
    num_reserved_ids,
    num_shards,
    shard,
    unigrams,
):
    weights = op.private.get("weights")
    if weights is None:
        if vocab_file:
            lines = Path(vocab_file.decode()).read_text(encoding="utf-8").splitlines()
            given = [float(line.rpartition(",")[2]) for line in lines if line.strip()]
        else:
            given = list(unigrams)
        whole = np.concatenate([np.zeros(num_reserved_ids), np.asarray(given, np.float64) ** distortion])
        if len(whole) != range_max:
            raise errors.InvalidArgumentError(
                None, None, f"range_max is {range_max}, but there are {len(whole)} counts with the reserved ids."
            )
        whole[np.arange(len(whole)) % num_shards != shard] = 0
        weights = op.private["weights"] = whole
    return _by_weights(run, op, weights, true_classes, num_sampled, unique)


@rows.row("AllCandidateSampler", host=True, shape=_shapes, gradient=rows.NONE)
def all_candidates(true_classes, *, num_sampled):
    return (
        np.arange(num_sampled, dtype=np.int64),
        np.ones(true_classes.shape, np.float32),
        np.ones(num_sampled, np.float32),
    )


def _hits_shapes(op: Any) -> Any:
    true = shape_checks.with_rank(op, 0, 2)
    shape_checks.with_rank(op, 1, 1)
    if true[1] is not None and true[1] != op.attrs["num_true"]:
        shape_rules.refuse(op, f"Dimension must be {op.attrs['num_true']} but is {true[1]}")
    return [[None], [None], [None]]


@rows.row("ComputeAccidentalHits", host=True, shape=_hits_shapes, gradient=rows.NONE)
def compute_accidental_hits(true_classes, sampled_candidates):
    examples, _, places = np.nonzero(true_classes[:, :, None] == sampled_candidates)
    return (
        examples.astype(np.int32),
        places.astype(np.int64),
        np.full(len(examples), -np.finfo(np.float32).max, np.float32),
    )
