"""TensorFlow's checkpoints, read and written without TensorFlow: V1 and V2, and the `checkpoint` file beside them."""

from jax_slim.checkpoints.tensorflow.bundle_writer import write_checkpoint as write_checkpoint
from jax_slim.checkpoints.tensorflow.opening import Entry as Entry
from jax_slim.checkpoints.tensorflow.opening import MissingTensorError as MissingTensorError
from jax_slim.checkpoints.tensorflow.opening import TensorFlowCheckpoint as TensorFlowCheckpoint
from jax_slim.checkpoints.tensorflow.opening import open_checkpoint as open_checkpoint
from jax_slim.checkpoints.tensorflow.state_files import CheckpointState as CheckpointState
from jax_slim.checkpoints.tensorflow.state_files import latest_checkpoint as latest_checkpoint
from jax_slim.checkpoints.tensorflow.state_files import read_checkpoint_state as read_checkpoint_state
from jax_slim.checkpoints.tensorflow.state_files import update_checkpoint_state as update_checkpoint_state
