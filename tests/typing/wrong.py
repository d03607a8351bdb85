"""A program whose marked lines are mistakes: a checker must find each of them."""

import jax.numpy as jnp

import jax_slim as slim

slim.con2d(jnp.ones([1, 8, 8, 3]), 8, [3, 3])  # wrong: no such layer
slim.conv2d(jnp.ones([1, 8, 8, 3]))  # wrong: how many filters?
print(slim.learning.trian)  # wrong: no such function
slim.nets.create_model(3)  # wrong: a name
print(slim.optimisers)  # wrong: no such room
print(slim.losses.softmax_crossentropy)  # wrong: no such loss
slim.Model()  # wrong: of what?
slim.conv1d(jnp.ones([1, 8, 3]), 8, 3, stride="two")  # wrong: a number
slim.learning.steps(nonsense=1)  # wrong: no such argument, and those it needs are missing


@slim.add_arg_scope
def layer(inputs: float, depth: int) -> float:
    return inputs * depth


layer(1.0, depth="two")  # wrong: decorated functions keep their signatures
