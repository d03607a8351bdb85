"""I3D, a net for videos: Carreira and Zisserman, "Quo Vadis, Action Recognition?", 2017.

    with slim.arg_scope(i3d.i3d_arg_scope()):
        logits, end_points = i3d.i3d(videos, num_classes=400)        # [N, 64, 224, 224, 3] -> [N, 400]

Inception v1 with kernels over several frames. Its names are Inception v1's, so that its checkpoints fit.
"""

from collections.abc import Callable
from typing import Any

import jax

from jax_slim.core.arg_scope import Scope, arg_scope
from jax_slim.core.scopes import VariableScope, variable_scope
from jax_slim.layers.batch_normalization import batch_norm
from jax_slim.layers.encodings import softmax
from jax_slim.layers.stochastic import dropout
from jax_slim.nets.s3dg import NetAndEndPoints, classified, s3dg_base, video_arg_scope


def i3d_arg_scope(
    weight_decay: float = 1e-7,
    batch_norm_decay: float = 0.999,
    batch_norm_epsilon: float = 0.001,
    use_renorm: bool = False,
    separable_conv3d: bool = False,
) -> Scope:
    """The defaults I3D is trained with: batch normalization, ReLU, L2 loss on weights.

    Args:
      weight_decay: the scale of the L2 loss on weights.
      batch_norm_decay: of the moving averages of batch normalization.
      batch_norm_epsilon: what it adds to the variance.
      use_renorm: whether to use Batch Renormalization.
      separable_conv3d: whether to split convolutions over several frames into one over space and one over time.

    Returns:
      A scope for `arg_scope`.
    """
    return video_arg_scope(
        weight_decay,
        {"decay": batch_norm_decay, "epsilon": batch_norm_epsilon, "renorm": use_renorm},
        separable_conv3d,
    )


def i3d_base(
    inputs: jax.Array, final_endpoint: str = "Mixed_5c", scope: str | VariableScope = "InceptionV1"
) -> NetAndEndPoints:
    """The layers of I3D before the classifier.

    Args:
      inputs: [N, T, H, W, C].
      final_endpoint: the layer to stop after; see `s3dg_base`.
      scope: the variable scope.

    Returns:
      The output of `final_endpoint`, and every layer's output by its name up to there.

    Raises:
      ValueError: `final_endpoint` is not one of those listed, or `inputs` are not of rank 5.
    """
    return s3dg_base(
        inputs, first_temporal_kernel_size=7, gating_startat=None, final_endpoint=final_endpoint, scope=scope
    )


def i3d(
    inputs: jax.Array,
    num_classes: int | None = 1000,
    dropout_keep_prob: float = 0.8,
    is_training: bool = True,
    prediction_fn: Callable[..., jax.Array] = softmax,
    spatial_squeeze: bool = True,
    reuse: Any = None,
    scope: str = "InceptionV1",
) -> NetAndEndPoints:
    """Classifies videos.

    Args:
      inputs: [N, T, H, W, C]; made for 64 frames of 224 x 224.
      num_classes: how many classes; None or 0 leaves out the last layer and returns the features before it.
      dropout_keep_prob: the probability with which dropout keeps a unit.
      is_training: whether dropout is on and batch normalization uses the statistics of this batch.
      prediction_fn: logits -> class probabilities.
      spatial_squeeze: whether to drop the two spatial axes, of size 1, from the logits.
      reuse: whether to share the variables that an earlier call made under `scope`.
      scope: the variable scope.

    Returns:
      The logits [N, num_classes], averaged over time; [N, H', W', num_classes] without `spatial_squeeze`; or features
      [N, T', H', W', 1024]. And every layer's output by its name; 'Logits' and 'Predictions' among them.

    Raises:
      ValueError: `inputs` are not of rank 5; or `spatial_squeeze` and the logits are a map of more than one pixel.
    """
    with (
        variable_scope(scope, "InceptionV1", [inputs], reuse=reuse) as sc,
        arg_scope([batch_norm, dropout], is_training=is_training),
    ):
        net, end_points = i3d_base(inputs, scope=sc)
        return classified(
            "i3d", net, end_points, num_classes, dropout_keep_prob, prediction_fn, spatial_squeeze, inputs.shape
        )


i3d.default_image_size = 224  # pyright: ignore[reportFunctionMemberAccess]
