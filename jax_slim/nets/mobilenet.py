"""What builds MobileNetV2 and MobileNetV3 out of a list of layers.

conv_defs = dict(
    defaults={(slim.batch_norm,): {"center": True, "scale": True}},        # as arg_scope does
    spec=[
        op(slim.conv2d, num_outputs=32, kernel_size=[3, 3], stride=2),
        op(conv_blocks.expanded_conv, num_outputs=24, stride=2),
    ],
)
net, end_points = mobilenet.mobilenet_base(images, conv_defs, multiplier=0.5)        # 'layer_1', 'layer_2', ...
"""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from jax_slim.core.arg_scope import Scope, add_arg_scope, arg_scope
from jax_slim.core.collections import named_collection
from jax_slim.core.scopes import VariableScope, variable_scope
from jax_slim.initializers import truncated_normal_initializer, xavier_initializer, zeros_initializer
from jax_slim.layers.batch_normalization import batch_norm
from jax_slim.layers.convolutions import conv2d
from jax_slim.layers.dense import fully_connected
from jax_slim.layers.encodings import softmax
from jax_slim.layers.separables import separable_conv2d
from jax_slim.layers.stochastic import dropout
from jax_slim.nets._heads import check_images
from jax_slim.nets.conv_blocks import expanded_conv, fixed_padding, make_divisible
from jax_slim.regularizers import l2_regularizer

NetAndEndPoints = tuple[jax.Array, dict[str, Any]]


@add_arg_scope
def depth_multiplier(
    output_params: dict[str, Any], multiplier: float, divisible_by: int = 8, min_depth: int | None = 8, **unused: Any
) -> None:
    """Makes a layer `multiplier` times as wide: changes 'num_outputs' of its arguments.

    Args:
      output_params: the layer's arguments.
      multiplier: the factor.
      divisible_by: what the number of channels is rounded to.
      min_depth: the fewest that are left.
    """
    del unused
    if "num_outputs" in output_params:
        depth = output_params["num_outputs"] * multiplier
        output_params["num_outputs"] = make_divisible(depth, divisible_by, min_depth)


class Op(NamedTuple):
    """One layer of a list: what is called with which arguments, and what makes these wider or thinner."""

    op: Callable[..., jax.Array]
    params: dict[str, Any]
    multiplier_func: Callable[..., Any]


def op(opfunc: Callable[..., jax.Array], multiplier_func: Callable[..., Any] = depth_multiplier, **params: Any) -> Op:
    """One layer of a list.

    Args:
      opfunc: the layer: `(net, **params)` -> net.
      multiplier_func: called as `(params, multiplier)` on a copy of the arguments, to change them in place.
        `multiplier_transform=` means the same.
      **params: the arguments; 'stride' among them, 1 where it is absent.
    """
    return Op(opfunc, multiplier_func=params.pop("multiplier_transform", multiplier_func), params=params)


@contextlib.contextmanager
def safe_arg_scope(funcs: Sequence[Callable[..., Any]], **kwargs: Any) -> Iterator[Any]:
    """As `arg_scope`, but arguments that are None are left to the scopes around."""
    with arg_scope(funcs, **{name: value for name, value in kwargs.items() if value is not None}) as scope:
        yield scope


@add_arg_scope
def apply_activation(
    x: jax.Array, name: str | None = None, activation_fn: Callable[..., jax.Array] | None = None
) -> jax.Array:
    """`activation_fn(x)`; `x` where there is none. An `arg_scope` may say which."""
    del name
    return activation_fn(x) if activation_fn else x


