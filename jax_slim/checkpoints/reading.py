"""The variables in a training checkpoint, without the training state around them."""

import os
from collections.abc import Mapping
from typing import Any

from jax_slim.checkpoints.native import CheckpointError, load
from jax_slim.core.values import Facts, Variables

PREFIX = "variables/"
"""What the names of variables begin with among the arrays of a training checkpoint."""


def load_variables(path: str | os.PathLike[str], moving_average: bool = False) -> Variables:
    """Reads a model's variables from a checkpoint that `learning.train` wrote.

        variables = slim.checkpoints.load_variables("/tmp/run")
        logits = model.apply(variables, images, is_training=False)

    Args:
      path: one checkpoint ('/tmp/run/1200'), or a directory of them: then the newest.
      moving_average: whether to put the moving averages that training kept in place of the trained variables.

    Returns:
      The variables by name, 'global_step' among them, with their facts (trainable, collections).

    Raises:
      CheckpointError: there is none, or it is damaged, or it holds no averages.
    """
    arrays, stored = load(path)
    facts = {name: Facts(trainable, tuple(listed)) for name, (trainable, listed) in stored.get("variables", {}).items()}
    values = {name.removeprefix(PREFIX): value for name, value in arrays.items() if name.startswith(PREFIX)}
    if moving_average:
        averaged = {name: arrays[of] for name, of in stored.get("averages", {}).items()}
        if not averaged:
            raise CheckpointError(
                f"load_variables: the checkpoint in {path} holds no moving averages. Train with "
                "create_train_op(moving_average=...), or leave moving_average out."
            )
        values |= averaged
    return Variables(values, facts)


def described(variables: Variables) -> Mapping[str, Any]:
    """The facts of variables in the form that a checkpoint keeps."""
    return {name: [facts.trainable, list(facts.collections)] for name, facts in variables.facts.items()}
