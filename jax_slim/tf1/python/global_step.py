"""The variable that counts training steps: `tf.train.get_or_create_global_step` and its kin."""

from typing import Any

from jax_slim.tf1.graph import building, dtypes, graphs
from jax_slim.tf1.graph.collections import GraphKeys
from jax_slim.tf1.graph.tensors import Tensor
from jax_slim.tf1.python import initializers, logging, variable_scope, variables

_READ = "global_step_read_op_cache"


def global_step(sess: Any, global_step_tensor: Any) -> int:
    """The step's value in a session, as an integer."""
    return int(sess.run(global_step_tensor))


def get_global_step(graph: Any = None) -> Any:
    """The graph's global step, or None: what is alone in its collection, or called `global_step:0`.

    Raises:
      TypeError: it is no scalar integer.
    """
    graph = graph or graphs.get_default_graph()
    found = graph.get_collection(GraphKeys.GLOBAL_STEP)
    if len(found) == 1:
        step = found[0]
    elif not found:
        try:
            step = graph.get_tensor_by_name("global_step:0")
        except KeyError:
            return None
    else:
        logging.error("Multiple tensors in global_step collection.")
        return None
    assert_global_step(step)
    return step


def create_global_step(graph: Any = None) -> Any:
    """Makes the global step: an int64 variable `global_step` that starts at 0 and is not trained.

    Raises:
      ValueError: there is one already.
    """
    graph = graph or graphs.get_default_graph()
    if get_global_step(graph) is not None:
        raise ValueError('"global_step" already exists.')
    with graph.as_default(), graph.name_scope(None):
        return variable_scope.get_variable(
            GraphKeys.GLOBAL_STEP,
            shape=[],
            dtype=dtypes.int64,
            initializer=initializers.zeros_initializer(),
            trainable=False,
            aggregation=variables.VariableAggregation.ONLY_FIRST_REPLICA,
            collections=[GraphKeys.GLOBAL_VARIABLES, GraphKeys.GLOBAL_STEP],
        )


def get_or_create_global_step(graph: Any = None) -> Any:
    """The global step, made where there is none."""
    graph = graph or graphs.get_default_graph()
    step = get_global_step(graph)
    return create_global_step(graph) if step is None else step


def assert_global_step(global_step_tensor: Any) -> None:
    """Checks that a tensor or variable can be a global step.

    Raises:
      TypeError: it is no scalar integer.
    """
    if not isinstance(global_step_tensor, Tensor | variables.Variable):
        raise TypeError(f'Existing "global_step" must be a Variable or Tensor: {global_step_tensor}.')
    if not global_step_tensor.dtype.base_dtype.is_integer:
        raise TypeError(f'Existing "global_step" does not have integer type: {global_step_tensor.dtype}')
    shape = global_step_tensor.get_shape()
    if shape.ndims not in (0, None) and shape.is_fully_defined():
        raise TypeError(f'Existing "global_step" is not scalar: {shape}')


def get_or_create_global_step_read(graph: Any = None) -> Any:
    """A tensor of the global step that is read when the run begins; None where there is no step."""
    graph = graph or graphs.get_default_graph()
    kept = graph.get_collection(_READ)
    if kept:
        return kept[0]
    step = get_global_step(graph)
    if step is None:
        return None
    with (
        graph.as_default(),
        graph.name_scope(None),
        graph.name_scope(step.op.name + "/"),
        graph.control_dependencies(None),
    ):
        if isinstance(step, variables.Variable):
            value = building.make("Identity", step.initialized_value())
        else:
            value = step
        read = value + 0
    graph.add_to_collection(_READ, read)
    return read


def increment_global_step(increment: Any, graph: Any = None) -> Any:
    """Counts the global step on."""
    graph = graph or graphs.get_default_graph()
    step = get_global_step(graph)
    if step is None:
        raise ValueError(
            "Global step tensor should be created by tf.train.get_or_create_global_step before calling increment."
        )
    with (
        graph.as_default(),
        graph.name_scope(None),
        graph.name_scope(step.op.name + "/"),
        graph.control_dependencies([get_or_create_global_step_read(graph)]),
    ):
        return step.assign_add(increment)
