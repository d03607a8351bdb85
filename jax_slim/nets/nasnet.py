"""NASNet-A: Zoph et al., "Learning Transferable Architectures for Scalable Image Recognition", 2017.

    with slim.arg_scope(nasnet.nasnet_mobile_arg_scope()):
        logits, end_points = nasnet.build_nasnet_mobile(images, num_classes=1001)        # [N, 224, 224, 3] -> [N, 1001]
        slim.losses.softmax_cross_entropy(end_points["AuxLogits"], labels, weights=0.4)  # in training
        slim.losses.softmax_cross_entropy(logits, labels)

In training, `cifar_config` and `large_imagenet_config` drop paths, the more often the longer the training is under way:
that takes the step from the program's global step, which a train op counts, or from `current_step`.
"""

from typing import Any

import jax

from jax_slim.core.arg_scope import Scope, arg_scope
from jax_slim.nets import nasnet_parts, nasnet_utils
from jax_slim.nets.nasnet_parts import Config, NetAndEndPoints
from jax_slim.nets.nasnet_utils import NasNetANormalCell, NasNetAReductionCell, calc_reduction_layers


def cifar_config() -> Config:
    """The figures of NASNet-A for CIFAR-10, 32 x 32 pixels.

    Trained with batches of 32 for 600 epochs, a learning rate of 0.025 that decays by one period of a cosine, the
    auxiliary loss times 0.4, and gradients clipped together at 5.
    """
    return Config(
        stem_multiplier=3.0,
        drop_path_keep_prob=0.6,
        num_cells=18,
        use_aux_head=1,
        num_conv_filters=32,
        dense_dropout_keep_prob=1.0,
        filter_scaling_rate=2.0,
        num_reduction_layers=2,
        data_format="NHWC",
        skip_reduction_layer_input=0,
        total_training_steps=937500,
        use_bounded_activation=False,
    )


def large_imagenet_config() -> Config:
    """The figures of NASNet-A large for ImageNet, 331 x 331 pixels.

    Trained by 100 workers with batches of 32, RMSProp, the auxiliary loss times 0.4, labels smoothed by 0.1.
    """
    return Config(
        stem_multiplier=3.0,
        dense_dropout_keep_prob=0.5,
        num_cells=18,
        filter_scaling_rate=2.0,
        num_conv_filters=168,
        drop_path_keep_prob=0.7,
        use_aux_head=1,
        num_reduction_layers=2,
        data_format="NHWC",
        skip_reduction_layer_input=1,
        total_training_steps=250000,
        use_bounded_activation=False,
    )


def mobile_imagenet_config() -> Config:
    """The figures of NASNet-A mobile for ImageNet, 224 x 224 pixels. Trained as the large one, by 50 workers."""
    return Config(
        stem_multiplier=1.0,
        dense_dropout_keep_prob=0.5,
        num_cells=12,
        filter_scaling_rate=2.0,
        drop_path_keep_prob=1.0,
        num_conv_filters=44,
        use_aux_head=1,
        num_reduction_layers=2,
        data_format="NHWC",
        skip_reduction_layer_input=0,
        total_training_steps=250000,
        use_bounded_activation=False,
    )


def nasnet_cifar_arg_scope(
    weight_decay: float = 5e-4, batch_norm_decay: float = 0.9, batch_norm_epsilon: float = 1e-5
) -> Scope:
    """The defaults NASNet-A for CIFAR-10 is trained with.

    Args:
      weight_decay: the scale of the L2 loss on weights.
      batch_norm_decay: of the moving averages of batch normalization.
      batch_norm_epsilon: what it adds to the variance.

    Returns:
      A scope for `arg_scope`.
    """
    return nasnet_parts.nasnet_arg_scope(weight_decay, batch_norm_decay, batch_norm_epsilon)


def nasnet_mobile_arg_scope(
    weight_decay: float = 4e-5, batch_norm_decay: float = 0.9997, batch_norm_epsilon: float = 1e-3
) -> Scope:
    """The defaults NASNet-A mobile is trained with. Arguments as `nasnet_cifar_arg_scope`."""
    return nasnet_parts.nasnet_arg_scope(weight_decay, batch_norm_decay, batch_norm_epsilon)


def nasnet_large_arg_scope(
    weight_decay: float = 5e-5, batch_norm_decay: float = 0.9997, batch_norm_epsilon: float = 1e-3
) -> Scope:
    """The defaults NASNet-A large is trained with. Arguments as `nasnet_cifar_arg_scope`."""
    return nasnet_parts.nasnet_arg_scope(weight_decay, batch_norm_decay, batch_norm_epsilon)


def build_nasnet_cifar(
    images: jax.Array,
    num_classes: int | None,
    is_training: bool = True,
    config: Config | None = None,
    current_step: Any = None,
) -> NetAndEndPoints:
    """NASNet-A for CIFAR-10. Arguments and results as `build_nasnet_mobile`; made for 32 x 32 pixels."""
    config = cifar_config() if config is None else config
    return _nasnet("build_nasnet_cifar", images, num_classes, is_training, None, config, current_step, "cifar")


