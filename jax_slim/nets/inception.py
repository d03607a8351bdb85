"""All Inception nets under one name, as in research/slim: `nets.inception.inception_v3`."""

from jax_slim.nets.inception_resnet_v2 import inception_resnet_v2 as inception_resnet_v2
from jax_slim.nets.inception_resnet_v2 import inception_resnet_v2_arg_scope as inception_resnet_v2_arg_scope
from jax_slim.nets.inception_resnet_v2 import inception_resnet_v2_base as inception_resnet_v2_base
from jax_slim.nets.inception_v1 import inception_v1 as inception_v1
from jax_slim.nets.inception_v1 import inception_v1_arg_scope as inception_v1_arg_scope
from jax_slim.nets.inception_v1 import inception_v1_base as inception_v1_base
from jax_slim.nets.inception_v2 import inception_v2 as inception_v2
from jax_slim.nets.inception_v2 import inception_v2_arg_scope as inception_v2_arg_scope
from jax_slim.nets.inception_v2 import inception_v2_base as inception_v2_base
from jax_slim.nets.inception_v3 import inception_v3 as inception_v3
from jax_slim.nets.inception_v3 import inception_v3_arg_scope as inception_v3_arg_scope
from jax_slim.nets.inception_v3 import inception_v3_base as inception_v3_base
from jax_slim.nets.inception_v4 import inception_v4 as inception_v4
from jax_slim.nets.inception_v4 import inception_v4_arg_scope as inception_v4_arg_scope
from jax_slim.nets.inception_v4 import inception_v4_base as inception_v4_base
