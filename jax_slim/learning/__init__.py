"""Training: gradients, the training step and the loop that runs it."""

from jax_slim.learning.adaptive_clipping import adaptive_clipping_fn as adaptive_clipping_fn
from jax_slim.learning.callbacks import Callback as Callback
from jax_slim.learning.gradients import clip_gradient_norms as clip_gradient_norms
from jax_slim.learning.gradients import multiply_gradients as multiply_gradients
from jax_slim.learning.loop import NonFiniteError as NonFiniteError
from jax_slim.learning.loop import Run as Run
from jax_slim.learning.loop import Step as Step
from jax_slim.learning.name_tables import by_name as by_name
from jax_slim.learning.optimizing import OPTIMIZER_CLS_NAMES as OPTIMIZER_CLS_NAMES
from jax_slim.learning.optimizing import OPTIMIZER_SUMMARIES as OPTIMIZER_SUMMARIES
from jax_slim.learning.optimizing import OptimizeLossState as OptimizeLossState
from jax_slim.learning.optimizing import optimize_loss as optimize_loss
from jax_slim.learning.trackers import Tracker as Tracker
from jax_slim.learning.train_op import StepResult as StepResult
from jax_slim.learning.train_op import TrainOp as TrainOp
from jax_slim.learning.train_op import TrainState as TrainState
from jax_slim.learning.train_op import create_train_op as create_train_op
from jax_slim.learning.training import TrainingResult as TrainingResult
from jax_slim.learning.training import steps as steps
from jax_slim.learning.training import train as train
from jax_slim.learning.validation import Validation as Validation
