"""One program with every kind of metric, and what each of them means in slow float64 NumPy."""

import itertools
import math
import statistics
from collections.abc import Sequence
from typing import Any

import numpy as np

import jax_slim as slim

ROWS, CLASSES, THRESHOLDS = 24, 5, 9
K = 3


def data(rows: int = ROWS, seed: int = 0) -> dict[str, np.ndarray]:
    """Rows of scores with ties, yes-or-no labels, class ids, several labels a row, numbers and weights."""
    rng = np.random.default_rng(seed)
    several = rng.integers(0, CLASSES, (rows, 3)).astype(np.int32)
    several[rng.uniform(size=several.shape) < 0.3] = -1
    several[:, 0] = np.abs(several[:, 0])
    return {
        "score": (rng.integers(0, 16, rows) / 16 + 0.01).astype(np.float32),  # never on a threshold
        "truth": rng.uniform(size=rows) < 0.4,
        "logits": rng.normal(size=(rows, CLASSES)).astype(np.float32),
        "id": rng.integers(0, CLASSES, rows).astype(np.int32),
        "guess": rng.integers(0, CLASSES, rows).astype(np.int32),
        "several": several,
        "x": rng.normal(5, 1, (rows, 2)).astype(np.float32),
        "y": rng.normal(-3, 2, (rows, 2)).astype(np.float32),
        "weight": rng.uniform(0.1, 2, rows).astype(np.float32),
    }


def program(batch: dict[str, Any], only: Sequence[str] | None = None) -> dict[str, tuple[Any, Any]]:
    """(value, update) of every metric, or of some."""
    m = slim.metrics
    score, truth, weight = batch["score"], batch["truth"], batch["weight"]
    guess, label, x, y = batch["guess"], batch["id"], batch["x"], batch["y"]
    yes = score > 0.5
    pr = {"curve": "PR", "num_thresholds": THRESHOLDS}
    metrics = {
        "mean": lambda: m.streaming_mean(x, weight),
        "mean_tensor": lambda: m.streaming_mean_tensor(x.sum(0)),
        "count": lambda: m.count(x, weight),
        "percentage": lambda: m.streaming_percentage_less(x, 5.0),
        "accuracy": lambda: m.streaming_accuracy(guess, label, weight),
        "absolute": lambda: m.streaming_mean_absolute_error(x, y),
        "root": lambda: m.streaming_root_mean_squared_error(x, y, weight),
        "relative": lambda: m.streaming_mean_relative_error(x, y, y),
        "cosine": lambda: m.streaming_mean_cosine_distance(x, y, 1),
        "precision": lambda: m.streaming_precision(yes, truth, weight),
        "false_negative_rate": lambda: m.streaming_false_negative_rate(yes, truth),
        "true_negatives": lambda: m.streaming_true_negatives(yes, truth),
        "recalls": lambda: m.streaming_recall_at_thresholds(score, truth, [0.2, 0.6], weight),
        "auc": lambda: m.streaming_auc(score, truth, weight, THRESHOLDS),
        "pr_auc": lambda: m.streaming_auc(score, truth, summation_method="careful_interpolation", **pr),
        "pr_auc_low": lambda: m.streaming_auc(score, truth, summation_method="minoring", **pr),
        "histogram_auc": lambda: m.auc_using_histogram(truth, score, [0.0, 1.0], 16),
        "dynamic_auc": lambda: m.streaming_dynamic_auc(truth, score, weights=weight, capacity=64),
        "dynamic_pr": lambda: m.streaming_dynamic_auc(truth, score, "PR", capacity=64),
        "interval": lambda: m.auc_with_confidence_intervals(truth, score, weight, 0.9, capacity=64),
        "counts": lambda: tuple(
            d[:4] for d in m.precision_recall_at_equal_thresholds(truth, score, weight, THRESHOLDS)
        ),
        "f1": lambda: m.f1_score(truth, score, weight, THRESHOLDS),
        "iou": lambda: m.streaming_mean_iou(guess, label, CLASSES, weight),
        "kappa": lambda: m.cohen_kappa(label, guess, CLASSES),
        "kappa_weighted": lambda: m.cohen_kappa(label, guess, CLASSES, weight),
        "covariance": lambda: m.streaming_covariance(x, y, weight),
        "correlation": lambda: m.streaming_pearson_correlation(x, y),
        "top": lambda: m.streaming_recall_at_k(batch["logits"], label, K, weight),
        "sparse_recall": lambda: m.streaming_sparse_recall_at_k(batch["logits"], batch["several"], K, weights=weight),
        "sparse_precision": lambda: m.streaming_sparse_precision_at_k(batch["logits"], batch["several"], K, class_id=2),
        "average_precision": lambda: m.streaming_sparse_average_precision_at_k(
            batch["logits"], batch["several"], K, weight
        ),
        "concat": lambda: m.streaming_concat(x, max_size=7),
    }
    return {name: metrics[name]() for name in only or metrics}