def build_nasnet_mobile(
    images: jax.Array,
    num_classes: int | None,
    is_training: bool = True,
    final_endpoint: str | None = None,
    config: Config | None = None,
    current_step: Any = None,
    zeros_in_pools: str | None = None,
) -> NetAndEndPoints:
    """NASNet-A mobile.

    Its variables are in 'conv0', 'cell_stem_0', ..., 'final_layer' of the scope that is open.

    Args:
      images: [N, H, W, 3]; made for 224 x 224.
      num_classes: how many classes; None or 0 leaves out the last layer and returns the features before it.
      is_training: whether dropout and drop path are on, batch normalization uses the statistics of this batch, and the
        auxiliary head is there.
      final_endpoint: the output to stop at: 'Stem', 'Cell_0', ..., 'Reduction_Cell_0', ..., 'global_pool', 'Logits' or
        'Predictions'; None for the whole net.
      config: the figures; by default `mobile_imagenet_config()`. It is not changed.
      current_step: the training step that drop path depends on; None stands for the program's global step.
      zeros_in_pools: which poolings with a stride see zeros beyond the border: "averages", as in timm, "all", as in
        Keras; None for none, as in TF-Slim, where their weights come from.

    Returns:
      The logits [N, num_classes]; or features [N, C]; or the output of `final_endpoint`. And the end points 'Stem',
      'Cell_0', ..., 'AuxLogits', ..., 'global_pool', 'Logits', 'Predictions' -> outputs.

    Raises:
      ValueError: `final_endpoint` is not one of those, or the images are too small for the auxiliary head.
      TypeError: `config` is none.
    """
    config = mobile_imagenet_config() if config is None else config
    return _nasnet(
        "build_nasnet_mobile", images, num_classes, is_training, final_endpoint, config, current_step, "imagenet",
        zeros_in_pools,
    )  # fmt: skip


def build_nasnet_large(
    images: jax.Array,
    num_classes: int | None,
    is_training: bool = True,
    final_endpoint: str | None = None,
    config: Config | None = None,
    current_step: Any = None,
    zeros_in_pools: str | None = None,
) -> NetAndEndPoints:
    """NASNet-A large. Arguments and results as `build_nasnet_mobile`; made for 331 x 331 pixels."""
    config = large_imagenet_config() if config is None else config
    return _nasnet(
        "build_nasnet_large", images, num_classes, is_training, final_endpoint, config, current_step, "imagenet",
        zeros_in_pools,
    )  # fmt: skip


def _nasnet(
    function: str,
    images: jax.Array,
    num_classes: int | None,
    is_training: bool,
    final_endpoint: str | None,
    config: Config,
    current_step: Any,
    stem: str,
    zeros_in_pools: str | None = None,
) -> NetAndEndPoints:
    images, config = nasnet_parts.prepared(function, images, config, is_training)
    reductions = calc_reduction_layers(config.num_cells, config.num_reduction_layers)
    end_points, reached = nasnet_parts.noting(
        function, final_endpoint, _end_points(config.num_cells, reductions, num_classes)
    )
    stem_cells = 2 if stem == "imagenet" else 0
    for_cells = (
        config.num_conv_filters,
        config.drop_path_keep_prob,
        config.num_cells + 2 + stem_cells,
        config.total_training_steps,
        config.use_bounded_activation,
    )
    normal_cell, reduction_cell = NasNetANormalCell(*for_cells), NasNetAReductionCell(*for_cells)
    with (
        nasnet_parts.scopes(config, is_training),
        arg_scope([nasnet_utils.with_border], zeros_in_pools=zeros_in_pools),
    ):
        if stem == "imagenet":
            first = nasnet_parts.imagenet_stem(images, config, reduction_cell, current_step)
        else:
            first = [nasnet_parts.cifar_stem(images, config)]
        net, outputs = first[-1], [None, *first]
        if reached("Stem", net):
            return net, end_points
        number, scaling = stem_cells, 1.0  # `number` counts all cells
        for cell in range(config.num_cells):
            before_reduction = outputs[-2]
            if cell in reductions:
                scaling *= config.filter_scaling_rate
                reduction = reductions.index(cell)
                net = reduction_cell(net, f"reduction_cell_{reduction}", scaling, 2, outputs[-2], number, current_step)
                if reached(f"Reduction_Cell_{reduction}", net):
                    return net, end_points
                number += 1
                outputs.append(net)
            prev_layer = before_reduction if config.skip_reduction_layer_input else outputs[-2]
            net = normal_cell(net, f"cell_{cell}", scaling, 1, prev_layer, number, current_step)
            if reached(f"Cell_{cell}", net):
                return net, end_points
            number += 1
            if is_training and num_classes and config.use_aux_head and cell == nasnet_parts.aux_head_after(reductions):
                end_points["AuxLogits"] = nasnet_parts.aux_head(function, net, num_classes, config, f"aux_{cell}")
            outputs.append(net)
        return nasnet_parts.classified(net, num_classes, config, reached), end_points


def _end_points(num_cells: int, reductions: list[int], num_classes: int | None) -> list[str]:
    """Where the net can be stopped."""
    found = ["Stem"]
    for cell in range(num_cells):
        if cell in reductions:
            found.append(f"Reduction_Cell_{reductions.index(cell)}")
        found.append(f"Cell_{cell}")
    return found + (["global_pool", "Logits", "Predictions"] if num_classes else ["global_pool"])


build_nasnet_cifar.default_image_size = 32  # pyright: ignore[reportFunctionMemberAccess]
build_nasnet_mobile.default_image_size = 224  # pyright: ignore[reportFunctionMemberAccess]
build_nasnet_large.default_image_size = 331  # pyright: ignore[reportFunctionMemberAccess]
