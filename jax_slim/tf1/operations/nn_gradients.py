"""Gradients of convolutions, pooling, normalization, losses and resizing as the nodes that TensorFlow writes."""

from typing import Any

from jax_slim.tf1.graph import building, conversion, gradients, rows

make = building.make


def _facts(op: Any, *names: str) -> dict[str, Any]:
    return {name: op.attrs[name] for name in names if name in op.attrs}


_OF_CONV = ("strides", "padding", "data_format", "dilations")


@rows.set_gradient("Conv2D")
def conv2d(op: Any, grad: Any) -> list[Any]:
    """Towards the inputs and towards the filters."""
    inputs, filters = op._inputs
    of_inputs, of_filters = make("ShapeN", [inputs, filters])
    facts = _facts(op, *_OF_CONV, "explicit_paddings", "use_cudnn_on_gpu")
    return [
        make("Conv2DBackpropInput", of_inputs, filters, grad, **facts),
        make("Conv2DBackpropFilter", inputs, of_filters, grad, **facts),
    ]


@rows.set_gradient("Conv2DBackpropInput")
def conv2d_backprop_input(op: Any, grad: Any) -> list[Any]:
    """Of a transposed convolution: towards its filters and towards what it spreads."""
    _, filters, outputs = op._inputs
    facts = _facts(op, *_OF_CONV, "explicit_paddings", "use_cudnn_on_gpu")
    shape = _shape(filters)
    return [None, make("Conv2DBackpropFilter", grad, shape, outputs, **facts), make("Conv2D", grad, filters, **facts)]


@rows.set_gradient("Conv2DBackpropFilter")
def conv2d_backprop_filter(op: Any, grad: Any) -> list[Any]:
    """Of the filters' gradient: towards the inputs and towards the outputs' gradient."""
    inputs, _, outputs = op._inputs
    facts = _facts(op, *_OF_CONV, "explicit_paddings", "use_cudnn_on_gpu")
    return [
        make("Conv2DBackpropInput", _shape(inputs), grad, outputs, **facts), None, make("Conv2D", inputs, grad, **facts)
    ]  # fmt: skip


@rows.set_gradient("DepthwiseConv2dNative")
def depthwise(op: Any, grad: Any) -> list[Any]:
    """Towards the inputs and towards the filters."""
    inputs, filters = op._inputs
    facts = _facts(op, *_OF_CONV)
    return [
        make("DepthwiseConv2dNativeBackpropInput", _shape(inputs), filters, grad, **facts),
        make("DepthwiseConv2dNativeBackpropFilter", inputs, _shape(filters), grad, **facts),
    ]


@rows.set_gradient("Conv3D")
def conv3d(op: Any, grad: Any) -> list[Any]:
    """Towards the inputs and towards the filters."""
    inputs, filters = op._inputs
    of_inputs, of_filters = make("ShapeN", [inputs, filters])
    facts = _facts(op, *_OF_CONV)
    return [
        make("Conv3DBackpropInputV2", of_inputs, filters, grad, **facts),
        make("Conv3DBackpropFilterV2", inputs, of_filters, grad, **facts),
    ]


_OF_POOL = ("ksize", "strides", "padding", "data_format")


@rows.set_gradient("MaxPool")
def max_pool(op: Any, grad: Any) -> Any:
    """To the first pixel of each window that holds the maximum."""
    return make("MaxPoolGrad", op._inputs[0], op.outputs[0], grad, **_facts(op, *_OF_POOL))


@rows.set_gradient("MaxPool3D")
def max_pool3d(op: Any, grad: Any) -> Any:
    """To the first pixel of each window that holds the maximum."""
    return make("MaxPool3DGrad", op._inputs[0], op.outputs[0], grad, **_facts(op, *_OF_POOL))


@rows.set_gradient("AvgPool")
def avg_pool(op: Any, grad: Any) -> Any:
    """Spread evenly over each window."""
    return make("AvgPoolGrad", _shape(op._inputs[0]), grad, **_facts(op, *_OF_POOL))


