"""Checkpoints: what a training run can be continued from, and evaluated with."""

from jax_slim.checkpoints.native import CheckpointError as CheckpointError
from jax_slim.checkpoints.native import Checkpoints as Checkpoints
from jax_slim.checkpoints.native import MissingCheckpointError as MissingCheckpointError
from jax_slim.checkpoints.native import latest_checkpoint as latest_checkpoint
from jax_slim.checkpoints.native import load as load
from jax_slim.checkpoints.reading import load_variables as load_variables
