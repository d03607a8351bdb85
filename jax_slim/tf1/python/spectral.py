"""`tf.signal`, `tf.spectral`: Fourier transforms."""

from collections.abc import Callable
from typing import Any

from jax_slim.tf1.graph import building, conversion, dtypes, graphs
from jax_slim.tf1.graph.tensors import Tensor
from jax_slim.tf1.python import array


def _complex(name: str, doc: str) -> Callable[..., Tensor]:
    def transform(input: Any, name: str | None = None) -> Tensor:
        return building.make(transform.__name__.upper(), input, name=name)

    transform.__name__, transform.__doc__ = name, doc
    return transform


def _real(name: str, rank: int, doc: str) -> Callable[..., Tensor]:
    inverse = name.startswith("i")

    def transform(input_tensor: Any, fft_length: Any = None, name: str | None = None) -> Tensor:
        with graphs.name_scope(name, transform.__name__, [input_tensor, fft_length]) as scope:
            input_tensor = conversion.convert_to_tensor(input_tensor, dtypes.complex64 if inverse else dtypes.float32)
            if fft_length is None:
                fft_length = _default_length(input_tensor, rank, inverse)
            fft_length = conversion.convert_to_tensor(fft_length, dtypes.int32)
            return building.make(transform.__name__.upper(), input_tensor, fft_length, name=scope)

    transform.__name__, transform.__doc__ = name, doc
    return transform


def _default_length(tensor: Tensor, rank: int, inverse: bool) -> Any:
    known = tensor.shape[-rank:] if tensor.shape.ndims is not None else None
    if known is None or not known.is_fully_defined():
        return array.shape(tensor)[-rank:] if not inverse else _whole(array.shape(tensor)[-rank:])
    sizes = known.as_list()
    if inverse:
        sizes[-1] = max(0, 2 * (sizes[-1] - 1))
    return sizes


def _whole(sizes: Tensor) -> Tensor:
    return array.concat([sizes[:-1], building.make("Maximum", 0, 2 * (sizes[-1:] - 1))], 0)


fft = _complex("fft", "The Fourier transform over the last dimension.")
ifft = _complex("ifft", "The inverse of `fft`.")
fft2d = _complex("fft2d", "The Fourier transform over the last two dimensions.")
ifft2d = _complex("ifft2d", "The inverse of `fft2d`.")
fft3d = _complex("fft3d", "The Fourier transform over the last three dimensions.")
ifft3d = _complex("ifft3d", "The inverse of `fft3d`.")
rfft = _real("rfft", 1, "The Fourier transform of real numbers over the last dimension: half of it and one.")
irfft = _real("irfft", 1, "The inverse of `rfft`.")
rfft2d = _real("rfft2d", 2, "The Fourier transform of real numbers over the last two dimensions.")
irfft2d = _real("irfft2d", 2, "The inverse of `rfft2d`.")
rfft3d = _real("rfft3d", 3, "The Fourier transform of real numbers over the last three dimensions.")
irfft3d = _real("irfft3d", 3, "The inverse of `rfft3d`.")
