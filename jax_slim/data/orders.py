"""In which order each epoch goes through the examples, and random numbers that depend on what they are for."""

import threading

import numpy as np

# What random choices draw from: streams of their own, so that a transform never changes the order.
ORDER, TRANSFORM, BATCH = 0, 1, 2


def random_bits(seed: int, *purpose: int) -> np.random.PCG64:
    """The random bits of a seed for one purpose, the same on every machine and with every version of NumPy."""
    return np.random.PCG64(np.random.SeedSequence(seed, spawn_key=purpose))


class EpochOrders:
    """The order of `examples` examples in each epoch; a new one each time when they are shuffled. Threads may share it.

    Args:
      examples: how many there are.
      seed: what decides the orders.
      shuffle: False keeps the given order in every epoch.
    """

    def __init__(self, examples: int, seed: int, shuffle: bool):
        self._examples = examples
        self._seed = seed
        self.shuffle = shuffle
        self._lock = threading.Lock()
        self._known: dict[int, np.ndarray] = {}

    def order(self, epoch: int) -> np.ndarray:
        """The numbers of the examples in the order of that epoch."""
        epoch = epoch if self.shuffle else 0
        with self._lock:
            if epoch not in self._known:
                # While batches are made ahead, those of two epochs are wanted in turn.
                for old in sorted(self._known)[:-1]:
                    del self._known[old]
                order = np.arange(self._examples)
                if self.shuffle:
                    # NumPy keeps a bit generator's raw numbers for ever, but not what `permutation` makes of them.
                    raw = random_bits(self._seed, ORDER, epoch).random_raw(self._examples)
                    order = np.argsort(raw, kind="stable")
                order.flags.writeable = False
                self._known[epoch] = order
            return self._known[epoch]