@add_arg_scope
def mobilenet_base(
    inputs: jax.Array,
    conv_defs: Mapping[str, Any],
    multiplier: float = 1.0,
    final_endpoint: str | None = None,
    output_stride: int | None = None,
    use_explicit_padding: bool = False,
    scope: str | VariableScope | None = None,
    is_training: bool | None = False,
) -> NetAndEndPoints:
    """Runs the layers of a list, without what classifies.

    Args:
      inputs: [N, H, W, C].
      conv_defs: 'spec': a list of `op`; 'defaults' and 'overrides': {(functions): {argument: value}}, entered in this
        order as scopes.
      multiplier: how many times as wide as listed the layers are.
      final_endpoint: the last layer to run, 'layer_1' to 'layer_<n>'; None runs all, and so does, as in TF-Slim, a name
        that no layer has.
      output_stride: how many times smaller than the images the last map may be; strides beyond become rates. None
        keeps them all.
      use_explicit_padding: whether to pad the same for inputs of any size.
      scope: the variable scope; by default "Mobilenet", made unique.
      is_training: of `batch_norm`; None leaves that to the scopes around.

    Returns:
      The result of the last layer, and the end points: 'layer_1', 'layer_2', ... and, for each expanded convolution,
      'layer_<i>/expansion_output', 'layer_<i>/depthwise_output' and 'layer_<i>/output'.

    Raises:
      ValueError: an argument is out of range, or the strides do not pass through `output_stride`.
    """
    layers: Sequence[Op] = conv_defs["spec"]
    names = [f"layer_{index}" for index in range(1, len(layers) + 1)]
    if not multiplier > 0:
        raise ValueError(
            f"mobilenet_base: multiplier (the nets' depth_multiplier) must be above 0, got {multiplier!r}."
        )
    if final_endpoint in names:
        layers = layers[: names.index(final_endpoint) + 1]
    _check_output_stride(layers, output_stride)
    scopes = [*conv_defs.get("defaults", {}).items(), *conv_defs.get("overrides", {}).items()]
    if use_explicit_padding:
        scopes.append(((conv2d, separable_conv2d), {"padding": "VALID"}))

    with contextlib.ExitStack() as opened:
        sc = opened.enter_context(variable_scope(scope, "Mobilenet"))
        opened.enter_context(safe_arg_scope([batch_norm], is_training=is_training))
        for functions, defaults in scopes:
            opened.enter_context(arg_scope(functions, **defaults))
        collection = sc.original_name_scope + "_end_points"
        opened.enter_context(arg_scope([expanded_conv], outputs_collections=collection))
        net, end_points, inner = inputs, {}, {}
        current_stride = rate = 1
        for name, layer in zip(names, layers, strict=False):
            params = dict(layer.params)
            layer.multiplier_func(params, multiplier)
            stride, layer_rate = params.get("stride", 1), 1
            if current_stride == output_stride:
                params["stride"], layer_rate = 1, rate
                rate *= stride
            else:
                params["stride"] = stride
                current_stride *= stride
            if layer_rate > 1 and tuple(params.get("kernel_size", ())) != (1, 1):
                params["rate"] = layer_rate
            if use_explicit_padding:
                if "kernel_size" in params:
                    net = fixed_padding(net, params["kernel_size"], layer_rate)
                else:
                    params["use_explicit_padding"] = True
            before = len(named_collection(collection))
            try:
                net = end_points[name] = layer.op(net, **params)
            except Exception as error:
                error.add_note(f"  in {name!r} of mobilenet_base")
                raise
            for item in named_collection(collection)[before:]:
                inner[f"{name}/{item.name.rsplit('/', 1)[-1]}"] = item.value
        return net, end_points | inner


