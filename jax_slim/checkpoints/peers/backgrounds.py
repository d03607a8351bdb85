"""ImageNet's 1000 classes as TF-Slim's 1001: a first class for background, which is never what an image shows."""

from collections.abc import Mapping

import numpy as np

from jax_slim.checkpoints.peers.mapping import PeerCheckpoint
from jax_slim.checkpoints.reader import Entry

# Below the least bias: probabilities of e to the minus 30th, and still in reach of training.
_BELOW = 30


class _WithBackground(PeerCheckpoint):
    def entries(self) -> Mapping[str, Entry]:
        return {
            name: Entry(entry.dtype, (*entry.shape[:-1], entry.shape[-1] + 1)) if name in self.heads else entry
            for name, entry in super().entries().items()
        }

    def _read(self, name: str) -> np.ndarray:
        array = super()._read(name)
        if name not in self.heads:
            return array
        first = array.min() - _BELOW if array.ndim == 1 else 0
        return np.concatenate([np.full((*array.shape[:-1], 1), first, array.dtype), array], axis=-1)


def with_background(checkpoint: PeerCheckpoint) -> PeerCheckpoint:
    """The same file with one class more: class 0, of weights zero and a bias far below all others."""
    found = _WithBackground(checkpoint.source, checkpoint.peer, checkpoint.image)
    found.classes = None if checkpoint.classes is None else checkpoint.classes + 1
    return found
