"""Connectionist temporal classification: the loss (differentiable), and two decoders (on the host)."""

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from jax_slim.tf1.graph import errors, rows
from jax_slim.tf1.operations import arrays, shape_checks

_NEVER = -1e30  # the log of no probability at all: finite, so that its derivatives are


def _loss_shapes(op: Any) -> Any:
    inputs = shape_checks.with_rank(op, 0, 3)
    shape_checks.with_rank(op, 1, 2)
    shape_checks.with_rank(op, 2, 1)
    (lengths,) = shape_checks.with_rank(op, 3, 1)
    batch = shape_checks.merged(op, inputs[1], lengths)
    return [[batch], [inputs[0], batch, inputs[2]]]


@rows.row("CTCLoss", "CTCLossV2", shape=_loss_shapes, numpy=False)
def ctc_loss(inputs, labels_indices, labels_values, sequence_length, *, preprocess_collapse_repeated, ctc_merge_repeated,
             ignore_longer_outputs_than_inputs):  # fmt: skip
    inputs = jnp.asarray(inputs)
    time, batch, _ = inputs.shape
    longest = _longest(labels_indices, time)
    labels, counts = _dense(labels_indices, labels_values, batch, longest, preprocess_collapse_repeated)
    arrays.require(
        sequence_length <= time,
        lambda: errors.InvalidArgumentError(None, None, f"sequence_length must be at most {time}"),
    )
    repeated = (
        ((labels[:, 1:] == labels[:, :-1]) & (np.arange(1, longest) < counts[:, None])).sum(1) if longest > 1 else 0
    )
    needed = counts + (repeated if ctc_merge_repeated else 0)
    fits = (needed <= sequence_length) | (
        np.asarray(sequence_length) == 0 if arrays.is_known(sequence_length) else sequence_length == 0
    )
    if not ignore_longer_outputs_than_inputs:
        arrays.require(
            fits,
            lambda: errors.InvalidArgumentError(
                None, None, "Not enough time for target transition sequence: labels are longer than their inputs"
            ),
        )
    counted = jnp.asarray(fits) & (jnp.asarray(sequence_length) > 0)

    def losses(inputs: Any) -> Any:
        found = _negative_log_likelihood(
            inputs, jnp.asarray(labels), jnp.asarray(counts), jnp.asarray(sequence_length), ctc_merge_repeated
        )
        return jnp.where(counted, found, 0)

    loss, back = jax.vjp(losses, inputs)
    return loss, lax.stop_gradient(back(jnp.ones_like(loss))[0])


def _longest(indices: Any, time: int) -> int:
    """How many labels a sequence has at most."""
    if arrays.xp(indices) is np:
        return int(indices[:, 1].max()) + 1 if len(indices) else 1
    return max(1, min(indices.shape[0], time))


def _dense(indices: Any, values: Any, batch: int, longest: int, collapse: bool) -> tuple[Any, Any]:
    """(labels [batch, longest], -1 where there is none; how many there are)."""
    indices, values = jnp.asarray(indices), jnp.asarray(values)
    labels = jnp.full((batch, longest), -1, values.dtype).at[indices[:, 0], indices[:, 1]].set(values, mode="drop")
    if collapse:
        kept = (labels >= 0) & jnp.concatenate([jnp.ones((batch, 1), bool), labels[:, 1:] != labels[:, :-1]], 1)
        place = jnp.where(kept, jnp.cumsum(kept, 1) - 1, longest)
        labels = jnp.full_like(labels, -1).at[jnp.arange(batch)[:, None], place].set(labels, mode="drop")
    return labels, (labels >= 0).sum(1).astype(np.int32)


def _negative_log_likelihood(inputs: Any, labels: Any, counts: Any, lengths: Any, merge: bool) -> Any:
    batch, longest = labels.shape
    time, _, classes = inputs.shape
    # Labels with blanks around them: states 0, 2, 4, ... are blanks.
    states = (
        jnp.full((batch, 2 * longest + 1), classes - 1, labels.dtype)
        .at[:, 1::2]
        .set(jnp.where(labels < 0, classes - 1, labels))
    )
    blank = jnp.arange(2 * longest + 1) % 2 == 0
    logs = jnp.take_along_axis(jax.nn.log_softmax(inputs), jnp.broadcast_to(states, (time, *states.shape)), 2)
    same = jnp.concatenate([jnp.ones((batch, 2), bool), states[:, 2:] == states[:, :-2]], 1)
    skips = ~blank & ~(
        same if merge else jnp.concatenate([jnp.ones((batch, 2), bool), jnp.zeros((batch, 2 * longest - 1), bool)], 1)
    )
    never = jnp.asarray(_NEVER, inputs.dtype)
    start = (
        jnp.full(states.shape, never)
        .at[:, 0]
        .set(logs[0, :, 0])
        .at[:, 1]
        .set(jnp.where(counts > 0, logs[0, :, 1], never))
    )

    def step(alpha: Any, given: Any) -> tuple[Any, None]:
        at, log = given
        before = jnp.pad(alpha, ((0, 0), (1, 0)), constant_values=_NEVER)[:, :-1]
        two_before = jnp.pad(alpha, ((0, 0), (2, 0)), constant_values=_NEVER)[:, :-2]
        stay = alpha if merge else jnp.where(blank, alpha, never)
        total = jnp.logaddexp(jnp.logaddexp(stay, before), jnp.where(skips, two_before, never)) + log
        return jnp.where((at < lengths)[:, None], jnp.maximum(total, never), alpha), None

    alpha, _ = lax.scan(step, start, (jnp.arange(1, time, dtype=lengths.dtype), logs[1:]))
    last = jnp.take_along_axis(alpha, (2 * counts)[:, None], 1)[:, 0]
    one_before = jnp.take_along_axis(alpha, jnp.maximum(2 * counts - 1, 0)[:, None], 1)[:, 0]
    return -jnp.where(counts > 0, jnp.logaddexp(last, one_before), last)