# --- definitions --------------------------------------------------------------------------------------


def definitions(batch: dict[str, np.ndarray]) -> dict[str, Any]:
    """The result of each metric over all of `batch`; 'concat' and 'mean_tensor', which depend on the split, are not."""
    d = {key: a.astype(np.float64) if a.dtype == np.float32 else a for key, a in batch.items()}
    score, truth, weight, guess, label, x, y = (d[k] for k in ("score", "truth", "weight", "guess", "id", "x", "y"))
    yes, ones, wide = score > 0.5, np.ones(len(score)), np.repeat(weight[:, None], 2, 1)
    tp, fp = weight[yes & truth].sum(), weight[yes & ~truth].sum()
    at = [counts_at(t, score, truth, weight) for t in cuts()]
    f1 = [2 * tp / (2 * tp + fp + fn) for tp, fp, _, fn in at if tp]
    return {
        "mean": np.average(x, weights=wide),
        "count": wide.sum(),
        "percentage": np.mean(x < 5),
        "accuracy": np.average(guess == label, weights=weight),
        "absolute": np.mean(abs(x - y)),
        "root": math.sqrt(np.average((x - y) ** 2, weights=wide)),
        "relative": np.mean(abs(x - y) / y),
        "cosine": 1 - np.mean((x * y).sum(1)),
        "precision": tp / (tp + fp),
        "false_negative_rate": (~yes & truth).sum() / truth.sum(),
        "true_negatives": (~yes & ~truth).sum(),
        "recalls": [weight[(score > t) & truth].sum() / weight[truth].sum() for t in (0.2, 0.6)],
        "auc": trapezoids([(fp / (fp + tn), tp / (tp + fn)) for tp, fp, tn, fn in at]),
        "pr_auc": interpolated([counts_at(t, score, truth, ones) for t in cuts()]),
        "pr_auc_low": low_steps([counts_at(t, score, truth, ones) for t in cuts()]),
        "histogram_auc": ranks(score, truth, ones),
        "dynamic_auc": ranks(score, truth, weight),
        "dynamic_pr": precise(score, truth),
        "interval": interval(score, truth, weight, 0.9),
        "counts": np.transpose([counts_at(i / (THRESHOLDS - 1), score, truth, weight) for i in range(THRESHOLDS)]),
        "f1": max(f1),
        "iou": intersections(guess, label, weight),
        "kappa": agreement(guess, label, ones),
        "kappa_weighted": agreement(guess, label, weight),
        "covariance": covariance(x, y, wide),
        "correlation": np.corrcoef(x.ravel(), y.ravel())[0, 1],
        "top": np.average([i in best(row) for i, row in zip(label, d["logits"], strict=True)], weights=weight),
        **of_sets(d["logits"], d["several"], weight),
    }


def cuts() -> list[float]:
    return [-1e-7, *(i / (THRESHOLDS - 1) for i in range(1, THRESHOLDS - 1)), 1 + 1e-7]


def counts_at(t: float, score: Any, truth: Any, weight: Any) -> tuple[float, float, float, float]:
    """tp, fp, tn, fn."""
    yes = score > t
    return tuple(weight[part].sum() for part in (yes & truth, yes & ~truth, ~yes & ~truth, ~yes & truth))


def trapezoids(points: list[tuple[float, float]]) -> float:
    return sum(abs(a - c) * (b + d) / 2 for (a, b), (c, d) in itertools.pairwise(points))


