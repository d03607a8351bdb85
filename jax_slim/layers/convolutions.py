"""Convolutions: learned filters over sequences, images or volumes, then a normalizer or biases, then an activation."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Concatenate, ParamSpec

import jax

from jax_slim import initializers, kernels
from jax_slim.core.arg_scope import add_arg_scope, arg_scope_func_key, current_arg_scope
from jax_slim.core.collections import NamesOfCollections, collect_named_outputs
from jax_slim.core.precision import to_compute
from jax_slim.core.program import operation
from jax_slim.core.scopes import variable_scope
from jax_slim.kernels.layouts import Padding, windows_on
from jax_slim.layers import _args
from jax_slim.layers._steps import Function, Scope, maker, of_model, run

P = ParamSpec("P")

_SPACE = {1: "W", 2: "HW", 3: "DHW"}
_DATA_FORMATS = (None, "NWC", "NCW", "NHWC", "NCHW", "NDHWC", "NCDHW")


def _convolve(
    function: str,
    dims: int | None,
    num_groups: int,
    inputs: jax.Array,
    num_outputs: int,
    kernel_size: int | Sequence[int],
    stride: int | Sequence[int] = 1,
    padding: Padding = "SAME",
    data_format: str | None = None,
    rate: int | Sequence[int] = 1,
    activation_fn: Function | None = jax.nn.relu,
    normalizer_fn: Function | None = None,
    normalizer_params: Mapping[str, Any] | None = None,
    weights_initializer: Any = initializers.xavier_initializer(),
    weights_regularizer: Any = None,
    biases_initializer: Any = initializers.zeros_initializer(),
    biases_regularizer: Any = None,
    reuse: Any = None,
    variables_collections: Any = None,
    outputs_collections: NamesOfCollections = None,
    trainable: bool = True,
    scope: Scope = None,
) -> jax.Array:
    """What all have in common, arguments too; `dims` None takes the number of spatial axes from the inputs."""
    inputs = _args.floats(function, inputs)
    first = (_args.choice(function, "data_format", data_format, _DATA_FORMATS) or "").startswith("NC")
    if dims is None and inputs.ndim - 2 not in _SPACE:
        raise ValueError(f"{function}: inputs must have rank 3, 4 or 5, got shape {inputs.shape}.")
    space = _SPACE[dims or inputs.ndim - 2]
    layout = f"NC{space}" if first else f"N{space}C"
    _args.rank(function, inputs, layout)
    num_outputs = _args.count(function, "num_outputs", num_outputs)
    kernel = _args.sizes(function, "kernel_size", kernel_size, len(space))
    strides = _args.sizes(function, "stride", stride, len(space))
    rates = _args.sizes(function, "rate", rate, len(space))
    if max(strides) > 1 and max(rates) > 1:
        raise ValueError(f"{function}: stride={stride} with rate={rate}: one of the two must be 1.")
    if len(space) == 1 and isinstance(padding, str) and padding.upper() == "CAUSAL":
        padding = [((kernel[0] - 1) * rates[0], 0)]
    channel_axis = layout.index("C")
    channels, groups = inputs.shape[channel_axis], _args.count(function, "num_groups", num_groups)
    if channels % groups or num_outputs % groups:
        raise ValueError(
            f"{function}: num_groups must divide the {channels} channels of inputs and num_outputs={num_outputs}, "
            f"got {num_groups!r}."
        )
    lengths = [inputs.shape[layout.index(axis)] for axis in space]
    windows_on(function, lengths, kernel, strides, padding, rates)  # refuses before any variable is made

    with variable_scope(scope, "Conv", [inputs], custom_getter=of_model, reuse=reuse) as sc:
        make = maker(inputs, trainable, variables_collections)
        shape = (*kernel, channels // groups, num_outputs)
        weights = make("weights", shape, weights_initializer, weights_regularizer)
        outputs = run(
            lambda inputs: kernels.convolution(inputs, weights, strides, padding, rates, layout),
            to_compute(inputs), num_outputs, make, channel_axis, normalizer_fn, normalizer_params,
            biases_initializer, biases_regularizer, activation_fn,
        )  # fmt: skip
        return collect_named_outputs(outputs_collections, sc.name, outputs)


def _with_arguments_of(
    model: Callable[Concatenate[str, int | None, int, P], jax.Array],
) -> Callable[[Callable[..., jax.Array]], Callable[P, jax.Array]]:
    """Gives a function that hands its arguments on the model's signature, for callers, editors and type checkers."""
    signature = inspect.signature(model)
    signature = signature.replace(parameters=list(signature.parameters.values())[3:])

    def decorated(function: Any) -> Any:
        function.__signature__ = signature
        return function

    return decorated


