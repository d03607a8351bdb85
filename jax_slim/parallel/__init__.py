"""Several devices, of one process or of many: meshes, and how batches and variables lie on them."""

from jax_slim.parallel.meshes import data_mesh as data_mesh
from jax_slim.parallel.meshes import mesh as mesh
from jax_slim.parallel.processes import initialize as initialize
from jax_slim.parallel.rules import fully_sharded as fully_sharded
