"""`tf.TensorArray`: a list of tensors that loops write to and read from."""

from typing import Any

from jax_slim.tf1.graph import building, conversion, dtypes, graphs, shapes
from jax_slim.tf1.graph.tensors import Tensor


class TensorArray:
    """A list of `size` tensors of one type. Each write gives a new object; go on with that one.

    Args:
      dtype: of the elements.
      size: how many there are; a tensor or a number.
      dynamic_size: whether it may grow.
      infer_shape: whether all elements have the shape of the first that is written.
      element_shape: what is known of the elements' shape.
    """

    def __init__(self, dtype: Any, size: Any = None, dynamic_size: bool | None = None, clear_after_read: bool | None = None, tensor_array_name: str | None = None,
                 handle: Any = None, flow: Any = None, infer_shape: bool = True, element_shape: Any = None, colocate_with_first_write_call: bool = True, name: str | None = None) -> None:  # fmt: skip
        if handle is not None and tensor_array_name:
            raise ValueError("Cannot construct with both handle and tensor_array_name")
        if handle is None and size is None:
            raise ValueError("Size must be provided if handle is not provided")
        self._dtype = dtypes.as_dtype(dtype).base_dtype
        self._dynamic = bool(dynamic_size)
        self._infer = infer_shape
        # Shared by all that stand for this array, as in TF: what one write shows, reads elsewhere know.
        self._known = [shapes.unknown_shape() if element_shape is None else shapes.as_shape(element_shape)]
        self._read_once = clear_after_read is not False
        with graphs.name_scope(name, "TensorArray", [handle, size, flow]) as scope:
            if handle is not None:
                self._handle = handle
                self._flow = flow if flow is not None else conversion.constant(0.0, name="flow")
            else:
                self._handle, self._flow = building.make(
                    "TensorArrayV3", conversion.convert_to_tensor(size, dtypes.int32, name="size"), dtype=self._dtype, element_shape=self.element_shape,
                    identical_element_shapes=infer_shape, dynamic_size=self._dynamic, clear_after_read=self._read_once, tensor_array_name=tensor_array_name or "", name=scope,
                )  # fmt: skip

    dtype = property(lambda self: self._dtype)
    handle = property(lambda self: self._handle)
    flow = property(lambda self: self._flow)
    graph = property(lambda self: self._flow.graph)
    dynamic_size = property(lambda self: self._dynamic)
    element_shape = property(lambda self: self._known[0])

    def with_flow(self, flow: Tensor) -> "TensorArray":
        """The same array at another point of the program."""
        made = object.__new__(TensorArray)
        made.__dict__.update(self.__dict__)
        made._flow = flow
        return made

    def identity(self) -> "TensorArray":
        return self.with_flow(building.make("Identity", self._flow))

    def _noted(self, shape: shapes.TensorShape) -> None:
        """Merges what a write shows of the elements' shape; later reads know it, wherever the array came from."""
        if self._infer:
            try:
                self._known[0] = self.element_shape.merge_with(shape)
            except ValueError:
                raise ValueError(
                    f"Inconsistent shapes: saw {shape} but expected {self.element_shape} (and infer_shape=True)"
                ) from None

    def write(self, index: Any, value: Any, name: str | None = None) -> "TensorArray":
        """The array with `value` at `index`."""
        with graphs.name_scope(name, "TensorArrayWrite", [self._handle, index, value]):
            value = conversion.convert_to_tensor(value, preferred_dtype=self._dtype, name="value")
            self._noted(value.shape)
            return self.with_flow(
                building.make("TensorArrayWriteV3", self._handle, index, value, self._flow, name="TensorArrayWriteV3")
            )

    def read(self, index: Any, name: str | None = None) -> Tensor:
        """The element at `index`."""
        value = building.make(
            "TensorArrayReadV3", self._handle, index, self._flow, dtype=self._dtype, name=name or "TensorArrayReadV3"
        )
        value.set_shape(self.element_shape)
        return value

    def stack(self, name: str | None = None) -> Tensor:
        """All elements as one tensor [size, ...]."""
        with graphs.name_scope(name, "TensorArrayStack", [self._handle]):
            size = self.size()
            indices = building.make("Range", 0, size, 1, name="range")
            return self.gather(indices)

    def gather(self, indices: Any, name: str | None = None) -> Tensor:
        """Some elements as one tensor."""
        shape = self.element_shape if self.element_shape.ndims is not None else None
        value = building.make(
            "TensorArrayGatherV3",
            self._handle,
            indices,
            self._flow,
            dtype=self._dtype,
            element_shape=shape,
            name=name or "TensorArrayGatherV3",
        )
        if self.element_shape.ndims is not None:
            value.set_shape([None, *self.element_shape.as_list()])
        return value

    def concat(self, name: str | None = None) -> Tensor:
        """All elements joined along their first dimension."""
        rest = self.element_shape[1:] if self.element_shape.ndims is not None else None
        value, _ = building.make(
            "TensorArrayConcatV3",
            self._handle,
            self._flow,
            dtype=self._dtype,
            element_shape_except0=rest,
            name=name or "TensorArrayConcatV3",
        )
        if self.element_shape.ndims:
            value.set_shape([None, *self.element_shape.as_list()[1:]])
        return value

    def unstack(self, value: Any, name: str | None = None) -> "TensorArray":
        """The array with the rows of a tensor as elements."""
        with graphs.name_scope(name, "TensorArrayUnstack", [self._handle, value]):
            value = conversion.convert_to_tensor(value, self._dtype, name="value")
            count = value.shape[0].value if value.shape.ndims is not None else None
            if count is None:
                count = building.make(
                    "StridedSlice",
                    building.make("Shape", value, name="Shape"),
                    [0],
                    [1],
                    [1],
                    shrink_axis_mask=1,
                    name="strided_slice",
                )
            return self.scatter(building.make("Range", 0, count, 1, name="range"), value)

    def scatter(self, indices: Any, value: Any, name: str | None = None) -> "TensorArray":
        """The array with the rows of a tensor as the elements at `indices`."""
        with graphs.name_scope(name, "TensorArrayScatter", [self._handle, value, indices]):
            value = conversion.convert_to_tensor(value, self._dtype, name="value")
            if value.shape.ndims is not None:
                self._noted(value.shape[1:])
            return self.with_flow(
                building.make(
                    "TensorArrayScatterV3", self._handle, indices, value, self._flow, name="TensorArrayScatterV3"
                )
            )

    def split(self, value: Any, lengths: Any, name: str | None = None) -> "TensorArray":
        """The array with pieces of a tensor, of these lengths, as elements."""
        with graphs.name_scope(name, "TensorArraySplit", [self._handle, value, lengths]):
            value = conversion.convert_to_tensor(value, self._dtype, name="value")
            if value.shape.ndims is not None:
                self._noted(
                    shapes.TensorShape([None]).concatenate(value.shape[1:]) if self._infer else shapes.unknown_shape()
                )
            return self.with_flow(
                building.make(
                    "TensorArraySplitV3",
                    self._handle,
                    value,
                    conversion.convert_to_tensor(lengths, dtypes.int64),
                    self._flow,
                    name="TensorArraySplitV3",
                )
            )

    def size(self, name: str | None = None) -> Tensor:
        """How many elements there are."""
        return building.make("TensorArraySizeV3", self._handle, self._flow, name=name or "TensorArraySizeV3")

    def close(self, name: str | None = None) -> Any:
        return building.make("TensorArrayCloseV3", self._handle, name=name or "TensorArrayCloseV3")

    def grad(self, source: Any, flow: Any = None, name: str | None = None) -> "TensorArray":
        raise NotImplementedError(
            "TensorArray.grad: gradients of tensor arrays follow from tf.gradients here; there is no array of them."
        )
