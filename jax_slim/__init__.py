"""jax-slim: TF-Slim reborn on JAX. `import jax_slim as slim`."""

import importlib
from typing import TYPE_CHECKING, Any

import jax_slim.losses as losses
import jax_slim.metrics as metrics
import jax_slim.summary as summary
import jax_slim.summary.adding as summaries
import jax_slim.utils as utils
from jax_slim.core.arg_scope import add_arg_scope as add_arg_scope
from jax_slim.core.arg_scope import arg_scope as arg_scope
from jax_slim.core.arg_scope import arg_scope_func_key as arg_scope_func_key
from jax_slim.core.arg_scope import arg_scoped_arguments as arg_scoped_arguments
from jax_slim.core.arg_scope import current_arg_scope as current_arg_scope
from jax_slim.core.arg_scope import has_arg_scope as has_arg_scope
from jax_slim.core.collections import GraphKeys as GraphKeys
from jax_slim.core.collections import add_to_collection as add_to_collection
from jax_slim.core.collections import add_to_collections as add_to_collections
from jax_slim.core.collections import get_collection as get_collection
from jax_slim.core.global_step import assert_global_step as assert_global_step
from jax_slim.core.global_step import assert_or_get_global_step as assert_or_get_global_step
from jax_slim.core.global_step import create_global_step as create_global_step
from jax_slim.core.global_step import get_global_step as get_global_step
from jax_slim.core.global_step import get_or_create_global_step as get_or_create_global_step
from jax_slim.core.model import Collected as Collected
from jax_slim.core.model import Model as Model
from jax_slim.core.partitions import fixed_size_partitioner as fixed_size_partitioner
from jax_slim.core.precision import precision as precision
from jax_slim.core.program import ProgramError as ProgramError
from jax_slim.core.program import VariableSpec as VariableSpec
from jax_slim.core.scopes import AUTO_REUSE as AUTO_REUSE
from jax_slim.core.scopes import VariableScope as VariableScope
from jax_slim.core.scopes import get_variable_scope as get_variable_scope
from jax_slim.core.scopes import name_scope as name_scope
from jax_slim.core.scopes import variable_scope as variable_scope
from jax_slim.core.values import Variables as Variables
from jax_slim.core.variables import Variable as Variable
from jax_slim.core.variables import add_model_variable as add_model_variable
from jax_slim.core.variables import filter_variables as filter_variables
from jax_slim.core.variables import get_local_variables as get_local_variables
from jax_slim.core.variables import get_model_variables as get_model_variables
from jax_slim.core.variables import get_trainable_variables as get_trainable_variables
from jax_slim.core.variables import get_unique_variable as get_unique_variable
from jax_slim.core.variables import get_variable_full_name as get_variable_full_name
from jax_slim.core.variables import get_variables as get_variables
from jax_slim.core.variables import get_variables_by_name as get_variables_by_name
from jax_slim.core.variables import get_variables_by_suffix as get_variables_by_suffix
from jax_slim.core.variables import get_variables_to_restore as get_variables_to_restore
from jax_slim.core.variables import global_variable as global_variable
from jax_slim.core.variables import local_variable as local_variable
from jax_slim.core.variables import model_variable as model_variable
from jax_slim.core.variables import update_variable as update_variable
from jax_slim.core.variables import variable as variable
from jax_slim.initializers import constant_initializer as constant_initializer
from jax_slim.initializers import glorot_normal_initializer as glorot_normal_initializer
from jax_slim.initializers import glorot_uniform_initializer as glorot_uniform_initializer
from jax_slim.initializers import he_normal as he_normal
from jax_slim.initializers import he_uniform as he_uniform
from jax_slim.initializers import identity_initializer as identity_initializer
from jax_slim.initializers import lecun_normal as lecun_normal
from jax_slim.initializers import lecun_uniform as lecun_uniform
from jax_slim.initializers import ones_initializer as ones_initializer
from jax_slim.initializers import orthogonal_initializer as orthogonal_initializer
from jax_slim.initializers import random_normal_initializer as random_normal_initializer
from jax_slim.initializers import random_uniform_initializer as random_uniform_initializer
from jax_slim.initializers import tf_variance_scaling_initializer as tf_variance_scaling_initializer
from jax_slim.initializers import truncated_normal_initializer as truncated_normal_initializer
from jax_slim.initializers import uniform_unit_scaling_initializer as uniform_unit_scaling_initializer
from jax_slim.initializers import variance_scaling_initializer as variance_scaling_initializer
from jax_slim.initializers import xavier_initializer as xavier_initializer
from jax_slim.initializers import xavier_initializer_conv2d as xavier_initializer_conv2d
from jax_slim.initializers import zeros_initializer as zeros_initializer
from jax_slim.layers.batch_normalization import batch_norm as batch_norm
from jax_slim.layers.convolutions import conv1d as conv1d
from jax_slim.layers.convolutions import conv2d as conv2d
from jax_slim.layers.convolutions import conv3d as conv3d
from jax_slim.layers.convolutions import convolution as convolution
from jax_slim.layers.convolutions import convolution1d as convolution1d
from jax_slim.layers.convolutions import convolution2d as convolution2d
from jax_slim.layers.convolutions import convolution3d as convolution3d
from jax_slim.layers.dense import bias_add as bias_add
from jax_slim.layers.dense import elu as elu
from jax_slim.layers.dense import fully_connected as fully_connected
from jax_slim.layers.dense import legacy_fully_connected as legacy_fully_connected
from jax_slim.layers.dense import legacy_linear as legacy_linear
from jax_slim.layers.dense import legacy_relu as legacy_relu
from jax_slim.layers.dense import linear as linear
from jax_slim.layers.dense import relu as relu
from jax_slim.layers.dense import relu6 as relu6
from jax_slim.layers.divisive import GDN as GDN
from jax_slim.layers.divisive import gdn as gdn
from jax_slim.layers.embeddings import bow_encoder as bow_encoder
from jax_slim.layers.embeddings import embed_sequence as embed_sequence
from jax_slim.layers.embeddings import embedding_lookup_unique as embedding_lookup_unique
from jax_slim.layers.encodings import dense_to_sparse as dense_to_sparse
from jax_slim.layers.encodings import maxout as maxout
from jax_slim.layers.encodings import one_hot_encoding as one_hot_encoding
from jax_slim.layers.encodings import scale_gradient as scale_gradient
from jax_slim.layers.encodings import softmax as softmax
from jax_slim.layers.encodings import spatial_softmax as spatial_softmax
from jax_slim.layers.example_normalization import group_norm as group_norm
from jax_slim.layers.example_normalization import instance_norm as instance_norm
from jax_slim.layers.example_normalization import layer_norm as layer_norm
from jax_slim.layers.example_normalization import unit_norm as unit_norm
from jax_slim.layers.image_sequences import images_to_sequence as images_to_sequence
from jax_slim.layers.image_sequences import sequence_to_images as sequence_to_images
from jax_slim.layers.pooling import avg_pool2d as avg_pool2d
from jax_slim.layers.pooling import avg_pool3d as avg_pool3d
from jax_slim.layers.pooling import max_pool2d as max_pool2d
from jax_slim.layers.pooling import max_pool3d as max_pool3d
from jax_slim.layers.pooling import pool as pool
from jax_slim.layers.recomputation import recompute_grad as recompute_grad
from jax_slim.layers.repetition import repeat as repeat
from jax_slim.layers.repetition import stack as stack
from jax_slim.layers.reversible import RevBlock as RevBlock
from jax_slim.layers.reversible import rev_block as rev_block
from jax_slim.layers.separables import conv2d_in_plane as conv2d_in_plane
from jax_slim.layers.separables import convolution2d_in_plane as convolution2d_in_plane
from jax_slim.layers.separables import separable_conv2d as separable_conv2d
from jax_slim.layers.separables import separable_convolution2d as separable_convolution2d
from jax_slim.layers.shaping import flatten as flatten
from jax_slim.layers.stochastic import dropout as dropout
from jax_slim.layers.transposes import conv2d_transpose as conv2d_transpose
from jax_slim.layers.transposes import conv3d_transpose as conv3d_transpose
from jax_slim.layers.transposes import convolution2d_transpose as convolution2d_transpose
from jax_slim.layers.transposes import convolution3d_transpose as convolution3d_transpose
from jax_slim.losses.accounts import apply_regularization as apply_regularization
from jax_slim.regularizers import l1_l2_regularizer as l1_l2_regularizer
from jax_slim.regularizers import l1_regularizer as l1_regularizer
from jax_slim.regularizers import l2_regularizer as l2_regularizer
from jax_slim.regularizers import sum_regularizer as sum_regularizer
from jax_slim.summary.summarizing import summarize_activation as summarize_activation
from jax_slim.summary.summarizing import summarize_activations as summarize_activations
from jax_slim.summary.summarizing import summarize_biases as summarize_biases
from jax_slim.summary.summarizing import summarize_collection as summarize_collection
from jax_slim.summary.summarizing import summarize_tensor as summarize_tensor
from jax_slim.summary.summarizing import summarize_tensors as summarize_tensors
from jax_slim.summary.summarizing import summarize_variables as summarize_variables
from jax_slim.summary.summarizing import summarize_weights as summarize_weights

