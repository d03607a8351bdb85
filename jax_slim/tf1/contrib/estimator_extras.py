"""`tf.contrib.estimator.clip_gradients_by_norm`, `tf.contrib.nn.deprecated_flipped_*`, `tf.contrib.staging`."""

from typing import Any

from jax_slim.tf1.python import clip_ops, nn_losses, queues
from jax_slim.tf1.python.optimizers import Optimizer


class _Clipping(Optimizer):
    """An optimizer whose gradients are clipped together before another one applies them."""

    def __init__(self, optimizer: Optimizer, clip_norm: Any) -> None:
        super().__init__(False, "ClipByNorm" + optimizer._name)
        self._opt, self._norm = optimizer, clip_norm

    def compute_gradients(self, *args: Any, **kwargs: Any) -> Any:
        return self._opt.compute_gradients(*args, **kwargs)

    def apply_gradients(self, grads_and_vars: Any, global_step: Any = None, name: str | None = None) -> Any:
        gradients, variables = zip(*grads_and_vars, strict=True)
        gradients, _ = clip_ops.clip_by_global_norm(gradients, self._norm)
        return self._opt.apply_gradients(zip(gradients, variables, strict=True), global_step, name)

    def get_slot(self, *args: Any, **kwargs: Any) -> Any:
        return self._opt.get_slot(*args, **kwargs)

    def get_slot_names(self, *args: Any, **kwargs: Any) -> list[str]:
        return self._opt.get_slot_names(*args, **kwargs)

    def variables(self) -> list[Any]:
        return self._opt.variables()


def clip_gradients_by_norm(optimizer: Optimizer, clip_norm: Any) -> Optimizer:
    """An optimizer that clips all gradients together to a norm before it applies them."""
    return _Clipping(optimizer, clip_norm)


def deprecated_flipped_softmax_cross_entropy_with_logits(
    logits: Any, labels: Any, dim: int = -1, name: str | None = None
) -> Any:
    """`tf.nn.softmax_cross_entropy_with_logits` with its arguments in the old order."""
    return nn_losses.softmax_cross_entropy_with_logits(labels=labels, logits=logits, dim=dim, name=name)


def deprecated_flipped_sparse_softmax_cross_entropy_with_logits(
    logits: Any, labels: Any, name: str | None = None
) -> Any:
    """`tf.nn.sparse_softmax_cross_entropy_with_logits` with its arguments in the old order."""
    return nn_losses.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits, name=name)


def deprecated_flipped_sigmoid_cross_entropy_with_logits(logits: Any, targets: Any, name: str | None = None) -> Any:
    """`tf.nn.sigmoid_cross_entropy_with_logits` with its arguments in the old order."""
    return nn_losses.sigmoid_cross_entropy_with_logits(labels=targets, logits=logits, name=name)


class StagingArea:
    """Values put down in one step and picked up in a later one: a queue here."""

    def __init__(
        self,
        dtypes: Any,
        shapes: Any = None,
        names: Any = None,
        shared_name: str | None = None,
        capacity: int = 0,
        memory_limit: int = 0,
    ) -> None:
        self._names = list(names) if names else None
        self._queue = queues.FIFOQueue(
            capacity or 2**31 - 1, dtypes, shapes, shared_name=shared_name, name="StagingArea"
        )

    def put(self, values: Any, name: str | None = None) -> Any:
        """An operation that puts values down: a list, or a dictionary where the area has names."""
        if isinstance(values, dict):
            values = [values[n] for n in self._names or sorted(values)]
        return self._queue.enqueue(values, name=name)

    def get(self, name: str | None = None) -> Any:
        """What was put down first, a list (or a dictionary); it waits where there is nothing."""
        found = self._queue.dequeue(name=name)
        found = list(found) if isinstance(found, list | tuple) else [found]
        return dict(zip(self._names, found, strict=True)) if self._names else found

    def size(self, name: str | None = None) -> Any:
        """How much lies there."""
        return self._queue.size(name=name)
