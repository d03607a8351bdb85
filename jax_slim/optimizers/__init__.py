"""TensorFlow 1's optimizers, learning-rate schedules and moving averages, for JAX: its formulas, defaults and names.

An optimizer is an optax gradient transformation: `slim.learning.create_train_op` takes it, `optax.chain` combines it.
Its arguments are TensorFlow's, in TensorFlow's order; left out is what means nothing here (`use_locking`, names of
operations), and what came after `use_locking` is given by keyword. Each goes by two names, one short, one TensorFlow's:

    slim.optimizers.momentum(0.1, 0.9)
    slim.optimizers.MomentumOptimizer(0.1, 0.9)

A learning rate is a number, a scalar array, or a schedule: a function of the number of updates done.
"""

from jax_slim.optimizers._rules import OptimizerState as OptimizerState
from jax_slim.optimizers.adaptive import adadelta as adadelta
from jax_slim.optimizers.adaptive import adagrad as adagrad
from jax_slim.optimizers.adaptive import rmsprop as rmsprop
from jax_slim.optimizers.averages import AverageState as AverageState
from jax_slim.optimizers.averages import ExponentialMovingAverage as ExponentialMovingAverage
from jax_slim.optimizers.descent import gradient_descent as gradient_descent
from jax_slim.optimizers.descent import momentum as momentum
from jax_slim.optimizers.descent import momentum_w as momentum_w
from jax_slim.optimizers.moments import adam as adam
from jax_slim.optimizers.moments import adam_w as adam_w
from jax_slim.optimizers.moments import adamax as adamax
from jax_slim.optimizers.moments import lazy_adam as lazy_adam
from jax_slim.optimizers.moments import nadam as nadam
from jax_slim.optimizers.proximal import adagrad_da as adagrad_da
from jax_slim.optimizers.proximal import ftrl as ftrl
from jax_slim.optimizers.proximal import proximal_adagrad as proximal_adagrad
from jax_slim.optimizers.proximal import proximal_gradient_descent as proximal_gradient_descent
from jax_slim.optimizers.rows import only_touched_rows as only_touched_rows
from jax_slim.optimizers.schedules import Schedule as Schedule
from jax_slim.optimizers.schedules import cosine_decay as cosine_decay
from jax_slim.optimizers.schedules import cosine_decay_restarts as cosine_decay_restarts
from jax_slim.optimizers.schedules import exponential_decay as exponential_decay
from jax_slim.optimizers.schedules import inverse_time_decay as inverse_time_decay
from jax_slim.optimizers.schedules import linear_cosine_decay as linear_cosine_decay
from jax_slim.optimizers.schedules import natural_exp_decay as natural_exp_decay
from jax_slim.optimizers.schedules import noisy_linear_cosine_decay as noisy_linear_cosine_decay
from jax_slim.optimizers.schedules import piecewise_constant as piecewise_constant
from jax_slim.optimizers.schedules import polynomial_decay as polynomial_decay
from jax_slim.optimizers.schedules import warm_up as warm_up
from jax_slim.optimizers.signs import add_sign as add_sign
from jax_slim.optimizers.signs import cosine_sign_decay as cosine_sign_decay
from jax_slim.optimizers.signs import linear_sign_decay as linear_sign_decay
from jax_slim.optimizers.signs import power_sign as power_sign
from jax_slim.optimizers.signs import restart_sign_decay as restart_sign_decay
from jax_slim.optimizers.slots import slot_variables as slot_variables
from jax_slim.optimizers.slots import with_slot_variables as with_slot_variables

# TensorFlow's names: tf.train's, then tf.contrib.opt's.
GradientDescentOptimizer = gradient_descent
MomentumOptimizer = momentum
AdamOptimizer = adam
RMSPropOptimizer = rmsprop
AdagradOptimizer = adagrad
AdadeltaOptimizer = adadelta
FtrlOptimizer = ftrl
ProximalGradientDescentOptimizer = proximal_gradient_descent
ProximalAdagradOptimizer = proximal_adagrad
AdagradDAOptimizer = adagrad_da

AdaMaxOptimizer = adamax
NadamOptimizer = nadam
LazyAdamOptimizer = lazy_adam
MomentumWOptimizer = momentum_w
AdamWOptimizer = adam_w
AddSignOptimizer = add_sign
PowerSignOptimizer = power_sign
