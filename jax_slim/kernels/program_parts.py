"""A traced program in parts: where few bytes go from one to the next, or by the scopes that its operations are in."""

import itertools
import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from jax.extend.core import ClosedJaxpr, Literal, jaxpr_as_fun

_SIZES = tuple(2 ** (step / 2) for step in range(2, 13))  # the program's bytes through a part's, 2 to 64
# A part's bytes are those of all that it computes; about so much of it is there at a time when its gradient is taken.
_AT_A_TIME = 0.5


class Part(NamedTuple):
    """Some successive operations of a program.

    Attributes:
      start, stop: the first operation, and the first that is not among them.
      chosen: whether it is one of the parts that were asked for; False between those.
    """

    start: int
    stop: int
    chosen: bool = True


def by_scopes(closed: ClosedJaxpr, pattern: str) -> list[Part]:
    """Parts out of successive operations in one scope.

    Args:
      closed: the program.
      pattern: a regular expression that is searched in each operation's scopes ('net/block1/unit_1/conv1'); those for
        which it finds the same text are one part.
    """
    found = [re.search(pattern, str(equation.source_info.name_stack)) for equation in closed.jaxpr.eqns]
    names = [None if match is None else match[0] for match in found]
    starts = [index for index, name in enumerate(names) if index == 0 or name != names[index - 1]]
    return [Part(start, stop, names[start] is not None) for start, stop in itertools.pairwise([*starts, len(names)])]


def by_size(closed: ClosedJaxpr) -> list[Part]:
    """Parts such that what goes from each to the next, and the largest part's own values, are few bytes together.

    The values that count are those that depend on the program's arguments. What the program also returns does not count
    for it: most of it, such as a net's end points, is not used.
    """
    equations = closed.jaxpr.eqns
    varying = {id(variable) for variable in closed.jaxpr.invars}
    made: list[dict[int, int]] = []  # of each operation: value -> bytes
    for equation in equations:
        depends = any(id(variable) in varying for variable in equation.invars)
        made.append({id(variable): _bytes(variable.aval) for variable in equation.outvars} if depends else {})
        varying.update(made[-1])
    sizes = {value: size for values in made for value, size in values.items()}
    last_use = {id(variable): index for index, equation in enumerate(equations) for variable in equation.invars}
    crossing: list[set[int]] = [set()]  # of each boundary before an operation, and of the end
    alive: set[int] = set()
    for index, values in enumerate(made):
        alive = {value for value in alive | set(values) if last_use.get(value, -1) > index}
        crossing.append(alive)
    live = [sum(sizes[value] for value in values) for values in crossing]
    costs = [sum(values.values()) for values in made]
    plans = [_cuts(costs, live, sum(costs) / parts) for parts in _SIZES]
    cuts = min(plans, key=lambda cuts: _memory(cuts, costs, crossing, sizes), default=[])
    ends = [0, *cuts, len(equations)]
    return [Part(start, stop) for start, stop in itertools.pairwise(ends) if stop > start]


def run_parts(
    closed: ClosedJaxpr, parts: Sequence[Part], arrays: Sequence[Any], wrap: Callable[[ClosedJaxpr], Callable[..., Any]]
) -> list[Any]:
    """The program's results, with each chosen part run as `wrap` makes it out of the part's own program.

    What does not depend on the arrays, such as variables, is what that program closes over.
    """
    jaxpr = closed.jaxpr
    values = dict(zip(map(id, [*jaxpr.constvars, *jaxpr.invars]), [*closed.consts, *arrays], strict=True))
    varying = {id(variable) for variable in jaxpr.invars}
    wanted = {id(variable) for variable in jaxpr.outvars}
    uses = [{id(variable) for variable in equation.invars} for equation in jaxpr.eqns]
    for part in parts:
        equations = jaxpr.eqns[part.start : part.stop]
        later = wanted.union(*uses[part.stop :])
        outputs = [v for equation in equations for v in equation.outvars if id(v) in later]
        taken = {id(v): v for equation in equations for v in equation.invars if id(v) in values}
        fixed = [v for key, v in taken.items() if key not in varying]
        inputs = [v for key, v in taken.items() if key in varying]
        effects = frozenset().union(*(equation.effects for equation in equations))
        own = jaxpr.replace(constvars=fixed, invars=inputs, outvars=outputs, eqns=equations, effects=effects)
        program = ClosedJaxpr(own, [values[id(v)] for v in fixed])
        function = wrap(program) if part.chosen else jaxpr_as_fun(program)
        results = function(*(values[id(v)] for v in inputs))
        values |= dict(zip(map(id, outputs), results, strict=True))
        for equation in equations:
            if any(id(v) in varying for v in equation.invars):
                varying.update(map(id, equation.outvars))
    return [v.val if isinstance(v, Literal) else values[id(v)] for v in jaxpr.outvars]


def _cuts(costs: Sequence[int], live: Sequence[int], most: float) -> list[int]:
    """Where to cut so that no part makes more than `most` bytes: in each one's second half, where fewest are alive."""
    cuts, start = [], 0
    while True:
        cost, stop, middle = 0, start, start
        while stop < len(costs) and cost + costs[stop] <= most:
            cost += costs[stop]
            stop += 1
            middle = stop if cost <= most / 2 else middle
        if stop >= len(costs):
            return cuts
        first = max(middle, start + 1)
        start = min(range(first, max(stop, first) + 1), key=lambda index: (live[index], -index))
        cuts.append(start)


def _memory(cuts: Sequence[int], costs: Sequence[int], crossing: Sequence[set[int]], sizes: dict[int, int]) -> float:
    """The bytes that are kept between the parts, and those of the largest one."""
    kept = set().union(*(crossing[cut] for cut in cuts))
    ends = [0, *cuts, len(costs)]
    largest = max((sum(costs[start:stop]) for start, stop in itertools.pairwise(ends)), default=0)
    return sum(sizes[value] for value in kept) + _AT_A_TIME * largest


def _bytes(aval: Any) -> int:
    return aval.size * aval.dtype.itemsize if hasattr(aval.dtype, "itemsize") else 0
