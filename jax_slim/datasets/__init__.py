"""Data sets: TF-Slim's own, and people's folders, tables and records."""

from jax_slim.datasets.opening import open_dataset as open_dataset
from jax_slim.datasets.parts import Examples as Examples