@rows.set_gradient("AvgPool3D")
def avg_pool3d(op: Any, grad: Any) -> Any:
    """Spread evenly over each window."""
    return make("AvgPool3DGrad", _shape(op._inputs[0]), grad, **_facts(op, *_OF_POOL))


@rows.set_gradient("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3")
def fused_batch_norm(op: Any, grad: Any, *unused: Any) -> list[Any]:
    """Only what goes through the outputs counts, and the averages have none."""
    form = op.type[len("FusedBatchNorm") :]
    training = op.attrs["is_training"]
    first, second = (op.outputs[3], op.outputs[4]) if training else (op._inputs[3], op._inputs[4])
    kept = [first, second, *op.outputs[5:6]]
    found = make(
        f"FusedBatchNormGrad{form}", grad, op._inputs[0], op._inputs[1], *kept, **_facts(op, "epsilon", "data_format", "is_training")
    )  # fmt: skip
    return [*found[:3], None, None]


@rows.set_gradient("LRN")
def lrn(op: Any, grad: Any) -> Any:
    """By its inputs and outputs."""
    facts = _facts(op, "depth_radius", "bias", "alpha", "beta")
    return make("LRNGrad", grad, op._inputs[0], op.outputs[0], **facts)


def _shape(x: Any) -> Any:
    if x.shape.is_fully_defined():
        return conversion.constant(x.shape.as_list(), dtype="int32", name="Shape")
    return make("Shape", x)


def _is_zero(grad: Any) -> bool:
    return grad is None or grad.op.type == "ZerosLike" or (grad.op.type == "Const" and not grad.op.attrs["value"].any())


@rows.set_gradient("SoftmaxCrossEntropyWithLogits")
def softmax_cross_entropy(op: Any, of_loss: Any, of_backprop: Any) -> list[Any]:
    """Of the logits what the operation has given already; of the labels the negative logarithms."""
    logits = op._inputs[0]
    of_logits = make("Mul", make("ExpandDims", of_loss, -1), op.outputs[1], name="mul")
    if not _is_zero(of_backprop):
        softmax = make("Softmax", logits)
        total = make("Sum", make("Mul", of_backprop, softmax, name="mul"), 1, keep_dims=True)
        more = make("Mul", make("Sub", of_backprop, total, name="sub"), softmax, name="mul")
        of_logits = make("AddV2", of_logits, more, name="add")
    negative = make("Neg", make("LogSoftmax", logits))
    return [of_logits, make("Mul", make("ExpandDims", of_loss, -1), negative, name="mul")]


@rows.set_gradient("SparseSoftmaxCrossEntropyWithLogits")
def sparse_softmax_cross_entropy(op: Any, of_loss: Any, of_backprop: Any) -> list[Any]:
    """What the operation has given already. (TensorFlow forbids a second derivative, this one has it.)"""
    if not _is_zero(of_backprop):
        return gradients.generic(op, [of_loss, of_backprop])
    return [make("Mul", make("ExpandDims", of_loss, -1), op.outputs[1], name="mul"), None]


@rows.set_gradient("ResizeBilinear", "ResizeBicubic")
def resize(op: Any, grad: Any, *unused: Any) -> list[Any]:
    """Back to the pixels that were mixed."""
    image = op._inputs[0]
    if not image.dtype.is_floating:
        return [None, None]
    return [make(f"{op.type}Grad", grad, image, **_facts(op, "align_corners", "half_pixel_centers")), None]


@rows.set_gradient("ResizeNearestNeighbor")
def resize_nearest_neighbor(op: Any, grad: Any) -> list[Any]:
    """Back to the pixels that were taken."""
    image = op._inputs[0]
    if not image.dtype.is_floating:
        return [None, None]
    size = image.shape[1:3]
    if size.is_fully_defined():
        of_image: Any = size.as_list()
    else:
        of_image = make("Slice", make("Shape", image), [1], [2])
    return [
        make("ResizeNearestNeighborGrad", grad, of_image, **_facts(op, "align_corners", "half_pixel_centers")),
        None,
    ]
