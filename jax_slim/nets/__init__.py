"""The model zoo: one file a family; a net reads like the table in its paper."""

from jax_slim.nets import lenet as lenet
from jax_slim.nets import nets_factory as nets_factory
from jax_slim.nets import vgg as vgg
from jax_slim.nets.feature_models import FeatureModel as FeatureModel
from jax_slim.nets.feature_models import features as features
from jax_slim.nets.registry import list_models as list_models