@add_arg_scope
@operation
def convolution(
    inputs: jax.Array,
    num_outputs: int,
    kernel_size: int | Sequence[int],
    stride: int | Sequence[int] = 1,
    padding: Padding = "SAME",
    data_format: str | None = None,
    rate: int | Sequence[int] = 1,
    activation_fn: Function | None = jax.nn.relu,
    normalizer_fn: Function | None = None,
    normalizer_params: Mapping[str, Any] | None = None,
    weights_initializer: Any = initializers.xavier_initializer(),
    weights_regularizer: Any = None,
    biases_initializer: Any = initializers.zeros_initializer(),
    biases_regularizer: Any = None,
    reuse: Any = None,
    variables_collections: Any = None,
    outputs_collections: NamesOfCollections = None,
    trainable: bool = True,
    scope: Scope = None,
    conv_dims: int | None = None,
) -> jax.Array:
    """Convolves sequences, images or volumes, whichever `inputs` are by their rank.

    As `conv2d`, but over 1, 2 or 3 spatial axes for inputs of rank 3, 4 or 5. `conv1d`, `conv2d` and `conv3d` say
    which, and so catch inputs of another rank.

        slim.convolution(sound, 32, [9], stride=2)             # [8, 16000, 1] -> [8, 8000, 32]
        slim.convolution(scans, 8, [3, 3, 3])                  # [2, 32, 64, 64, 1] -> [2, 32, 64, 64, 8]

    Args:
      inputs: [N, W, C], [N, H, W, C] or [N, D, H, W, C] floats; with C behind N when `data_format` begins with "NC".
      conv_dims: how many spatial axes `inputs` must have; None takes what comes.
      others: as `conv2d`, with one int for each spatial axis or one for all.

    Returns:
      Of the same rank and layout as `inputs`, with `num_outputs` channels.

    Raises:
      ValueError: as `conv2d`.
    """
    if conv_dims is not None:
        _args.choice("convolution", "conv_dims", conv_dims, tuple(_SPACE))
    return _convolve(
        "convolution", conv_dims, 1, inputs,
        num_outputs, kernel_size, stride, padding, data_format, rate, activation_fn,
        normalizer_fn, normalizer_params, weights_initializer, weights_regularizer, biases_initializer,
        biases_regularizer, reuse, variables_collections, outputs_collections, trainable, scope,
    )  # fmt: skip


@add_arg_scope
@operation
@_with_arguments_of(_convolve)
def convolution1d(*args: Any, **kwargs: Any) -> jax.Array:
    """Convolves sequences with `num_outputs` learned filters.

    As `conv2d`, over one axis; `weights` are [kw, C, num_outputs]. Also `slim.conv1d`.

        slim.conv1d(words, 64, 3)                              # [8, 20, 300] -> [8, 20, 64]
        slim.conv1d(sound, 64, 2, rate=4, padding="CAUSAL")    # [8, 16000, 1] -> [8, 16000, 64]

    Args:
      inputs: [N, W, C] floats, or [N, C, W] when `data_format` is "NCW".
      padding: as for `conv2d`; also "CAUSAL", which pads only before the first step, so that no output sees later
        inputs.
      others: as `conv2d`.

    Returns:
      [N, W', num_outputs], or [N, num_outputs, W'].
    """
    _refuse_scope_of_convolution("conv1d")
    return _convolve("conv1d", 1, 1, *args, **kwargs)


@add_arg_scope
@operation
@_with_arguments_of(_convolve)
def convolution2d(*args: Any, **kwargs: Any) -> jax.Array:
    """Convolves images with `num_outputs` learned filters.

    Creates `<scope>/weights` [kh, kw, C, num_outputs] and, when there is no `normalizer_fn`, `<scope>/biases`
    [num_outputs], in the dtype of `inputs`. Also `slim.conv2d`.

        net = slim.conv2d(images, 64, [3, 3], scope="conv1")       # [N, 224, 224, 3] -> [N, 224, 224, 64]
        net = slim.conv2d(net, 128, 3, stride=2, scope="conv2")    # [N, 112, 112, 128]

    Args:
      inputs: [N, H, W, C] floats, or [N, C, H, W] when `data_format` is "NCHW".
      num_outputs: how many filters: the channels of the result.
      kernel_size: height and width of the filters in pixels; one int means a square.
      stride: step between outputs in pixels of the inputs; an int or a pair.
      padding: "SAME" yields ceil(H / stride) rows, padding with zeros; "VALID" only windows that fit; or pairs of
        pixels, [(top, bottom), (left, right)].
      data_format: None or "NHWC", or "NCHW". As in TF-Slim the name of any rank will do: what counts is whether it
        begins with "NC".
      rate: distance between the taps of a filter in pixels (atrous, dilated); 1 is dense.
      activation_fn: applied last; None leaves the layer linear.
      normalizer_fn: takes the place of the biases; called with `**normalizer_params`.
      weights_initializer, biases_initializer: (key, shape, dtype) -> array; None for the biases leaves them out.
      weights_regularizer, biases_regularizer: array -> scalar loss, or None.
      reuse: True shares the variables that an earlier call made under the same `scope`.
      variables_collections: collections that list the variables: names, or a dict {"weights": names, "biases": names}.
      outputs_collections: collections that list the result, under the name of the scope.
      trainable: False keeps the variables out of the gradient.
      scope: name of the layer; by default "Conv", made unique.

    Returns:
      [N, H', W', num_outputs], or [N, num_outputs, H', W'], in the dtype of `inputs` (or that of `slim.precision`).

    Raises:
      ValueError: `inputs` is not of rank 4, a window does not fit, or both `stride` and `rate` exceed 1.
      TypeError: `inputs` are not floats.
    """
    _refuse_scope_of_convolution("conv2d")
    return _convolve("conv2d", 2, 1, *args, **kwargs)


