"""Checkpoints: what a training run can be continued from, and evaluated with; and those of TensorFlow and others."""

from jax_slim.checkpoints import tensorflow as tensorflow
from jax_slim.checkpoints.comparing import diff as diff
from jax_slim.checkpoints.converting import convert_checkpoint as convert_checkpoint
from jax_slim.checkpoints.inspection import inspect as inspect
from jax_slim.checkpoints.native import CheckpointError as CheckpointError
from jax_slim.checkpoints.native import Checkpoints as Checkpoints
from jax_slim.checkpoints.native import MissingCheckpointError as MissingCheckpointError
from jax_slim.checkpoints.native import latest_checkpoint as latest_checkpoint
from jax_slim.checkpoints.native import load as load
from jax_slim.checkpoints.opening import open_checkpoint as open_checkpoint
from jax_slim.checkpoints.peers.writing import convert_to_peer as convert_to_peer
from jax_slim.checkpoints.reader import Checkpoint as Checkpoint
from jax_slim.checkpoints.reading import load_variables as load_variables
from jax_slim.checkpoints.restoring import assign_from_checkpoint as assign_from_checkpoint
from jax_slim.checkpoints.restoring import assign_from_checkpoint_fn as assign_from_checkpoint_fn
from jax_slim.checkpoints.restoring import assign_from_values as assign_from_values
from jax_slim.checkpoints.restoring import assign_from_values_fn as assign_from_values_fn
from jax_slim.checkpoints.safetensors_files import save_safetensors as save_safetensors
