"""Operations that give variables their initial values, and those that tell which have none."""

from typing import Any

from jax_slim.tf1.graph import building, conversion, graphs
from jax_slim.tf1.graph.tensors import Operation, Tensor
from jax_slim.tf1.python import array, control_flow, gathering, joining, state_ops, variables


def variables_initializer(var_list: Any, name: str = "init") -> Operation:
    """An operation that gives the variables their initial values."""
    if var_list:
        return control_flow.group(*[v.initializer for v in var_list], name=name)
    return control_flow.group(name=name)


def initialize_variables(var_list: Any, name: str = "init") -> Operation:
    """`variables_initializer`, by its first name."""
    return variables_initializer(var_list, name)


def global_variables_initializer() -> Operation:
    """An operation that gives all global variables their initial values."""
    return variables_initializer(variables.global_variables())


def local_variables_initializer() -> Operation:
    """An operation that gives all local variables their initial values."""
    return variables_initializer(variables.local_variables())


def initialize_all_variables() -> Operation:
    """`global_variables_initializer`, by its first name."""
    return global_variables_initializer()


def initialize_local_variables() -> Operation:
    """`local_variables_initializer`, by its first name."""
    return local_variables_initializer()


def assert_variables_initialized(var_list: Any = None) -> Any:
    """An operation that fails where one of the variables has no value; None where there are no variables."""
    var_list = variables.global_variables() + variables.local_variables() if var_list is None else var_list
    if not var_list:
        return None
    ranks = []
    for variable in var_list:
        with graphs.colocate_with(variable.op):
            ranks.append(array.rank_internal(variable, optimize=False))
    return ranks[0] if len(ranks) == 1 else joining.stack(ranks)


def report_uninitialized_variables(var_list: Any = None, name: str = "report_uninitialized_variables") -> Tensor:
    """The names of the variables that have no value: all global and local ones by default."""
    var_list = variables.global_variables() + variables.local_variables() if var_list is None else var_list
    with graphs.name_scope(name):
        if not var_list:
            return conversion.constant([], dtype="string")
        initialized = [state_ops.is_variable_initialized(v) for v in var_list]
        with graphs.device("/cpu:0"):
            mask = building.make("LogicalNot", joining.stack(initialized))
            names = conversion.constant([v.op.name for v in var_list])
            return gathering.boolean_mask(names, mask)
