"""What a model consists of and costs: `analyze_vars`, `analyze_ops`, `table` layer by layer, `kept_for_gradient`."""

from jax_slim.model_analyzer.gradients import KeptRow as KeptRow
from jax_slim.model_analyzer.gradients import KeptTable as KeptTable
from jax_slim.model_analyzer.gradients import kept_for_gradient as kept_for_gradient
from jax_slim.model_analyzer.sizes import analyze_ops as analyze_ops
from jax_slim.model_analyzer.sizes import analyze_vars as analyze_vars
from jax_slim.model_analyzer.sizes import tensor_description as tensor_description
from jax_slim.model_analyzer.tables import ModelTable as ModelTable
from jax_slim.model_analyzer.tables import Row as Row
from jax_slim.model_analyzer.tables import table as table