def _check_lengths(inputs: np.ndarray, lengths: np.ndarray) -> None:
    if len(lengths) != inputs.shape[1]:
        raise errors.InvalidArgumentError(None, None, "len(sequence_length) != batch_size.")
    if (lengths > inputs.shape[0]).any():
        raise errors.InvalidArgumentError(None, None, f"sequence_length must be at most {inputs.shape[0]}")


def _as_sparse(sequences: list[list[int]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    indices = [(i, j) for i, sequence in enumerate(sequences) for j in range(len(sequence))]
    values = [label for sequence in sequences for label in sequence]
    shape = [len(sequences), max(map(len, sequences), default=0)]
    return np.array(indices, np.int64).reshape(-1, 2), np.array(values, np.int64), np.array(shape, np.int64)


def _greedy_shapes(op: Any) -> Any:
    inputs, (lengths,) = shape_checks.with_rank(op, 0, 3), shape_checks.with_rank(op, 1, 1)
    return [[None, 2], [None], [2], [shape_checks.merged(op, inputs[1], lengths), 1]]


@rows.row("CTCGreedyDecoder", host=True, shape=_greedy_shapes, gradient=rows.NONE)
def ctc_greedy_decoder(inputs, sequence_length, *, merge_repeated, blank_index=-1):
    _check_lengths(inputs, sequence_length)
    blank = inputs.shape[2] - 1
    sequences, scores = [], np.zeros((inputs.shape[1], 1), inputs.dtype)
    for example, length in enumerate(sequence_length):
        best = inputs[:length, example].argmax(1)
        scores[example] = -inputs[:length, example].max(1).sum() if length else 0
        before = np.concatenate([[-1], best[:-1]]) if merge_repeated else np.full(len(best), -1)
        sequences.append([int(b) for b, a in zip(best, before, strict=True) if b != blank and b != a])
    return *_as_sparse(sequences), scores


def _beam_shapes(op: Any) -> Any:
    inputs, (lengths,) = shape_checks.with_rank(op, 0, 3), shape_checks.with_rank(op, 1, 1)
    paths = op.attrs["top_paths"]
    batch = shape_checks.merged(op, inputs[1], lengths)
    return [[None, 2]] * paths + [[None]] * paths + [[2]] * paths + [[batch, paths]]


@rows.row("CTCBeamSearchDecoder", host=True, shape=_beam_shapes, gradient=rows.NONE)
def ctc_beam_search_decoder(inputs, sequence_length, *, beam_width, top_paths, merge_repeated):
    _check_lengths(inputs, sequence_length)
    if top_paths > beam_width:
        raise errors.InvalidArgumentError(
            None, None, f"Requested more paths ({top_paths}) than the beam width {beam_width}"
        )
    found = [_beams(inputs[:length, example], beam_width)[:top_paths] for example, length in enumerate(sequence_length)]
    scores = np.full((len(found), top_paths), -np.inf, inputs.dtype)
    indices, values, sizes = [], [], []
    for path in range(top_paths):
        sequences: list[list[int]] = []
        for example, beams in enumerate(found):
            if path >= len(beams):
                raise errors.InvalidArgumentError(None, None, "Less leaves in the beam search than requested.")
            prefix, score = beams[path]
            scores[example, path] = score
            kept = [p for i, p in enumerate(prefix) if not merge_repeated or i == 0 or p != prefix[i - 1]]
            sequences.append(kept)
        for made, part in zip((indices, values, sizes), _as_sparse(sequences), strict=True):
            made.append(part)
    return [*indices, *values, *sizes, scores]


def _beams(logits: np.ndarray, width: int) -> list[tuple[tuple[int, ...], float]]:
    """The most probable labellings with their log probabilities, best first."""
    blank = logits.shape[1] - 1
    logs = logits - logits.max(1, keepdims=True)
    logs = (logs - np.log(np.exp(logs).sum(1, keepdims=True))).astype(np.float64)
    beams: dict[tuple[int, ...], tuple[float, float]] = {
        (): (0.0, -math.inf)
    }  # log probabilities: ending in a blank, in a label
    for step in logs.tolist():
        made: dict[tuple[int, ...], tuple[float, float]] = {}

        def add(prefix: tuple[int, ...], of_blank: float, of_label: float, made: Any = made) -> None:
            old = made.get(prefix, (-math.inf, -math.inf))
            made[prefix] = (_log_sum(old[0], of_blank), _log_sum(old[1], of_label))

        for prefix, (of_blank, of_label) in beams.items():
            total = _log_sum(of_blank, of_label)
            add(prefix, total + step[blank], -math.inf)
            for label in range(blank):
                if prefix and prefix[-1] == label:
                    add(prefix, -math.inf, of_label + step[label])
                    add((*prefix, label), -math.inf, of_blank + step[label])
                else:
                    add((*prefix, label), -math.inf, total + step[label])
        best = sorted(made.items(), key=lambda entry: -_log_sum(*entry[1]))[:width]
        beams = dict(best)
    return sorted(((p, _log_sum(*s)) for p, s in beams.items()), key=lambda entry: -entry[1])


def _log_sum(a: float, b: float) -> float:
    high, low = max(a, b), min(a, b)
    return high if low == -math.inf else high + math.log1p(math.exp(low - high))
