"""Windows whose taps are apart, by way of images cut into blocks: how TF 1 makes any operation on windows a dilated one."""

from collections.abc import Callable
from typing import Any

import numpy as np

from jax_slim.tf1.graph import conversion, dtypes, known_values, shapes
from jax_slim.tf1.graph.tensors import Tensor
from jax_slim.tf1.python import array, joining
from jax_slim.tf1.python import padding as padding_ops


def with_space_to_batch(input: Any, dilation_rate: Any, padding: Any, op: Callable[[Any, Any, Any], Tensor], filter_shape: Any = None,
                        spatial_dims: Any = None, data_format: str | None = None) -> Tensor:  # fmt: skip
    """op(images, number of spatial dimensions, padding) as if its windows' taps were `dilation_rate` apart.

    `input` is cut into blocks that become examples, so that neighbours in a block are taps in the image; the results are
    put together again. With rates of 1 that is `op` alone.
    """
    input = conversion.convert_to_tensor(input, name="input")

    def build(dims: int, padding: Any) -> Any:
        return lambda inputs, _: op(inputs, dims, padding)

    return WithSpaceToBatch(input.shape, dilation_rate, padding, build, filter_shape, spatial_dims, data_format)(
        input, None
    )


class WithSpaceToBatch:
    """`with_space_to_batch` for a shape that is known beforehand."""

    def __init__(self, input_shape: Any, dilation_rate: Any, padding: Any, build_op: Callable[[int, Any], Any], filter_shape: Any = None,
                 spatial_dims: Any = None, data_format: str | None = None) -> None:  # fmt: skip
        rate = conversion.convert_to_tensor(
            np.asarray(dilation_rate) if not isinstance(dilation_rate, Tensor) else dilation_rate,
            dtypes.int32,
            name="dilation_rate",
        )
        if rate.shape.ndims not in (None, 1):
            raise ValueError("rate must be rank 1")
        if not rate.shape.is_fully_defined():
            raise ValueError("rate must have known shape")
        dims = rate.shape[0].value
        first = data_format is not None and data_format.startswith("NC")
        wanted = (
            list(range(2 if first else 1, dims + (2 if first else 1))) if spatial_dims is None else list(spatial_dims)
        )
        spatial = sorted({int(x) for x in wanted})
        if spatial != wanted or any(x < 1 for x in spatial):
            raise ValueError("spatial_dims must be a montonically increasing sequence of positive integers")
        rank = spatial[-1] if first else spatial[-1] + 1
        if input_shape.ndims is not None and input_shape.ndims < rank:
            raise ValueError(f"input tensor must have rank {rank} at least")
        known = known_values.constant_value(rate)
        self._rate, self._known, self._dims, self._spatial = rate, known, dims, spatial
        self._input_shape, self._first = input_shape, first
        self._base: Any = None
        if known is not None:
            if np.any(known < 1):
                raise ValueError("dilation_rate must be positive")
            if np.all(known == 1):
                self._call = build_op(dims, padding)
                return
        if padding == "SAME":
            if filter_shape is None:
                raise ValueError("filter_shape must be specified for SAME padding")
            if isinstance(filter_shape, shapes.TensorShape) and not filter_shape.is_fully_defined():
                raise ValueError(f"Cannot convert a partially known TensorShape to a Tensor: {filter_shape}")
            sizes = known_values.constant_value(conversion.convert_to_tensor(filter_shape, name="filter_shape"))
            if sizes is not None:
                self._base = self._paddings(sizes)
        elif padding == "VALID":
            self._base = np.zeros([dims, 2], np.int32)
        else:
            raise ValueError(f"Invalid padding method {padding!r}")
        self._op = build_op(dims, "VALID")
        self._call = self._in_blocks

    def _paddings(self, sizes: Any) -> Any:
        """What "SAME" pads, all of which is then "VALID"."""
        rate = self._rate if self._known is None else self._known
        extra = (sizes[: self._dims] - 1) * rate
        start = extra // 2
        end = extra - start
        return joining.stack([[start[i], end[i]] for i in range(self._dims)])

    def __call__(self, inp: Any, filter: Any) -> Tensor:
        return self._call(inp, filter)

    def _in_blocks(self, inp: Any, filter: Any) -> Tensor:
        sizes: Any = None if self._input_shape.sizes is None else [self._input_shape.sizes[i] for i in self._spatial]
        if sizes is None or None in sizes:
            whole = array.shape(inp)
            sizes = joining.stack([whole[i] for i in self._spatial])
        base = self._base
        if base is None:
            base = self._paddings(array.shape(filter))
        paddings, crops = padding_ops.required_space_to_batch_paddings(
            input_shape=sizes, base_paddings=base, block_shape=self._rate
        )
        block = _spread(self._rate, 1, self._spatial)
        paddings, crops = _spread(paddings, 0, self._spatial), _spread(crops, 0, self._spatial)
        result = self._op(padding_ops.space_to_batch_nd(input=inp, block_shape=block, paddings=paddings), filter)
        whole = padding_ops.batch_to_space_nd(input=result, block_shape=block, crops=crops)
        if self._first and result.shape.ndims is not None and whole.shape.ndims is not None:
            known = whole.shape.as_list()
            known[1] = result.shape.as_list()[1]
            whole.set_shape(known)
        return whole


def _spread(values: Any, fill: int, spatial: list[int]) -> Any:
    """Entries for the spatial dimensions, and `fill` for those between the first and them, channels for example."""
    fills = np.ones if fill else np.zeros
    found = known_values.constant_value(values)
    of_rest = () if values.shape.ndims == 1 else (2,)
    if found is not None:
        made = [
            found[spatial.index(d)] if d in spatial else fills(of_rest, found.dtype) for d in range(1, spatial[-1] + 1)
        ]
        return np.stack(made).astype(found.dtype)
    parts = [values[spatial.index(d)] if d in spatial else fills(of_rest, np.int32) for d in range(1, spatial[-1] + 1)]
    return joining.stack(parts)


def strides_and_rates(dims: int, strides: Any, dilation_rate: Any) -> tuple[np.ndarray, np.ndarray]:
    """Both as arrays of `dims` numbers.

    Raises:
      ValueError: another number of them, numbers below 1, or both above 1.
    """
    if dilation_rate is None:
        dilation_rate = [1] * dims
    elif len(dilation_rate) != dims:
        raise ValueError(f"len(dilation_rate)={len(dilation_rate)} but should be {dims}")
    rate = np.array(dilation_rate, dtype=np.int32)
    if np.any(rate < 1):
        raise ValueError("all values of dilation_rate must be positive")
    if strides is None:
        strides = [1] * dims
    elif len(strides) != dims:
        raise ValueError(f"len(strides)={len(strides)} but should be {dims}")
    steps = np.array(strides, dtype=np.int32)
    if np.any(steps < 1):
        raise ValueError("all values of strides must be positive")
    if np.any(steps > 1) and np.any(rate > 1):
        raise ValueError("strides > 1 not supported in conjunction with dilation_rate > 1")
    return steps, rate
