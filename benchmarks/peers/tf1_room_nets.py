"""The nets of `tf1_nets`, word for word, by jax-slim's TensorFlow 1."""

import jax_slim.tf1

jax_slim.tf1.install()

from peers.tf1_nets import Peer  # noqa: E402, F401 - for the worker
