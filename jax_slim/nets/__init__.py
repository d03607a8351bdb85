"""The model zoo: one file a family; a net reads like the table in its paper."""

from jax_slim.nets import lenet as lenet
from jax_slim.nets import vgg as vgg
