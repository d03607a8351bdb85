"""The model zoo: one file a family; a net reads like the table in its paper."""

from jax_slim.nets import alexnet as alexnet
from jax_slim.nets import cifarnet as cifarnet
from jax_slim.nets import cyclegan as cyclegan
from jax_slim.nets import dcgan as dcgan
from jax_slim.nets import inception as inception
from jax_slim.nets import inception_resnet_v2 as inception_resnet_v2
from jax_slim.nets import inception_utils as inception_utils
from jax_slim.nets import inception_v1 as inception_v1
from jax_slim.nets import inception_v2 as inception_v2
from jax_slim.nets import inception_v3 as inception_v3
from jax_slim.nets import inception_v4 as inception_v4
from jax_slim.nets import lenet as lenet
from jax_slim.nets import nets_factory as nets_factory
from jax_slim.nets import overfeat as overfeat
from jax_slim.nets import pix2pix as pix2pix
from jax_slim.nets import resnet_utils as resnet_utils
from jax_slim.nets import resnet_v1 as resnet_v1
from jax_slim.nets import resnet_v2 as resnet_v2
from jax_slim.nets import vgg as vgg
from jax_slim.nets.feature_models import FeatureModel as FeatureModel
from jax_slim.nets.feature_models import features as features
from jax_slim.nets.registry import list_models as list_models
