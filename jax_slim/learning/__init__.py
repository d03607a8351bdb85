"""Training: gradients, the training step and the loop that runs it."""

from jax_slim.learning.gradients import clip_gradient_norms as clip_gradient_norms
from jax_slim.learning.gradients import multiply_gradients as multiply_gradients
from jax_slim.learning.train_op import StepResult as StepResult
from jax_slim.learning.train_op import TrainOp as TrainOp
from jax_slim.learning.train_op import TrainState as TrainState
from jax_slim.learning.train_op import create_train_op as create_train_op
from jax_slim.learning.training import NonFiniteError as NonFiniteError
from jax_slim.learning.training import TrainingResult as TrainingResult
from jax_slim.learning.training import train as train
