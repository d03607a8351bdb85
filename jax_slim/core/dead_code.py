"""What of a traced program its results depend on."""

from jax.extend.core import ClosedJaxpr


def without_dead_code(closed: ClosedJaxpr) -> ClosedJaxpr:
    """The program without the equations that no result depends on. Its arguments stay, used or not."""
    needed = {id(variable) for variable in closed.jaxpr.outvars}
    kept = []
    for equation in reversed(closed.jaxpr.eqns):
        if any(id(variable) in needed for variable in equation.outvars):
            needed.update(id(variable) for variable in equation.invars)
            kept.append(equation)
    return ClosedJaxpr(closed.jaxpr.replace(eqns=kept[::-1]), closed.consts)


def used_arguments(closed: ClosedJaxpr) -> set[int]:
    """Which arguments an equation or a result of the program names, by position."""
    used = {id(variable) for equation in closed.jaxpr.eqns for variable in equation.invars}
    used |= {id(variable) for variable in closed.jaxpr.outvars}
    return {index for index, variable in enumerate(closed.jaxpr.invars) if id(variable) in used}
