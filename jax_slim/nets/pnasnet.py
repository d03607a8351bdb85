"""PNASNet-5: Liu et al., "Progressive Neural Architecture Search", 2017.

    with slim.arg_scope(pnasnet.pnasnet_large_arg_scope()):
        logits, end_points = pnasnet.build_pnasnet_large(images, num_classes=1001)       # [N, 331, 331, 3] -> [N, 1001]

One cell for all places: with a stride of 2 it halves the image.
"""

import jax

from jax_slim.core.arg_scope import Scope
from jax_slim.nets import nasnet_parts
from jax_slim.nets.nasnet_parts import Config, NetAndEndPoints
from jax_slim.nets.nasnet_utils import NasNetABaseCell, calc_reduction_layers


def large_imagenet_config() -> Config:
    """The figures of PNASNet-5 large for ImageNet, 331 x 331 pixels."""
    return Config(
        stem_multiplier=3.0,
        dense_dropout_keep_prob=0.5,
        num_cells=12,
        filter_scaling_rate=2.0,
        num_conv_filters=216,
        drop_path_keep_prob=0.6,
        use_aux_head=1,
        num_reduction_layers=2,
        data_format="NHWC",
        skip_reduction_layer_input=1,
        total_training_steps=250000,
        use_bounded_activation=False,
    )


def mobile_imagenet_config() -> Config:
    """The figures of PNASNet-5 mobile for ImageNet, 224 x 224 pixels."""
    return Config(
        stem_multiplier=1.0,
        dense_dropout_keep_prob=0.5,
        num_cells=9,
        filter_scaling_rate=2.0,
        num_conv_filters=54,
        drop_path_keep_prob=1.0,
        use_aux_head=1,
        num_reduction_layers=2,
        data_format="NHWC",
        skip_reduction_layer_input=1,
        total_training_steps=250000,
        use_bounded_activation=False,
    )


def pnasnet_large_arg_scope(
    weight_decay: float = 4e-5, batch_norm_decay: float = 0.9997, batch_norm_epsilon: float = 0.001
) -> Scope:
    """The defaults PNASNet-5 large is trained with.

    Args:
      weight_decay: the scale of the L2 loss on weights.
      batch_norm_decay: of the moving averages of batch normalization.
      batch_norm_epsilon: what it adds to the variance.

    Returns:
      A scope for `arg_scope`.
    """
    return nasnet_parts.nasnet_arg_scope(weight_decay, batch_norm_decay, batch_norm_epsilon)


def pnasnet_mobile_arg_scope(
    weight_decay: float = 4e-5, batch_norm_decay: float = 0.9997, batch_norm_epsilon: float = 0.001
) -> Scope:
    """The defaults PNASNet-5 mobile is trained with. Arguments as `pnasnet_large_arg_scope`."""
    return nasnet_parts.nasnet_arg_scope(weight_decay, batch_norm_decay, batch_norm_epsilon)


class PNasNetNormalCell(NasNetABaseCell):
    """The cell of PNASNet-5."""

    def __init__(
        self,
        num_conv_filters: int,
        drop_path_keep_prob: float,
        total_num_cells: int,
        total_training_steps: int,
        use_bounded_activation: bool = False,
    ) -> None:
        super().__init__(
            num_conv_filters,
            (
                *("separable_5x5_2", "max_pool_3x3"),
                *("separable_7x7_2", "max_pool_3x3"),
                *("separable_5x5_2", "separable_3x3_2"),
                *("separable_3x3_2", "max_pool_3x3"),
                *("separable_3x3_2", "none"),
            ),
            (1, 1, 0, 0, 0, 0, 0),
            (1, 1, 0, 0, 0, 0, 4, 0, 1, 0),
            drop_path_keep_prob,
            total_num_cells,
            total_training_steps,
            use_bounded_activation,
        )


