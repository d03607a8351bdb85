"""Numbers by variable name: learning-rate multipliers, weight decay, freezing."""

import re
from collections.abc import Iterable, Mapping

from jax_slim.core import names


class ByName:
    """A table pattern -> number for variables; made by `by_name`."""

    def __init__(self, table: Mapping[str, float], default: float) -> None:
        self.table = dict(table)
        self.default = default
        self._patterns = {pattern: re.compile(pattern) for pattern in self.table}

    def __call__(self, name: str) -> float:
        """The number of the first pattern that the whole name matches, or that is a scope of it; else the default."""
        for pattern, compiled in self._patterns.items():
            match = compiled.match(name)
            if match and (match.end() == len(name) or name[match.end()] == "/" or pattern.endswith("/")):
                return self.table[pattern]
        return self.default

    def for_variables(self, variables: Iterable[str], function: str) -> dict[str, float]:
        """The number of each variable; ValueError for a pattern that none of them matches."""
        variables = list(variables)
        for pattern in self.table:
            alone = ByName({pattern: 1.0}, 0.0)
            if not any(alone(name) for name in variables):
                raise ValueError(
                    f"{function}: the pattern {pattern!r} matches none of the {len(variables)} variables."
                    f"{names.hint(pattern, variables)}"
                )
        return {name: self(name) for name in variables}

    def __repr__(self) -> str:
        return f"by_name({self.table!r}, default={self.default!r})"


def by_name(table: Mapping[str, float], default: float = 1.0) -> ByName:
    """A number for each variable, by patterns for its name.

        slim.learning.by_name({"vgg_16/fc8": 10.0, ".*/biases": 2.0})       # other variables: 1
        slim.learning.by_name({".*/weights": 5e-4}, default=0.0)

    Args:
      table: regular expression -> number. A pattern must match a whole name, or a whole scope that it begins with:
        'vgg_16/fc8' means 'vgg_16/fc8/weights' and not 'vgg_16/fc80/weights'. The first that matches decides.
      default: for variables that no pattern matches.

    Returns:
      What `create_train_op` takes as `gradient_multipliers`, `learning_rate_multipliers` and `weight_decay`.

    Raises:
      TypeError: `table` is no mapping of strings to numbers.
    """
    if not isinstance(table, Mapping) or not all(isinstance(pattern, str) for pattern in table):
        raise TypeError(f"by_name: table must be a mapping pattern -> number, got {table!r}.")
    return ByName(table, default)
