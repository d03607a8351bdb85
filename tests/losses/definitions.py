"""What the losses are, slowly: loops in float64, one number at a time."""

import math

import numpy as np


def tf_slim_mean(losses, weights):
    """TF-Slim's rule: weights cover leading axes; their number, times what they lack, divides."""
    losses, weights = np.asarray(losses, np.float64), np.asarray(weights, np.float64)
    if weights.ndim > 1 and weights.shape[-1] == 1:
        weights = weights[..., 0]
    total = 0.0
    for index in np.ndindex(losses.shape):
        total += losses[index] * weights[place(index, weights.shape)]
    count = sum(weights[index] != 0 for index in np.ndindex(weights.shape))
    count *= losses.size if weights.ndim == 0 else math.prod(losses.shape[weights.ndim :])
    return total / count if count else 0.0


def tf_reduced(losses, weights, reduction):
    """The rule of `tf.losses`: weights of the losses' rank."""
    losses, weights = np.asarray(losses, np.float64), np.asarray(weights, np.float64)
    weighted, of_each = np.zeros(losses.shape), np.zeros(losses.shape)
    for index in np.ndindex(losses.shape):
        of_each[index] = weights[place(index, weights.shape)]
        weighted[index] = losses[index] * of_each[index]
    divisor = {
        "none": None,
        "weighted_sum": 1,
        "weighted_mean": of_each.sum(),
        "weighted_sum_over_batch_size": losses.size,
        "weighted_sum_by_nonzero_weights": np.sum(of_each != 0),
    }[reduction]
    if divisor is None:
        return weighted
    return weighted.sum() / divisor if divisor else 0.0


def place(index, shape):
    """Where in weights of `shape` the weight of the loss at `index` is."""
    return tuple(i if size > 1 else 0 for i, size in zip(index, shape, strict=False))


def each(function, predictions, labels, *args):
    """`function` of every pair of elements."""
    losses = np.zeros(np.shape(predictions))
    for index in np.ndindex(losses.shape):
        losses[index] = function(float(predictions[index]), float(labels[index]), *args)
    return losses


def absolute(prediction, label):
    return abs(prediction - label)


def square(prediction, label):
    return (prediction - label) ** 2


def huber(prediction, label, delta):
    error = abs(prediction - label)
    return error**2 / 2 if error <= delta else delta * error - delta**2 / 2


def log(prediction, label, epsilon):
    return -label * math.log(prediction + epsilon) - (1 - label) * math.log(1 - prediction + epsilon)


def hinge(logit, label):
    return max(0.0, 1 - (2 * label - 1) * logit)


def sigmoid(logit, label):
    probability = 1 / (1 + math.exp(-logit))
    return -label * math.log(probability) - (1 - label) * math.log(1 - probability)


def softmax(logits, labels):
    """[N, classes], [N, classes] -> [N]."""
    losses = []
    for row, label in zip(np.asarray(logits, np.float64), labels, strict=True):
        total = sum(math.exp(logit - row.max()) for logit in row)
        losses.append(sum(-p * (logit - row.max() - math.log(total)) for logit, p in zip(row, label, strict=True)))
    return np.array(losses)


def pairwise(predictions, labels, pairs):
    """[N, n] -> [N]: the squared differences of differences over all ordered pairs, divided by `pairs`."""
    losses = []
    for p, l in zip(np.asarray(predictions, np.float64), labels, strict=True):  # noqa: E741
        n = len(p)
        losses.append(sum((p[i] - p[j] - (l[i] - l[j])) ** 2 for i in range(n) for j in range(n)) / pairs)
    return np.array(losses)