@add_arg_scope
def mobilenet(
    inputs: jax.Array,
    num_classes: int | None = 1001,
    prediction_fn: Callable[..., jax.Array] | None = softmax,
    reuse: Any = None,
    scope: str = "Mobilenet",
    base_only: bool = False,
    use_reduce_mean_for_pooling: bool = False,
    **mobilenet_args: Any,
) -> NetAndEndPoints:
    """Runs the layers of a list, then classifies.

    Args:
      inputs: [N, H, W, C].
      num_classes: how many classes; None or 0 leaves out the last layer and returns the features before it.
      prediction_fn: (logits, scope) -> class probabilities; None leaves them out.
      reuse: whether to share the variables that an earlier call made under `scope`.
      scope: the variable scope.
      base_only: whether to stop before the pooling: returns the last map.
      use_reduce_mean_for_pooling: chooses TF's other operation for the same mean; changes nothing.
      **mobilenet_args: the other arguments of `mobilenet_base`: `conv_defs`, `multiplier`, `is_training`, ...

    Returns:
      The logits [N, num_classes], or [N, 1, 1, C'] features, or the last map; and the end points: those of
      `mobilenet_base`, 'global_pool', 'Logits' and 'Predictions'.

    Raises:
      ValueError: as `mobilenet_base`, or `inputs` is not of rank 4.
    """
    del use_reduce_mean_for_pooling
    check_images("mobilenet", inputs)
    is_training = mobilenet_args.get("is_training", False)
    with variable_scope(scope, "Mobilenet", reuse=reuse) as sc:
        net, end_points = mobilenet_base(inputs, scope=sc, **mobilenet_args)
        if base_only:
            return net, end_points
        with variable_scope("Logits"):
            net = end_points["global_pool"] = global_pool(net)
            if not num_classes:
                return net, end_points
            with safe_arg_scope([dropout], is_training=is_training):
                net = dropout(net, scope="Dropout")
            logits = conv2d(
                net, num_classes, [1, 1], activation_fn=None, normalizer_fn=None,
                biases_initializer=zeros_initializer(), scope="Conv2d_1c_1x1",
            )  # fmt: skip
            end_points["Logits"] = logits = jnp.squeeze(logits, (1, 2))
        if prediction_fn:
            end_points["Predictions"] = prediction_fn(logits, "Predictions")
    return logits, end_points


def global_pool(input_tensor: jax.Array, use_reduce_mean_for_pooling: bool = False) -> jax.Array:
    """The mean over the whole map: [N, H, W, C] -> [N, 1, 1, C]. The second argument changes nothing."""
    del use_reduce_mean_for_pooling
    return jnp.mean(input_tensor, axis=(1, 2), keepdims=True)


def training_scope(
    is_training: bool | None = True,
    weight_decay: float = 0.00004,
    stddev: float = 0.09,
    dropout_keep_prob: float | None = 0.8,
    bn_decay: float | None = 0.997,
) -> Scope:
    """The defaults the MobileNets are trained with.

    Args:
      is_training: whether `batch_norm` uses the batch's moments and dropout is on; None leaves both to the scopes
        around.
      weight_decay: the scale of the L2 loss on the weights of convolutions, but for depthwise ones.
      stddev: of the initial weights; below 0 means the initializer of Glorot and Bengio.
      dropout_keep_prob: the probability with which dropout keeps a unit.
      bn_decay: how much of the moving averages stays in each update.

    Returns:
      A scope for `arg_scope`.
    """
    initializer = xavier_initializer() if stddev < 0 else truncated_normal_initializer(stddev=stddev)
    with (
        arg_scope(
            [conv2d, fully_connected, separable_conv2d], weights_initializer=initializer, normalizer_fn=batch_norm
        ),
        arg_scope([mobilenet_base, mobilenet], is_training=is_training),
        safe_arg_scope([batch_norm], decay=bn_decay, is_training=is_training),
        safe_arg_scope([dropout], is_training=is_training, keep_prob=dropout_keep_prob),
        arg_scope([conv2d], weights_regularizer=l2_regularizer(weight_decay)),
        arg_scope([separable_conv2d], weights_regularizer=None) as scope,
    ):
        return scope


def refuse_multiplier(function: str, kwargs: Mapping[str, Any]) -> None:
    """Refuses `multiplier` among the other arguments of a net, which calls it `depth_multiplier`."""
    if "multiplier" in kwargs:
        raise ValueError(f"{function}: multiplier must be given as depth_multiplier, got {kwargs['multiplier']!r}.")


def _check_output_stride(layers: Sequence[Op], output_stride: int | None) -> None:
    """Refuses a stride that the layers' leave out; one beyond all of theirs only changes nothing."""
    if output_stride is None:
        return
    passed = [1]
    for layer in layers:
        passed.append(passed[-1] * layer.params.get("stride", 1))
    beyond = output_stride > passed[-1] and output_stride % 2 == 0
    if output_stride not in passed and not beyond:
        possible = ", ".join(map(str, dict.fromkeys(passed)))
        raise ValueError(f"mobilenet_base: output_stride must be None or one of {possible}, got {output_stride!r}.")
