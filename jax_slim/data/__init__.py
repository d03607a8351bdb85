"""From arrays to batches on time: bundled digits, seeded batches that resume exactly, prefetching. NumPy only."""

from jax_slim.data import digits as digits
from jax_slim.data.batches import Batches as Batches
from jax_slim.data.prefetching import Prefetched as Prefetched
from jax_slim.data.prefetching import prefetch as prefetch
from jax_slim.data.prefetching import resume as resume
