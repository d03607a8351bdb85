"""Figures without pyplot: no windows, no list of figures that grows, and notebooks show them all the same."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def new_figure(caller: str, width: float, height: float) -> "Figure":
    """An empty figure.

    Args:
      caller: the function that draws, for the message.
      width, height: in inches, of 100 pixels each.

    Raises:
      ImportError: matplotlib is not installed.
    """
    try:
        from jax_slim.plots.pictures import Picture
    except ImportError as error:
        raise ImportError(f'{caller}: needs matplotlib: pip install "jax-slim[plots]".') from error
    return Picture(figsize=(width, height), dpi=100, layout="constrained")
