"""Checkpoints: what a training run can be continued from, and evaluated with."""

from jax_slim.checkpoints.reading import load_variables as load_variables
