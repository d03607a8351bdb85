"""Several devices: meshes and how batches and variables lie on them."""

from jax_slim.parallel.meshes import data_mesh as data_mesh
from jax_slim.parallel.rules import fully_sharded as fully_sharded