def build_pnasnet_large(
    images: jax.Array,
    num_classes: int | None,
    is_training: bool = True,
    final_endpoint: str | None = None,
    config: Config | None = None,
) -> NetAndEndPoints:
    """PNASNet-5 large.

    Its variables are in 'conv0', 'cell_stem_0', ..., 'final_layer' of the scope that is open. In training paths are
    dropped, the more often the higher the program's global step.

    Args:
      images: [N, H, W, 3]; made for 331 x 331.
      num_classes: how many classes; None or 0 leaves out the last layer and returns the features before it.
      is_training: whether dropout and drop path are on, batch normalization uses the statistics of this batch, and the
        auxiliary head is there.
      final_endpoint: the output to stop at: 'Stem', 'Cell_0', ..., 'global_pool', 'Logits' or 'Predictions'; None for
        the whole net.
      config: the figures; by default `large_imagenet_config()`. It is not changed.

    Returns:
      The logits [N, num_classes]; or features [N, C]; or the output of `final_endpoint`. And the end points 'Stem',
      'Cell_0', ..., 'AuxLogits', ..., 'global_pool', 'Logits', 'Predictions' -> outputs.

    Raises:
      ValueError: `final_endpoint` is not one of those, or the images are too small for the auxiliary head.
      TypeError: `config` is none.
    """
    config = large_imagenet_config() if config is None else config
    return _pnasnet("build_pnasnet_large", images, num_classes, is_training, final_endpoint, config)


def build_pnasnet_mobile(
    images: jax.Array,
    num_classes: int | None,
    is_training: bool = True,
    final_endpoint: str | None = None,
    config: Config | None = None,
) -> NetAndEndPoints:
    """PNASNet-5 mobile. Arguments and results as `build_pnasnet_large`; made for 224 x 224 pixels."""
    config = mobile_imagenet_config() if config is None else config
    return _pnasnet("build_pnasnet_mobile", images, num_classes, is_training, final_endpoint, config)


def _pnasnet(
    function: str,
    images: jax.Array,
    num_classes: int | None,
    is_training: bool,
    final_endpoint: str | None,
    config: Config,
) -> NetAndEndPoints:
    images, config = nasnet_parts.prepared(function, images, config, is_training)
    reductions = calc_reduction_layers(config.num_cells, config.num_reduction_layers)
    known = ["Stem", *(f"Cell_{cell}" for cell in range(config.num_cells)), "global_pool"]
    end_points, reached = nasnet_parts.noting(
        function, final_endpoint, known + (["Logits", "Predictions"] if num_classes else [])
    )
    cell_of_all = PNasNetNormalCell(
        config.num_conv_filters,
        config.drop_path_keep_prob,
        config.num_cells + 2,  # and those of the stem
        config.total_training_steps,
        config.use_bounded_activation,
    )
    with nasnet_parts.scopes(config, is_training):
        outputs = nasnet_parts.imagenet_stem(images, config, cell_of_all, None)
        net, prev_layer = outputs[-1], outputs[-2]
        if reached("Stem", net):
            return net, end_points
        scaling = 1.0
        for cell in range(config.num_cells):
            halves = cell in reductions
            if halves:
                scaling *= config.filter_scaling_rate
            # Without skipping, a cell that halves sees what the cell before it saw.
            if config.skip_reduction_layer_input or not halves:
                prev_layer = outputs[-2]
            net = cell_of_all(net, f"cell_{cell}", scaling, 2 if halves else 1, prev_layer, cell + 2)
            if reached(f"Cell_{cell}", net):
                return net, end_points
            outputs.append(net)
            if is_training and num_classes and config.use_aux_head and cell == nasnet_parts.aux_head_after(reductions):
                end_points["AuxLogits"] = nasnet_parts.aux_head(function, net, num_classes, config, f"aux_{cell}")
        return nasnet_parts.classified(net, num_classes, config, reached), end_points


build_pnasnet_large.default_image_size = 331  # pyright: ignore[reportFunctionMemberAccess]
build_pnasnet_mobile.default_image_size = 224  # pyright: ignore[reportFunctionMemberAccess]
