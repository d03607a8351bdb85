"""Graphs that TensorFlow wrote, without the programs that made them, as functions of JAX."""

from jax_slim.graphs.frozen_weights import weights as weights
from jax_slim.graphs.functions import GraphFunction as GraphFunction
from jax_slim.graphs.loading import load as load
from jax_slim.graphs.models import as_model as as_model
from jax_slim.graphs.sources import describe as describe
from jax_slim.graphs.writing import write_frozen_graph as write_frozen_graph
from jax_slim.graphs.writing import write_saved_model as write_saved_model
