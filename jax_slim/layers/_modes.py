"""Arguments that choose what is traced, and so must be known when it is."""

from typing import Any

import numpy as np


def static_bool(function: str, argument: str, value: Any) -> bool:
    """`value`, a Python or NumPy bool (0 and 1 too); TypeError for arrays, which have no value while tracing."""
    if isinstance(value, bool | np.bool_ | int) and value in (0, 1):
        return bool(value)
    raise TypeError(
        f"{function}: {argument} must be True or False, got {value!r}. It decides what is traced: under jax.jit "
        f"make it static (static_argnames={argument!r}, or functools.partial(model.apply, {argument}=...))."
    )
