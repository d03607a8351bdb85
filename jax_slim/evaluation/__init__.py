"""Evaluation: the metrics of a checkpoint, once or whenever there is a new one."""

from jax_slim.evaluation.once import evaluate_once as evaluate_once
from jax_slim.evaluation.watching import checkpoints_iterator as checkpoints_iterator
from jax_slim.evaluation.watching import evaluate_repeatedly as evaluate_repeatedly
from jax_slim.evaluation.watching import evaluation_loop as evaluation_loop
from jax_slim.evaluation.watching import wait_for_new_checkpoint as wait_for_new_checkpoint
