"""`tf.compat.v2`: functions whose arguments TensorFlow 2 names or orders otherwise, as those of TensorFlow 1."""

import functools
from collections.abc import Callable
from typing import Any

# Name below `tf` -> TensorFlow 2's arguments in its order; `new=old` where TensorFlow 1 calls it otherwise.
_POOL = "input=value ksize strides padding data_format name"
_CHECK_OF_TWO = "x y message summarize name"
_CHECK_OF_ONE = "x message summarize name"
_CONVOLUTION = "input filters strides padding data_format dilations name"
_TRANSPOSED = "input filters output_shape strides padding data_format dilations name"
SIGNATURES = {
    "argmax": "input axis output_type name",
    "argmin": "input axis output_type name",
    "batch_to_space": "input block_shape crops name",
    "boolean_mask": "tensor mask axis name",
    "convert_to_tensor": "value dtype dtype_hint name",
    "gather": "params indices validate_indices axis batch_dims name",
    "gather_nd": "params indices batch_dims name",
    "image.crop_and_resize": "image boxes box_indices crop_size method extrapolation_value name",
    "io.decode_csv": "records record_defaults field_delim use_quote_delim na_value select_cols name",
    "io.parse_example": "serialized features example_names name",
    "io.parse_single_example": "serialized features example_names name",
    "math.confusion_matrix": "labels predictions num_classes weights dtype name",
    "math.in_top_k": "targets predictions k name",
    "nn.avg_pool": _POOL,
    "nn.avg_pool2d": _POOL,
    "nn.conv1d": "input filters stride padding data_format dilations name",
    "nn.conv2d": _CONVOLUTION,
    "nn.conv2d_transpose": _TRANSPOSED,
    "nn.conv3d": _CONVOLUTION,
    "nn.conv3d_transpose": _TRANSPOSED,
    "nn.convolution": _CONVOLUTION,
    "nn.crelu": "features axis name",
    "nn.depth_to_space": "input block_size data_format name",
    "nn.depthwise_conv2d": "input filter strides padding data_format dilations name",
    "nn.dropout": "x rate noise_shape seed name",
    "nn.in_top_k": "targets predictions k name",
    "nn.max_pool": _POOL,
    "nn.moments": "x axes shift keepdims name",
    "nn.separable_conv2d": "input depthwise_filter pointwise_filter strides padding data_format dilations name",
    "nn.space_to_depth": "input block_size data_format name",
    "ones_like": "input=tensor dtype name",
    "pad": "tensor paddings mode constant_values name",
    "random.poisson": "shape lam dtype seed name",
    "shape": "input out_type name",
    "size": "input out_type name",
    "space_to_batch": "input block_shape paddings name",
    "strings.length": "input unit name",
    "strings.substr": "input pos len unit name",
    "transpose": "a perm conjugate name",
    "while_loop": "cond body loop_vars shape_invariants parallel_iterations back_prop swap_memory maximum_iterations name",
    "zeros_like": "input=tensor dtype name",
    **dict.fromkeys(("assert_equal", "assert_greater", "assert_less"), _CHECK_OF_TWO),
    **{f"debugging.assert_{n}": _CHECK_OF_TWO for n in ("equal", "greater", "greater_equal", "less", "less_equal", "none_equal")},
    **{f"debugging.assert_{n}": _CHECK_OF_ONE for n in ("negative", "non_negative", "non_positive", "positive")},
}  # fmt: skip
# What is another function altogether, and where it is.
OTHERS = {
    "image.resize": "python.image_resizing:resize_images_v2",
    "nn.softmax_cross_entropy_with_logits": "python.nn_losses:softmax_cross_entropy_with_logits_v2",
    "strings.split": "python.text_pieces:split_v2",
    "where": "python.gathering:where_v2",
}


def adapted(function: Callable[..., Any], arguments: str) -> Callable[..., Any]:
    """A function of TensorFlow 1 that takes TensorFlow 2's arguments (an entry of `SIGNATURES`)."""
    names = [(parts[0], parts[-1]) for parts in (name.split("=") for name in arguments.split())]
    old_names = dict(names)

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        if len(args) > len(names):
            raise TypeError(f"{function.__name__}() takes {len(names)} positional arguments, got {len(args)}")
        given = {old: value for (_, old), value in zip(names, args, strict=False)}
        for name, value in kwargs.items():
            if name not in old_names:
                raise TypeError(f"{function.__name__}() got an unexpected keyword argument {name!r}")
            if old_names[name] in given:
                raise TypeError(f"{function.__name__}() got multiple values for argument {name!r}")
            given[old_names[name]] = value
        return function(**given)

    return call
