"""The variables in a checkpoint, without the training state around them."""

import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from jax_slim.checkpoints.kinds import guessed_facts, variables_among
from jax_slim.checkpoints.native import CheckpointError
from jax_slim.checkpoints.opening import open_checkpoint
from jax_slim.checkpoints.reader import Checkpoint, averages_in, each_array, entries_of, facts_in
from jax_slim.checkpoints.training_runs import TrainingCheckpoint
from jax_slim.core.values import Variables


def load_variables(path: str | os.PathLike[str], moving_average: bool = False) -> Variables:
    """Reads a model's variables from a checkpoint of any format, without those of an optimizer.

        variables = slim.checkpoints.load_variables("/tmp/run")
        logits = model.apply(variables, images, is_training=False)

    To put them into a model whose names or shapes differ, or only some of them: `slim.assign_from_checkpoint`.

    Args:
      path: as for `open_checkpoint`: a run of `learning.train`, a checkpoint of TensorFlow, a `.safetensors` file, ...;
        or an open checkpoint.
      moving_average: whether to put the moving averages that training kept in place of the trained variables.

    Returns:
      The variables by name, 'global_step' among them, with their facts (trainable, collections). TensorFlow's files
      tell none: there, floats count as trainable unless their names are those of moving statistics.

    Raises:
      CheckpointError: there is none, or it is damaged, or it holds no averages.
    """
    while True:
        checkpoint = open_checkpoint(path)
        try:
            return _load(checkpoint, moving_average)
        except CheckpointError:
            # The run that writes it may have deleted it meanwhile, because newer ones came.
            of_a_run = checkpoint is not path and isinstance(checkpoint, TrainingCheckpoint)
            if not of_a_run or not os.path.isdir(path) or os.path.exists(checkpoint.path):
                raise
        finally:
            if checkpoint is not path:
                checkpoint.close()


def _load(checkpoint: Checkpoint, moving_average: bool) -> Variables:
    entries, facts = entries_of(checkpoint), facts_in(checkpoint)
    source = {name: name for name in variables_among(checkpoint)}
    if moving_average:
        averages = averages_in(checkpoint)
        if not averages:
            raise CheckpointError(
                f"load_variables: the checkpoint in {checkpoint.path} holds no moving averages. Train with "
                "create_train_op(moving_average=...), or leave moving_average out."
            )
        source |= averages
    read = dict(each_array(checkpoint, source.values()))
    values = {}
    for name, entry in source.items():
        dtype = entries[name].dtype if name in entries else entries[entry].dtype
        values[name] = np.asarray(read[entry], dtype)  # averages are kept in float32 at least
    made = entries_of(values)
    return Variables(values, {name: facts.get(name) or guessed_facts(name, made[name]) for name in values})


def described(variables: Variables) -> Mapping[str, Any]:
    """The facts of variables in the form that a checkpoint keeps."""
    return {name: [facts.trainable, list(facts.collections)] for name, facts in variables.facts.items()}
