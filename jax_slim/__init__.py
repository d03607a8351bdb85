"""jax-slim: TF-Slim reborn on JAX. `import jax_slim as slim`."""

import jax_slim.losses as losses
import jax_slim.metrics as metrics
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
from jax_slim.core.model import Collected as Collected
from jax_slim.core.model import Model as Model
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
from jax_slim.core.variables import create_global_step as create_global_step
from jax_slim.core.variables import filter_variables as filter_variables
from jax_slim.core.variables import fixed_size_partitioner as fixed_size_partitioner
from jax_slim.core.variables import get_global_step as get_global_step
from jax_slim.core.variables import get_local_variables as get_local_variables
from jax_slim.core.variables import get_model_variables as get_model_variables
from jax_slim.core.variables import get_or_create_global_step as get_or_create_global_step
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
from jax_slim.layers.batch_normalization import batch_norm as batch_norm
from jax_slim.layers.repetition import repeat as repeat
from jax_slim.layers.repetition import stack as stack
from jax_slim.layers.shaping import flatten as flatten
from jax_slim.layers.stochastic import dropout as dropout
from jax_slim.losses.accounts import apply_regularization as apply_regularization

__version__ = "0.1.0.dev0"