def interpolated(at: list[Any]) -> float:
    """Between two thresholds tp grows evenly, and fp with it: the precision on the way, added up in small steps."""
    area, steps = 0.0, 20000
    for (tp1, fp1, _, fn), (tp0, fp0, *_) in itertools.pairwise(at):
        f = (np.arange(steps) + 0.5) / steps
        tp, fp = tp0 + f * (tp1 - tp0), fp0 + f * (fp1 - fp0)
        if tp1 > tp0:
            area += np.mean(tp / (tp + fp)) * (tp1 - tp0) / (tp1 + fn)
    return area


def low_steps(at: list[Any]) -> float:
    points = [(tp / (tp + fn), tp / (tp + fp) if tp + fp else 1.0) for tp, fp, _, fn in at]
    return sum((a - c) * min(b, d) for (a, b), (c, d) in itertools.pairwise(points))


def ranks(score: Any, truth: Any, weight: Any) -> float:
    """The probability that a true one scores above a false one; a tie is half."""
    above = [
        w * v * ((a > b) + (a == b) / 2)
        for a, w in zip(score[truth], weight[truth], strict=True)
        for b, v in zip(score[~truth], weight[~truth], strict=True)
    ]
    return sum(above) / (weight[truth].sum() * weight[~truth].sum())


def precise(score: Any, truth: Any) -> float:
    falling = sorted(set(score), reverse=True)
    points = [(np.mean(score[truth] >= t), np.mean(truth[score >= t])) for t in falling]  # recall, precision
    return trapezoids([(0.0, 1.0), *points])


def interval(score: Any, truth: Any, weight: Any, alpha: float) -> list[float]:
    """DeLong's variance from placements: the part of the other label that an example beats."""

    def placements(of: Any, others: Any) -> tuple[Any, Any]:
        beaten = [np.average((s > score[others]) + (s == score[others]) / 2, weights=weight[others]) for s in score[of]]
        return np.array(beaten), weight[of]

    auc = ranks(score, truth, weight)
    spread = 0.0
    for of, others, centre in ((truth, ~truth, auc), (~truth, truth, 1 - auc)):
        placed, w = placements(of, others)
        spread += (w * (placed - centre) ** 2).sum() / (w.sum() - 1) / w.sum()
    logit, error = math.log(auc / (1 - auc)), math.sqrt(spread) / (auc * (1 - auc))
    z = statistics.NormalDist().inv_cdf((1 + alpha) / 2)
    return [auc, *(1 / (1 + math.exp(-(logit + sign * z * error))) for sign in (-1, 1))]


def intersections(guess: Any, label: Any, weight: Any) -> float:
    found = []
    for c in range(CLASSES):
        union = weight[(guess == c) | (label == c)].sum()
        if union:
            found.append(weight[(guess == c) & (label == c)].sum() / union)
    return float(np.mean(found))


def agreement(guess: Any, label: Any, weight: Any) -> float:
    observed = np.average(guess == label, weights=weight)
    shares = ([np.average(ids == c, weights=weight) for c in range(CLASSES)] for ids in (guess, label))
    chance = np.dot(*shares)
    return (observed - chance) / (1 - chance)


def covariance(x: Any, y: Any, weight: Any) -> float:
    dx, dy = x - np.average(x, weights=weight), y - np.average(y, weights=weight)
    return (weight * dx * dy).sum() / (weight.sum() - 1)


def best(row: Any) -> list[int]:
    return list(np.argsort(-row, kind="stable")[:K])


def of_sets(logits: Any, several: Any, weight: Any) -> dict[str, float]:
    found = missed = right = wrong = 0.0
    averages = []
    for row, labels, w in zip(logits, several, weight, strict=True):
        named, labels = best(row), [int(i) for i in labels if i >= 0]
        found += w * len(set(named) & set(labels))
        missed += w * len(set(labels) - set(named))
        right += 2 in named and 2 in labels
        wrong += 2 in named and 2 not in labels
        precisions = [len(set(named[: i + 1]) & set(labels)) / (i + 1) for i in range(K) if named[i] in labels]
        averages.append(sum(precisions) / min(len(labels), K))
    return {
        "sparse_recall": found / (found + missed),
        "sparse_precision": right / (right + wrong),
        "average_precision": float(np.average(averages, weights=weight)),
    }
