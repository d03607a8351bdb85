"""Fourier transforms over the last one, two or three dimensions."""

from typing import Any

import numpy as np

from jax_slim.tf1.graph import rows, shape_inference, shapes
from jax_slim.tf1.operations import arrays, shape_rules


def _complex(type: str, name: str, rank: int) -> None:
    def compute(input: Any) -> Any:
        return getattr(arrays.xp(input).fft, name)(input, axes=tuple(range(-rank, 0))).astype(input.dtype)

    rows.row(type, shape=shape_inference.like_input())(compute)


def _lengths(op: Any, rank: int, halved: bool) -> shapes.TensorShape:
    sizes, wanted = shape_rules.sizes(op), shape_rules.values(op, 1)
    if sizes is None:
        return shapes.unknown_shape()
    if len(sizes) < rank:
        shape_rules.refuse(op, f"Shape must be at least rank {rank} but is rank {len(sizes)}")
    ends: list[int | None] = [None] * rank if wanted is None else list(wanted)
    if halved and ends[-1] is not None:
        ends[-1] = ends[-1] // 2 + 1
    return shapes.TensorShape([*sizes[: len(sizes) - rank], *ends])


def _real(type: str, name: str, rank: int) -> None:
    forward = not type.startswith("I")

    def compute(input: Any, fft_length: Any) -> Any:
        lengths = tuple(int(n) for n in fft_length)
        found = getattr(arrays.xp(input).fft, name)(input, s=lengths, axes=tuple(range(-rank, 0)))
        return found.astype(np.complex64 if forward else np.float32)

    rows.row(type, static=("fft_length",), shape=lambda op: _lengths(op, rank, forward))(compute)


for _rank, _end in ((1, ""), (2, "2D"), (3, "3D")):
    _complex(f"FFT{_end}", "fftn", _rank)
    _complex(f"IFFT{_end}", "ifftn", _rank)
    _real(f"RFFT{_end}", "rfftn", _rank)
    _real(f"IRFFT{_end}", "irfftn", _rank)
