"""Initial values of variables: factories of functions `(key, shape, dtype) -> jax.Array`.

The factories have the names, arguments and distributions of TF-Slim and of TF 1.15. What they return is called by the
core when it creates a variable, and can be called directly:

    initializer = truncated_normal_initializer(0.0, 0.01)
    weights = initializer(jax.random.key(0), (3, 3, 64, 128), jnp.float32)

Any function of that form will do as an initializer, those of `jax.nn.initializers` too. Three things hold for all here:

- Equal arguments make equal, hashable initializers, fit for defaults, dictionary keys and static arguments of `jit`.
- The numbers are not TF's (JAX draws them), their distribution is.
- `seed`: None, the usual case, draws from `key`. A number makes the draw depend on the seed alone (and on shape and
  dtype): two variables of one shape then start equal, as they do in TF.

The `dtype` of a factory is what is drawn when the call names none. float16 and bfloat16 are drawn in float32 and
rounded.
"""

from jax_slim.initializers.constants import constant_initializer as constant_initializer
from jax_slim.initializers.constants import identity_initializer as identity_initializer
from jax_slim.initializers.constants import ones_initializer as ones_initializer
from jax_slim.initializers.constants import zeros_initializer as zeros_initializer
from jax_slim.initializers.distributions import orthogonal_initializer as orthogonal_initializer
from jax_slim.initializers.distributions import random_normal_initializer as random_normal_initializer
from jax_slim.initializers.distributions import random_uniform_initializer as random_uniform_initializer
from jax_slim.initializers.distributions import truncated_normal_initializer as truncated_normal_initializer
from jax_slim.initializers.scaling import glorot_normal_initializer as glorot_normal_initializer
from jax_slim.initializers.scaling import glorot_uniform_initializer as glorot_uniform_initializer
from jax_slim.initializers.scaling import he_normal as he_normal
from jax_slim.initializers.scaling import he_uniform as he_uniform
from jax_slim.initializers.scaling import lecun_normal as lecun_normal
from jax_slim.initializers.scaling import lecun_uniform as lecun_uniform
from jax_slim.initializers.scaling import tf_variance_scaling_initializer as tf_variance_scaling_initializer
from jax_slim.initializers.scaling import uniform_unit_scaling_initializer as uniform_unit_scaling_initializer
from jax_slim.initializers.scaling import variance_scaling_initializer as variance_scaling_initializer
from jax_slim.initializers.scaling import xavier_initializer as xavier_initializer
from jax_slim.initializers.scaling import xavier_initializer_conv2d as xavier_initializer_conv2d
