"""What a convolution is besides its arrays: layout, windows, groups."""

import dataclasses
from typing import Any

from jax import lax

from jax_slim.kernels.layouts import Layout, Windows


@dataclasses.dataclass(frozen=True)
class Geometry:
    """How inputs, weights and outputs lie on each other; with any two of the arrays it gives the shape of the third.

    Attributes:
      layout: of inputs and outputs.
      lengths: the inputs' spatial lengths.
      windows: their sizes, strides, rates and padding.
      groups: of channels; outputs see the inputs of their group.
      precision: for `lax`.
      inexact: whether forms may be chosen whose rounding errors are larger than those of sums.
      tuned: whether the program is compiled with `compiler_options()`.
      read_again: whether a gradient reads the outputs, besides what comes next.
    """

    layout: Layout
    lengths: tuple[int, ...]
    windows: Windows
    groups: int
    precision: lax.Precision | None
    inexact: bool = True
    tuned: bool = False
    read_again: bool = False

    @property
    def counts(self) -> tuple[int, ...]:
        """The outputs' spatial lengths."""
        return self.windows.count(self.lengths)

    def inputs_shape(self, outputs: Any, weights: Any) -> tuple[int, ...]:
        return self._shape(outputs, self.lengths, weights.shape[-2] * self.groups)

    def outputs_shape(self, inputs: Any, weights: Any) -> tuple[int, ...]:
        return self._shape(inputs, self.counts, weights.shape[-1])

    def weights_shape(self, inputs: Any, outputs: Any) -> tuple[int, ...]:
        channel = self.layout.channel
        return (*self.windows.sizes, inputs.shape[channel] // self.groups, outputs.shape[channel])

    def _shape(self, like: Any, lengths: tuple[int, ...], channels: int) -> tuple[int, ...]:
        shape = list(self.layout.over_space(lengths, channels))
        shape[0] = like.shape[0]
        return tuple(shape)

    def channels_last(self) -> "Geometry":
        space = "".join(self.layout.name[axis] for axis in self.layout.spatial)
        return dataclasses.replace(self, layout=Layout(f"N{space}C"))