if TYPE_CHECKING:
    import jax_slim.checkpoints as checkpoints
    import jax_slim.data as data
    import jax_slim.evaluation as evaluation
    import jax_slim.learning as learning
    import jax_slim.model_analyzer as model_analyzer
    import jax_slim.nets as nets
    import jax_slim.optimizers as optimizers
    import jax_slim.parallel as parallel
    from jax_slim.learning.adaptive_clipping import adaptive_clipping_fn as adaptive_clipping_fn
    from jax_slim.learning.optimizing import OPTIMIZER_CLS_NAMES as OPTIMIZER_CLS_NAMES
    from jax_slim.learning.optimizing import OPTIMIZER_SUMMARIES as OPTIMIZER_SUMMARIES
    from jax_slim.learning.optimizing import optimize_loss as optimize_loss

__version__ = "0.1.0.dev0"

# Rooms that a program which only builds and runs models does not need: loaded when they are first named.
_ON_FIRST_USE = ("checkpoints", "data", "evaluation", "learning", "model_analyzer", "nets", "optimizers", "parallel")

# What TF-Slim has at its root, of these rooms.
_NAMES_ON_FIRST_USE = {
    "OPTIMIZER_CLS_NAMES": "learning",
    "OPTIMIZER_SUMMARIES": "learning",
    "adaptive_clipping_fn": "learning",
    "optimize_loss": "learning",
}


def __getattr__(name: str) -> Any:
    if name in _ON_FIRST_USE:
        return importlib.import_module(f"jax_slim.{name}")
    if name in _NAMES_ON_FIRST_USE:
        return getattr(importlib.import_module(f"jax_slim.{_NAMES_ON_FIRST_USE[name]}"), name)
    raise AttributeError(f"module 'jax_slim' has no attribute {name!r}")