@add_arg_scope
@operation
@_with_arguments_of(_convolve)
def convolution3d(*args: Any, **kwargs: Any) -> jax.Array:
    """Convolves volumes, or images over time, with `num_outputs` learned filters.

    As `conv2d`, over three axes; `weights` are [kd, kh, kw, C, num_outputs]. Also `slim.conv3d`.

        slim.conv3d(video, 64, [1, 7, 7], stride=[1, 2, 2])    # [N, 16, 112, 112, 3] -> [N, 16, 56, 56, 64]

    Args:
      inputs: [N, D, H, W, C] floats, or [N, C, D, H, W] when `data_format` is "NCDHW".
      others: as `conv2d`.

    Returns:
      [N, D', H', W', num_outputs], or [N, num_outputs, D', H', W'].
    """
    _refuse_scope_of_convolution("conv3d")
    return _convolve("conv3d", 3, 1, *args, **kwargs)


@add_arg_scope
@operation
def grouped_conv2d(
    inputs: jax.Array,
    num_outputs: int,
    kernel_size: int | Sequence[int],
    num_groups: int,
    stride: int | Sequence[int] = 1,
    padding: Padding = "SAME",
    data_format: str | None = None,
    rate: int | Sequence[int] = 1,
    activation_fn: Function | None = jax.nn.relu,
    normalizer_fn: Function | None = None,
    normalizer_params: Mapping[str, Any] | None = None,
    weights_initializer: Any = initializers.xavier_initializer(),
    weights_regularizer: Any = None,
    biases_initializer: Any = initializers.zeros_initializer(),
    biases_regularizer: Any = None,
    reuse: Any = None,
    variables_collections: Any = None,
    outputs_collections: NamesOfCollections = None,
    trainable: bool = True,
    scope: Scope = None,
) -> jax.Array:
    """Convolves each of several groups of channels of images with filters of its own.

    As `conv2d`, but the first num_outputs / num_groups filters see the first C / num_groups channels alone, and so on:
    `<scope>/weights` are [kh, kw, C / num_groups, num_outputs], as in TF's and PyTorch's grouped convolutions. An
    `arg_scope` on `slim.conv2d` does not reach it.

        net = slim.grouped_conv2d(net, 128, [3, 3], num_groups=32)      # [N, 56, 56, 128] -> [N, 56, 56, 128]

    From Xie et al., "Aggregated Residual Transformations for Deep Neural Networks", 2017, whose cardinality is
    `num_groups`.

    Args:
      num_groups: how many groups; must divide the channels and `num_outputs`.
      others: as `conv2d`.

    Returns:
      [N, H', W', num_outputs], or [N, num_outputs, H', W'].

    Raises:
      ValueError: as `conv2d`, or `num_groups` does not divide the channels of inputs or outputs.
      TypeError: `inputs` are not floats.
    """
    return _convolve(
        "grouped_conv2d", 2, num_groups, inputs,
        num_outputs, kernel_size, stride, padding, data_format, rate, activation_fn,
        normalizer_fn, normalizer_params, weights_initializer, weights_regularizer, biases_initializer,
        biases_regularizer, reuse, variables_collections, outputs_collections, trainable, scope,
    )  # fmt: skip


conv1d = convolution1d
conv2d = convolution2d
conv3d = convolution3d


def _refuse_scope_of_convolution(function: str) -> None:
    """TF-Slim's `conv2d` calls its `convolution`, where a scope and the call then both give an argument."""
    scoped = current_arg_scope().get(arg_scope_func_key(convolution), {})
    twice = [argument for argument in scoped if argument != "conv_dims"]
    if twice:
        raise TypeError(
            f"{function}: got multiple values for argument {twice[0]!r}: an arg_scope on slim.convolution sets it, "
            f"which does not reach {function}, as in TF-Slim. Set the defaults of slim.{function}."
        )
