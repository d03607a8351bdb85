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
