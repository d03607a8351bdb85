"""`tf.einsum`: sums of products by an equation, made of transpositions and matrix products as TF 1.15 does."""

import re
from typing import Any

from jax_slim.tf1.graph import graphs
from jax_slim.tf1.graph.tensors import Tensor
from jax_slim.tf1.python import array, linalg, math, reductions


def einsum(equation: str, *inputs: Any, **kwargs: Any) -> Tensor:
    """Sums of products over the axes that the equation does not keep.

        tf.einsum("bij,bjk->bik", a, b)    # a product for each element of the batch

    Raises:
      ValueError: the equation is none, or the inputs' ranks do not fit it.
      TypeError: another keyword than `name`.
    """
    name = kwargs.pop("name", None)
    if kwargs:
        raise TypeError(f"invalid keyword arguments for this function: {', '.join(sorted(kwargs))}")
    equation = equation.replace(" ", "")
    with graphs.name_scope(name, "einsum", list(inputs)):
        labels, result = _parse(equation, [x.get_shape() for x in inputs])
        for each in labels:
            for label in sorted(set(each)):
                if len(labels) == 1 and each.count(label) == 2 and each == each[::-1] and "->" not in equation:
                    return linalg.trace(inputs[0])
                if each.count(label) > 1:
                    raise ValueError(f"Subscript not supported: an axis appears more than once: {each}")
        if any(sum(label in each for each in labels) > 2 and label not in result for label in set("".join(labels))):
            return _all_at_once(list(inputs), labels, result)
        value, own = inputs[0], labels[0]
        for other, others in zip(inputs[1:], labels[1:], strict=True):
            value, own = _reduced(value, own, other, others, set(own) & (set(others) - set(result)))
        if set(own) - set(result):
            value = reductions.reduce_sum(value, axis=[i for i, a in enumerate(own) if a not in result])
            own = "".join(a for a in own if a in result)
        if sorted(own) != sorted(result):
            raise ValueError(f"Invalid equation: {equation}")
        return _transposed(value, [own.index(a) for a in result])


def _parse(equation: str, found: list[Any]) -> tuple[list[str], str]:
    """(the labels of each input, those of the result); '...' gets labels of its own."""
    match = re.match(r"^([a-zA-Z,.]+)(->[a-zA-Z.]*)?$", equation)
    if not match:
        raise ValueError(f"Indices have incorrect format: {equation}")
    labels = match.group(1).split(",")
    if len(labels) != len(found):
        raise ValueError(f'Got {len(found)} arguments for equation "{equation}", expecting {len(labels)}')
    result = match.group(2)[2:] if match.group(2) else None
    free = [c for c in "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" if c not in equation]
    longest = max(
        (len(s) - len(e.replace("...", "")) for e, s in zip(labels, found, strict=True) if "..." in e), default=0
    )
    spread = "".join(free[:longest])
    for place, (each, shape) in enumerate(zip(labels, found, strict=True)):
        if "..." in each:
            count = len(shape) - len(each.replace("...", ""))
            if count < 0:
                raise ValueError(f'Too many dimensions in "{each}" for a tensor of rank {len(shape)}')
            labels[place] = each.replace("...", spread[len(spread) - count :])
        elif "." in each:
            raise ValueError(f"Period '.' found outside of ellipsis in \"{each}\"")
    if result is None:
        together = "".join(labels)
        return labels, spread + "".join(sorted(a for a in set(together) - set(spread) if together.count(a) == 1))
    return labels, result.replace("...", spread)


def _reduced(t0: Any, labels0: str, t1: Any, labels1: str, summed: set[str]) -> tuple[Any, str]:
    for tensor, labels in ((t0, labels0), (t1, labels1)):
        if len(labels) != len(tensor.get_shape()):
            raise ValueError(
                f"Tensor of rank {len(tensor.get_shape())} does not match einsum reduction of length {len(labels)}"
            )
    kept = set(labels0) & (set(labels1) - summed)
    own0, own1 = (set(labels) - kept - summed for labels in (labels0, labels1))

    # Kept axes come first; then [own, summed] in the first and [summed, own] in the second tensor.
    def order(labels: str, early: set[str]) -> list[str]:
        return sorted(labels, key=lambda a: (-1 if a in kept else 0 if a in early else 1, a))

    order0, order1 = order(labels0, own0), order(labels1, summed)
    t0 = _transposed(t0, [labels0.find(a) for a in order0])
    t1 = _transposed(t1, [labels1.find(a) for a in order1])
    if not summed:
        for _ in own1:
            t0 = array.expand_dims(t0, -1)
        for _ in own0:
            t1 = array.expand_dims(t1, len(kept))
        return math.multiply(t0, t1), "".join(order0 + order1[len(kept) :])
    sizes0 = _sizes(t0)
    total = _total(sizes0[len(sizes0) - len(summed) :])
    t0 = _reshaped(t0, [*sizes0[: len(kept)], _total(sizes0[len(kept) : len(sizes0) - len(summed)]), total])
    sizes1 = _sizes(t1)
    t1 = _reshaped(t1, [*sizes1[: len(kept)], total, _total(sizes1[len(kept) + len(summed) :])])
    whole = sizes0[: len(kept) + len(own0)] + sizes1[len(sizes1) - len(own1) :]
    product = _reshaped(linalg.matmul(t0, t1), whole)
    return product, "".join(order0[: len(kept) + len(own0)] + order1[len(order1) - len(own1) :])


def _transposed(tensor: Any, order: list[int]) -> Any:
    return tensor if order == list(range(len(order))) else array.transpose(tensor, perm=order)


def _reshaped(tensor: Any, sizes: list[Any]) -> Any:
    sizes = [-1 if s is None else s for s in sizes]
    now = tensor.shape.as_list()
    if (
        len(sizes) == len(now)
        and not any(isinstance(s, Tensor) for s in sizes)
        and all(s in (d, -1) for d, s in zip(now, sizes, strict=True))
    ):
        return tensor
    return array.reshape(tensor, sizes)


def _sizes(tensor: Any) -> list[Any]:
    sizes = tensor.shape.as_list()
    if None in sizes:
        shape = array.shape(tensor)
        sizes = [shape[i] if s is None else s for i, s in enumerate(sizes)]
    return sizes


def _total(sizes: list[Any]) -> Any:
    total: Any = 1
    for size in sizes:
        total = total * size
    return total


def _all_at_once(inputs: list[Any], labels: list[str], result: str) -> Tensor:
    """The product of all inputs, broadcast against each other, and then one sum."""
    gone = [a for a in sorted(set("".join(labels))) if a not in result]
    order = gone + list(result)
    spread = []
    for tensor, own in zip(inputs, labels, strict=True):
        if len(own) != len(tensor.get_shape()):
            raise ValueError(
                f"Input with axes {own} has incorrect number of dimensions (expected {len(own)}, got {len(tensor.get_shape())})"
            )
        tensor = _transposed(tensor, [own.find(a) for a in sorted(own, key=order.index)])
        sizes = iter(_sizes(tensor))
        spread.append(array.reshape(tensor, [next(sizes) if a in own else 1 for a in order]))
    product = spread[0]
    for tensor in spread[1:]:
        product = product * tensor
    return reductions.reduce_sum(product, list(range(len(gone))))
