"""How well two partitions agree, slowly: from the table of what their parts share."""

import collections
import itertools
import math


def table(labels, predictions):
    """Class sizes, cluster sizes, and the sizes of what they share."""
    count = collections.Counter
    return count(labels.tolist()), count(predictions.tolist()), count(zip(labels, predictions, strict=True))


def information(labels, predictions):
    a, b, cells = table(labels, predictions)
    n = len(labels)
    return sum(c / n * math.log(n * c / (a[i] * b[j])) for (i, j), c in cells.items())


def entropy(labels):
    return sum(-c / len(labels) * math.log(c / len(labels)) for c in collections.Counter(labels.tolist()).values())


def same_partition(labels, predictions):
    a, b, cells = table(labels, predictions)
    return len(a) == len(b) == len(cells)


def nmi(labels, predictions):
    both = math.sqrt(entropy(labels) * entropy(predictions))
    return information(labels, predictions) / both if both else 0.0


def vmeasure(labels, predictions):
    mutual = information(labels, predictions)
    homogeneity = mutual / entropy(labels) if entropy(labels) else 1.0
    completeness = mutual / entropy(predictions) if entropy(predictions) else 1.0
    total = homogeneity + completeness
    return 2 * homogeneity * completeness / total if total else 0.0


def ari(labels, predictions):
    a, b, cells = ([math.comb(c, 2) for c in counts.values()] for counts in table(labels, predictions))
    expected = sum(a) * sum(b) / math.comb(len(labels), 2)
    most = (sum(a) + sum(b)) / 2
    return (sum(cells) - expected) / (most - expected)


def expected_information(labels, predictions):
    a, b, _ = table(labels, predictions)
    n, total = len(labels), 0.0
    for size, other in itertools.product(a.values(), b.values()):
        for shared in range(1, min(size, other) + 1):
            chance = math.comb(size, shared) * math.comb(n - size, other - shared) / math.comb(n, other)
            total += chance * shared / n * math.log(n * shared / (size * other))
    return total


def ami(labels, predictions):
    by_chance = expected_information(labels, predictions)
    most = max(entropy(labels), entropy(predictions))
    # Where chance explains all there is to explain, scikit-learn divides 0 by its smallest number.
    return (information(labels, predictions) - by_chance) / max(most - by_chance, 1e-6)


DEFINITIONS = {"nmi": nmi, "vmeasure": vmeasure, "ari": ari, "ami": ami}
