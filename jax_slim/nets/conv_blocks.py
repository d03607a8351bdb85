"""The blocks that the MobileNets are made of: expanded and separable convolutions, squeeze and excitation.

After Howard et al., "MobileNets", 2017; Sandler et al., "MobileNetV2: Inverted Residuals and Linear Bottlenecks", 2018;
Howard et al., "Searching for MobileNetV3", 2019.
"""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp

from jax_slim.core.arg_scope import add_arg_scope, arg_scope
from jax_slim.core.collections import NamesOfCollections, collect_named_outputs
from jax_slim.core.names import join
from jax_slim.core.scopes import get_variable_scope, variable_scope
from jax_slim.layers.convolutions import conv2d
from jax_slim.layers.pooling import avg_pool2d
from jax_slim.layers.separables import separable_conv2d

Function = Callable[..., jax.Array]


def make_divisible(value: float, divisor: int, min_value: int | None = None) -> int:
    """`value` rounded to a multiple of `divisor`: never below `min_value` (None: `divisor`) nor by more than 10 %."""
    least = divisor if min_value is None else min_value
    rounded = max(least, int(value + divisor / 2) // divisor * divisor)
    return int(rounded + divisor if rounded < 0.9 * value else rounded)


def fixed_padding(inputs: jax.Array, kernel_size: Sequence[int], rate: int = 1) -> jax.Array:
    """Pads images [N, H, W, C] by what the kernel needs, the same for any size (padding "SAME" depends on it)."""
    around = [(size - 1) * rate for size in kernel_size]
    pads = [(both // 2, both - both // 2) for both in around]
    return jnp.pad(inputs, [(0, 0), *pads, (0, 0)])


def expand_input_by_factor(n: float, divisible_by: int = 8) -> Callable[..., int]:
    """An `expansion_size` for `expanded_conv`: `n` times as many channels as the inputs have.

    Args:
      n: the factor.
      divisible_by: what the number of channels is rounded to.
    """
    return lambda num_inputs, **_: make_divisible(num_inputs * n, divisible_by)


@add_arg_scope
def split_separable_conv2d(
    input_tensor: jax.Array,
    num_outputs: int,
    scope: str | None = None,
    normalizer_fn: Function | None = None,
    stride: int = 1,
    rate: int = 1,
    endpoints: dict[str, Any] | None = None,
    use_explicit_padding: bool = False,
) -> jax.Array:
    """The block of the first MobileNet: a 3 x 3 depthwise and a 1 x 1 convolution, each normalized and activated.

    (`slim.separable_conv2d` does neither in between.)

    Args:
      input_tensor: [N, H, W, C].
      num_outputs: the channels of the result.
      scope: the layers are called '<scope>_depthwise' and '<scope>_pointwise'; without it 'separable/depthwise' and
        'separable/pointwise', with 'separable' made unique.
      normalizer_fn: what takes the place of the biases.
      stride: of the depthwise convolution.
      rate: distance between its taps.
      endpoints: a dict that gets the results of both, by the names of their layers.
      use_explicit_padding: whether to pad the same for inputs of any size.

    Returns:
      [N, H', W', num_outputs].
    """
    if scope is None:
        with variable_scope(None, "separable"):
            return _split_separable(
                input_tensor, num_outputs, "", normalizer_fn, stride, rate, endpoints, use_explicit_padding
            )
    return _split_separable(
        input_tensor, num_outputs, scope + "_", normalizer_fn, stride, rate, endpoints, use_explicit_padding
    )


def _split_separable(
    net: jax.Array,
    num_outputs: int,
    prefix: str,
    normalizer_fn: Function | None,
    stride: int,
    rate: int,
    endpoints: dict[str, Any] | None,
    use_explicit_padding: bool,
) -> jax.Array:
    endpoints = {} if endpoints is None else endpoints
    if use_explicit_padding:
        net = fixed_padding(net, [3, 3], rate)
    net = separable_conv2d(
        net, None, [3, 3], depth_multiplier=1, stride=stride, rate=rate, normalizer_fn=normalizer_fn,
        padding="VALID" if use_explicit_padding else "SAME", scope=prefix + "depthwise",
    )  # fmt: skip
    endpoints[prefix + "depthwise"] = net
    net = conv2d(net, num_outputs, [1, 1], stride=1, normalizer_fn=normalizer_fn, scope=prefix + "pointwise")
    endpoints[prefix + "pointwise"] = net
    return net


def split_conv(
    input_tensor: jax.Array,
    num_outputs: int,
    num_ways: int,
    scope: str,
    divisible_by: int = 8,
    outputs_collections: NamesOfCollections = None,
    **kwargs: Any,
) -> jax.Array:
    """A 1 x 1 convolution in `num_ways` parts, each from its own part of the channels to its own part of the result.

    Args:
      input_tensor: [N, H, W, C].
      num_outputs: the channels of the result.
      num_ways: how many parts. Where they would have fewer than `divisible_by` channels, there is one.
      scope: the layer's name; parts are called '<scope>_part_0', '<scope>_part_1', ...
      divisible_by: what parts have a multiple of.
      outputs_collections: collections that list the parts of the result, as '<scope>_part_0_output', ...
      **kwargs: other arguments of `conv2d`.

    Returns:
      [N, H, W, num_outputs].

    Raises:
      ValueError: the channels cannot be split so.
    """
    channels = input_tensor.shape[-1]
    if num_ways == 1 or min(channels // num_ways, num_outputs // num_ways) < divisible_by:
        return conv2d(input_tensor, num_outputs, [1, 1], scope=scope, **kwargs)
    parts, start = [], 0
    of_inputs = _shares("channels of input_tensor", channels, num_ways, divisible_by)
    of_outputs = _shares("num_outputs", num_outputs, num_ways, divisible_by)
    for index, (size, outputs) in enumerate(zip(of_inputs, of_outputs, strict=True)):
        part = input_tensor[..., start : start + size]
        name = f"{scope}_part_{index}"
        part = conv2d(part, outputs, [1, 1], scope=name, **kwargs)
        alias = join(get_variable_scope().name, f"{name}_output")
        parts.append(collect_named_outputs(outputs_collections, alias, part))
        start += size
    return jnp.concatenate(parts, -1)


def _shares(what: str, count: int, ways: int, divisible_by: int) -> list[int]:
    """`count` as a sum of `ways` multiples of `divisible_by`, as equal as they can be."""
    if count % divisible_by:
        raise ValueError(f"split_conv: {what} must be a multiple of divisible_by={divisible_by}, got {count}.")
    least = count // ways // divisible_by * divisible_by
    shares: list[int] = []
    for index in range(ways):
        share = least
        while sum(shares) + share < count * (index + 1) / ways:
            share += divisible_by
        shares.append(share)
    return shares


@add_arg_scope
def expanded_conv(
    input_tensor: jax.Array,
    num_outputs: int,
    expansion_size: int | Callable[..., int] = expand_input_by_factor(6),
    stride: int = 1,
    rate: int = 1,
    kernel_size: Sequence[int] = (3, 3),
    residual: bool | Function = True,
    normalizer_fn: Function | None = None,
    split_projection: int = 1,
    split_expansion: int = 1,
    split_divisible_by: int = 8,
    expansion_transform: Function | None = None,
    depthwise_location: str | None = "expansion",
    depthwise_channel_multiplier: int = 1,
    endpoints: dict[str, Any] | None = None,
    use_explicit_padding: bool = False,
    padding: str = "SAME",
    inner_activation_fn: Function | None = None,
    depthwise_activation_fn: Function | None = None,
    project_activation_fn: Function | None = None,
    depthwise_fn: Function = separable_conv2d,
    expansion_fn: Function = split_conv,
    projection_fn: Function = split_conv,
    scope: str | None = None,
    outputs_collections: NamesOfCollections = None,
) -> jax.Array:
    """The inverted bottleneck: expands the channels, convolves each on its own, projects them back to few.

        net = conv_blocks.expanded_conv(net, 24, stride=2)      # [N, 56, 56, 16] -> 96 channels -> [N, 28, 28, 24]

    Args:
      input_tensor: [N, H, W, C].
      num_outputs: the channels of the result.
      expansion_size: the channels within: a number, or `num_inputs=C` -> a number, such as `expand_input_by_factor`
        makes. Where they are no more than C, nothing is expanded.
      stride, rate, kernel_size: of the depthwise convolution.
      residual: whether to add the inputs, where they have the shape of the result and the stride is 1; or a function
        `(input_tensor=, output_tensor=)` -> the result.
      normalizer_fn: takes the place of biases in all convolutions.
      split_projection, split_expansion: into how many parts the 1 x 1 convolutions are split; see `split_conv`.
      split_divisible_by: what such parts have a multiple of.
      expansion_transform: called as `(expansion_tensor=, input_tensor=)` before the projection, such as
        `squeeze_excite`.
      depthwise_location: where the depthwise convolution is: before the 'expansion' ('input'), after it
        ('expansion'), after the projection ('output'), or nowhere (None).
      depthwise_channel_multiplier: how many filters each channel has.
      endpoints: a dict that gets 'expansion_output', 'depthwise_output' and 'projection_output'.
      use_explicit_padding: whether to pad the same for inputs of any size.
      padding: of the depthwise convolution.
      inner_activation_fn: of expansion and depthwise convolution; None leaves that to the scopes around.
      depthwise_activation_fn: of the depthwise convolution, instead of `inner_activation_fn`.
      project_activation_fn: of the projection; None leaves it linear.
      depthwise_fn, expansion_fn, projection_fn: the layers; called as `separable_conv2d` and `split_conv`.
      scope: the variable scope; by default "expanded_conv", made unique.
      outputs_collections: collections that list '<scope>/expansion_output', '<scope>/depthwise_output' and
        '<scope>/output'.

    Returns:
      [N, ceil(H / stride), ceil(W / stride), num_outputs] with padding "SAME".

    Raises:
      TypeError: `depthwise_location` is none of these, or `use_explicit_padding` comes with a padding other than
        "SAME".
    """
    if depthwise_location not in (None, "input", "output", "expansion"):
        raise TypeError(
            "expanded_conv: depthwise_location must be None, 'input', 'output' or 'expansion', "
            f"got {depthwise_location!r}."
        )
    if use_explicit_padding and padding != "SAME":
        raise TypeError(f"expanded_conv: padding must be 'SAME' with use_explicit_padding, got {padding!r}.")
    expand, project = {"scope": "expand"}, {"scope": "project"}
    ways: dict[str, Any] = {"divisible_by": split_divisible_by, "stride": 1, "outputs_collections": outputs_collections}
    if expansion_fn is split_conv:
        expand |= {"num_ways": split_expansion, **ways}
    if projection_fn is split_conv:
        project |= {"num_ways": split_projection, **ways}
    of_depthwise = depthwise_activation_fn or inner_activation_fn

    with (
        variable_scope(scope, "expanded_conv") as sc,
        arg_scope([conv2d], **({"activation_fn": inner_activation_fn} if inner_activation_fn else {})),
        arg_scope([separable_conv2d], **({"activation_fn": of_depthwise} if of_depthwise else {})),
    ):

        def listed(name: str, value: jax.Array) -> jax.Array:
            if endpoints is not None and name != "output":
                endpoints[name] = value
            return collect_named_outputs(outputs_collections, f"{sc.name}/{name}", value)

        def depthwise(net: jax.Array, **activation: Any) -> jax.Array:
            if use_explicit_padding:
                net = fixed_padding(net, kernel_size, rate)
            net = depthwise_fn(
                net, num_outputs=None, kernel_size=kernel_size, depth_multiplier=depthwise_channel_multiplier,
                stride=stride, rate=rate, normalizer_fn=normalizer_fn,
                padding="VALID" if use_explicit_padding else padding, scope="depthwise", **activation,
            )  # fmt: skip
            return listed("depthwise_output", net)

        net = input_tensor
        if depthwise_location == "input":
            net = depthwise(net, activation_fn=None)
        size = expansion_size(num_inputs=input_tensor.shape[-1]) if callable(expansion_size) else expansion_size
        if size > net.shape[-1]:
            net = listed("expansion_output", expansion_fn(net, size, normalizer_fn=normalizer_fn, **expand))
        if depthwise_location == "expansion":
            net = depthwise(net)
        if expansion_transform:
            net = expansion_transform(expansion_tensor=net, input_tensor=input_tensor)
        net = projection_fn(
            net, num_outputs, normalizer_fn=normalizer_fn, activation_fn=project_activation_fn, **project
        )
        if endpoints is not None:
            endpoints["projection_output"] = net
        if depthwise_location == "output":
            net = depthwise(net, activation_fn=None)

        if callable(residual):
            net = residual(input_tensor=input_tensor, output_tensor=net)
        elif residual and stride == 1 and net.shape[-1] == input_tensor.shape[-1]:
            net = net + input_tensor
        return listed("output", net)


@add_arg_scope
def squeeze_excite(
    input_tensor: jax.Array,
    divisible_by: int = 8,
    squeeze_factor: float = 3,
    inner_activation_fn: Function | None = jax.nn.relu,
    gating_fn: Function | None = jax.nn.sigmoid,
    squeeze_input_tensor: jax.Array | None = None,
    pool: int | Sequence[int] | None = None,
) -> jax.Array:
    """Scales each channel by what a small net makes of the means of all channels.

    Creates 'squeeze_excite/Conv' and 'squeeze_excite/Conv_1'. After Hu et al., "Squeeze-and-Excitation Networks", 2017.

    Args:
      input_tensor: [N, H, W, C].
      divisible_by: what the channels in the middle are rounded to.
      squeeze_factor: how many times fewer they are than C.
      inner_activation_fn: of the first convolution.
      gating_fn: of the second: what turns its results into factors.
      squeeze_input_tensor: [N, H, W, C'], what the means are taken of; None: `input_tensor`.
      pool: height and width of the windows whose means are taken, in steps of 1 (of 2 from a height of 24 on); the
        factors are then interpolated between windows. None: the whole map.

    Returns:
      [N, H, W, C].
    """
    with variable_scope("squeeze_excite"):
        source = input_tensor if squeeze_input_tensor is None else squeeze_input_tensor
        if pool is None:
            pooled = jnp.mean(source, axis=(1, 2), keepdims=True)
        else:
            height, width = (pool, pool) if isinstance(pool, int) else pool
            pooled = avg_pool2d(source, [height, width], stride=2 if height >= 24 else 1, padding="VALID")
        inner = make_divisible(source.shape[-1] / squeeze_factor, divisible_by)
        squeezed = conv2d(pooled, inner, [1, 1], normalizer_fn=None, activation_fn=inner_activation_fn)
        factors = conv2d(squeezed, input_tensor.shape[-1], [1, 1], normalizer_fn=None, activation_fn=gating_fn)
        if pool is not None:
            factors = _stretched(_stretched(factors, 1, input_tensor.shape[1]), 2, input_tensor.shape[2])
        return input_tensor * factors


def _stretched(values: jax.Array, axis: int, size: int) -> jax.Array:
    """`values` interpolated along one axis to `size` of them, the first and the last as they were."""
    count = values.shape[axis]
    places = jnp.arange(size) * ((count - 1) / max(size - 1, 1))
    weights = jnp.maximum(0, 1 - jnp.abs(places[:, None] - jnp.arange(count))).astype(values.dtype)
    return jnp.moveaxis(jnp.tensordot(values, weights, ((axis,), (1,))), -1, axis)
