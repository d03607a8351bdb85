"""`nasnet` and `pnasnet` where TensorFlow's goldens say nothing: configs, refusals, drop path, layouts, bounds."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import golden
import jax_slim as slim
from jax_slim.nets import nasnet, nasnet_parts, nasnet_utils, pnasnet

KEY = jax.random.key(0)
BUILDERS = {
    "nasnet_cifar": (nasnet.build_nasnet_cifar, nasnet.nasnet_cifar_arg_scope, nasnet.cifar_config),
    "nasnet_mobile": (nasnet.build_nasnet_mobile, nasnet.nasnet_mobile_arg_scope, nasnet.mobile_imagenet_config),
    "nasnet_large": (nasnet.build_nasnet_large, nasnet.nasnet_large_arg_scope, nasnet.large_imagenet_config),
    "pnasnet_mobile": (pnasnet.build_pnasnet_mobile, pnasnet.pnasnet_mobile_arg_scope, pnasnet.mobile_imagenet_config),
    "pnasnet_large": (pnasnet.build_pnasnet_large, pnasnet.pnasnet_large_arg_scope, pnasnet.large_imagenet_config),
}


def zeros(*shape):
    return jax.ShapeDtypeStruct(shape, jnp.float32)


def changed(config, **changes):
    for name, value in changes.items():
        config.set_hparam(name, value)
    return config


def traced(name, shape, num_classes=10, changes=None, **kwargs):
    """The result's shape, the end points' by name, and the variables' specs by name."""
    build, scope, config = BUILDERS[name]
    seen = {}

    def program(images):
        with slim.arg_scope(scope()):
            result, end_points = build(images, num_classes, config=changed(config(), **(changes or {})), **kwargs)
        seen.update(result=result.shape, end_points={name: value.shape for name, value in end_points.items()})
        return result

    specs = slim.Model(program).specs(zeros(*shape))
    return seen["result"], seen["end_points"], specs


SMALL = {"num_cells": 3, "num_conv_filters": 8}
TINY = {"num_cells": 2, "num_conv_filters": 8, "num_reduction_layers": 1}


@pytest.mark.parametrize(
    ("name", "parameters"), [("nasnet_large", 88_753_150), ("pnasnet_mobile", 5_093_000), ("nasnet_mobile", 5_289_978)]
)
def test_as_many_parameters_as_published(name, parameters):
    """NASNet-A large 88.9 M and mobile 5.3 M, PNASNet-5 mobile 5.1 M in their papers."""
    size = BUILDERS[name][0].default_image_size
    result, end_points, specs = traced(name, (1, size, size, 3), 1001, is_training=False)
    found = sum(int(np.prod(spec.shape)) for spec in specs.values() if spec.trainable)
    assert result == end_points["Predictions"] == (1, 1001)
    assert abs(found / parameters - 1) < 0.01, found


@pytest.mark.parametrize("name", ["nasnet_mobile", "pnasnet_large"])
def test_stops_at_every_end_point_and_refuses_others_with_the_known_ones(name):
    _, end_points, _ = traced(name, (1, 64, 64, 3), changes=TINY, is_training=False)
    for final_endpoint, shape in end_points.items():
        result, until, _ = traced(name, (1, 64, 64, 3), changes=TINY, is_training=False, final_endpoint=final_endpoint)
        assert result == shape and list(until)[-1] == final_endpoint
    with pytest.raises(ValueError, match=rf"build_{name}: final_endpoint must be one of 'Stem', .*, got 'Cell_3'"):
        traced(name, (1, 64, 64, 3), changes=TINY, final_endpoint="Cell_3")
    with pytest.raises(ValueError, match=r"final_endpoint must be one of .*'global_pool', got 'Logits'"):
        traced(name, (1, 64, 64, 3), num_classes=None, changes=TINY, final_endpoint="Logits")


@pytest.mark.parametrize("name", ["nasnet_cifar", "pnasnet_mobile"])
@pytest.mark.parametrize("num_classes", [None, 0])
def test_without_classes_come_features_and_no_second_head(name, num_classes):
    result, end_points, specs = traced(name, (2, 32, 32, 3), num_classes, SMALL, is_training=True)
    assert list(end_points)[-1] == "global_pool" and result == end_points["global_pool"]
    assert not [variable for variable in specs if "aux" in variable or "final_layer" in variable]


@pytest.mark.parametrize("name", ["nasnet_mobile", "pnasnet_mobile"])
def test_the_second_head_is_there_in_training_where_it_is_asked_for(name):
    _, end_points, specs = traced(name, (1, 160, 160, 3), changes=SMALL, is_training=True)
    assert end_points["AuxLogits"] == (1, 10)
    assert "aux_1/aux_logits/FC/weights" in specs
    _, end_points, _ = traced(name, (1, 64, 64, 3), changes=SMALL | {"use_aux_head": 0}, is_training=True)
    assert "AuxLogits" not in end_points
    # With one halving there is no second one to be in front of.
    _, end_points, _ = traced(name, (1, 64, 64, 3), changes=TINY, is_training=True)
    assert "AuxLogits" not in end_points


def test_refuses_images_that_are_too_small_for_the_second_head():
    message = r"build_nasnet_mobile: images must leave the auxiliary head a map of 5 x 5 .*, got one of 4 x 4"
    with pytest.raises(ValueError, match=message):
        traced("nasnet_mobile", (1, 64, 64, 3), changes=SMALL)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("num_cells", 0, "num_cells must be an integer of 1 or more, got 0"),
        ("num_cells", 2.0, "num_cells must be an integer of 1 or more, got 2.0"),
        ("num_cells", True, "num_cells must be an integer of 1 or more, got True"),
        ("drop_path_keep_prob", 0, "drop_path_keep_prob must be a probability above 0 and at most 1, got 0"),
        ("dense_dropout_keep_prob", 1.5, "dense_dropout_keep_prob must be a probability .*, got 1.5"),
        ("filter_scaling_rate", "2", "filter_scaling_rate must be a number greater than 0, got '2'"),
        ("data_format", "NHCW", "data_format must be 'NHWC' or 'NCHW', got 'NHCW'"),
        ("use_aux_head", 2, "use_aux_head must be 0 or 1, got 2"),
        ("use_bounded_activation", 1, "use_bounded_activation must be a bool, got 1"),
        ("total_training_steps", 0, "total_training_steps must be an integer of 1 or more, got 0"),
    ],
)
def test_figures_are_checked_when_they_are_set(name, value, message):
    config = nasnet.cifar_config()
    before = config.values()
    for setter in (config.set_hparam, config.__setattr__):
        with pytest.raises(ValueError, match="Config: " + message):
            setter(name, value)
    assert config.values() == before


def test_unknown_figures_are_refused_with_near_ones_and_configs_are_not_changed():
    config = nasnet.cifar_config()
    with pytest.raises(AttributeError, match=r"Config: has no 'num_cell'\..*num_cells"):
        config.set_hparam("num_cell", 3)
    with pytest.raises(TypeError, match=r"build_nasnet_cifar: config must be one of the configs, .*got \{\}"):
        slim.Model(lambda images: nasnet.build_nasnet_cifar(images, 10, config={})).specs(zeros(1, 32, 32, 3))
    config = changed(config, **SMALL)
    before = config.values()
    slim.Model(lambda images: nasnet.build_nasnet_cifar(images, 10, False, config)).specs(zeros(1, 32, 32, 3))
    assert config.values() == before and before["drop_path_keep_prob"] == 0.6


def test_too_few_filters_are_named():
    with pytest.raises(
        ValueError, match=r"num_conv_filters=3 leaves 0 channels after scaling by 0\.25 in 'cell_stem_0"
    ):
        traced("nasnet_mobile", (1, 64, 64, 3), changes=SMALL | {"num_conv_filters": 3})


def test_reductions_are_at_equal_distances():
    assert nasnet_utils.calc_reduction_layers(18, 2) == [6, 12]
    assert nasnet_utils.calc_reduction_layers(12, 2) == [4, 8]
    assert nasnet_utils.calc_reduction_layers(10, 3) == [2, 5, 7]
    assert nasnet_utils.calc_reduction_layers(5, 0) == []


def test_drop_path_keeps_the_mean_and_drops_whole_examples():
    net = np.ones((4000, 2, 2, 3), np.float32)
    model = slim.Model(lambda net, keep_prob: nasnet_utils.drop_path(net, keep_prob))
    for keep_prob in (0.8, jnp.float32(0.8)):
        found = np.asarray(jax.jit(model.apply)({}, net, keep_prob, rng=KEY))
        assert set(np.unique(found)) == {np.float32(0), np.float32(1) / np.float32(0.8)}
        assert (found == found[:, :1, :1, :1]).all()
        assert abs(found.mean() - 1) < 5 * np.sqrt(0.25 / 4000)
    other = model.apply({}, net, 0.8, rng=jax.random.key(1))
    assert (np.asarray(other) != found).any()


def test_drop_path_is_off_at_evaluation_and_needs_no_key_then():
    net = np.ones((2, 1, 1, 1), np.float32)
    for keep_prob, is_training in ((0.5, False), (1.0, True)):
        model = slim.Model(lambda net, p=keep_prob, on=is_training: nasnet_utils.drop_path(net, p, is_training=on))
        np.testing.assert_array_equal(model.apply({}, net), net)
    for keep_prob in (0.0, 1.5):
        with pytest.raises(ValueError, match="drop_path: keep_prob must be above 0 and at most 1"):
            slim.Model(lambda net, p=keep_prob: nasnet_utils.drop_path(net, p)).apply({}, net, rng=KEY)


@pytest.mark.parametrize(
    ("cell_num", "step", "expected"),
    [(9, 0, 1.0), (9, 500, 0.8), (9, 1000, 0.6), (9, 5000, 0.6), (4, 1000, 0.8), (0, 500, 0.98)],
)
def test_later_cells_and_later_steps_drop_more_paths(cell_num, step, expected):
    cell = nasnet_utils.NasNetANormalCell(4, drop_path_keep_prob=0.6, total_num_cells=10, total_training_steps=1000)
    assert float(cell.path_keep_prob(cell_num, step)) == pytest.approx(expected)
    assert float(jax.jit(cell.path_keep_prob, static_argnums=0)(cell_num, step)) == pytest.approx(expected)


def small_cifar(images, current_step=None, is_training=True):
    config = changed(nasnet.cifar_config(), num_cells=1, num_conv_filters=2, num_reduction_layers=0)
    config.total_training_steps = 2
    config.drop_path_keep_prob = 0.1
    # Without batch statistics: with them, the examples would not be independent.
    with slim.arg_scope(nasnet.nasnet_cifar_arg_scope()):
        return nasnet.build_nasnet_cifar(images, 3, is_training, config, current_step)[0]


def test_a_net_drops_no_paths_at_first_and_many_in_the_end():
    images = np.random.default_rng(0).normal(size=(4, 4, 4, 3)).astype(np.float32)
    model = slim.Model(small_cifar)
    specs = model.specs(images)
    assert [name for name in specs if "step" in name] == ["cell_0/comb_iter_0/left/global_step"]
    values = {
        name: golden.det_value(name, spec.shape) if spec.dtype == jnp.float32 else jnp.zeros(spec.shape, spec.dtype)
        for name, spec in specs.items()
    }

    @jax.jit
    def run(step, key):
        return model.collect(values, images, step, rng=key)[0]

    first, again = run(0, KEY), run(0, jax.random.key(1))
    np.testing.assert_array_equal(first, again)
    assert np.abs(run(2, KEY) - run(2, jax.random.key(1))).max() > 1e-3
    in_use = slim.Model(lambda images: small_cifar(images, is_training=False))
    assert not [name for name in in_use.specs(images) if "step" in name]


def test_a_train_op_counts_the_step_that_drop_path_looks_at():
    def loss(batch):
        slim.losses.sparse_softmax_cross_entropy(small_cifar(batch), jnp.zeros(4, int))
        return slim.losses.get_total_loss()

    train_op = slim.learning.create_train_op(loss, optax.sgd(0.1))
    assert [name for name in train_op.specs(zeros(4, 4, 4, 3)) if "step" in name] == ["global_step"]


def test_channels_first_gives_the_same_shapes_turned():
    for name in ("nasnet_cifar", "pnasnet_mobile"):
        shape = (2, 64, 96, 3)
        result, last, specs = traced(name, shape, changes=TINY)
        turned, first, of_first = traced(name, shape, changes=TINY | {"data_format": "NCHW"})
        assert turned == result and list(first) == list(last)
        for end_point, (n, *rest) in last.items():
            assert first[end_point] == ((n, rest[2], *rest[:2]) if len(rest) == 3 else (n, *rest)), end_point
        assert {k: v.shape for k, v in of_first.items()} == {k: v.shape for k, v in specs.items()}


def test_images_need_not_be_squares():
    _, end_points, _ = traced("nasnet_mobile", (1, 65, 96, 3), changes=SMALL, is_training=False)
    assert end_points["Cell_2"] == (1, 2, 3, 192)


@pytest.mark.parametrize(("name", "cells"), [("nasnet_cifar", 3), ("pnasnet_mobile", 6)])
def test_without_skipping_and_with_skipping_cells_see_other_inputs(name, cells):
    shapes = []
    for skip in (0, 1):
        changes = SMALL | {"num_cells": cells, "skip_reduction_layer_input": skip}
        _, _, specs = traced(name, (1, 32, 32, 3), changes=changes, is_training=False)
        shapes.append({variable: spec.shape for variable, spec in specs.items()})
    assert shapes[0] != shapes[1]


def test_what_a_cell_cannot_bring_to_one_size_is_refused():
    """Without skipping, PNASNet's second reduction in a row would look at what is four times as large."""
    message = r"PNasNetNormalCell: prev_layer must be as large as net or twice as large, got \(8, 8\) for \(2, 2\)"
    with pytest.raises(ValueError, match=message):
        traced("pnasnet_mobile", (1, 32, 32, 3), changes=SMALL | {"skip_reduction_layer_input": 0}, is_training=False)


def test_bounded_activations_stay_within_6():
    """What a convolution gives is cut off, and every new state is between 0 and 6."""
    cell = nasnet_utils.NasNetANormalCell(4, 1.0, 10, 1000, use_bounded_activation=True)

    def program(net):
        scope = [nasnet_utils.factorized_reduction, nasnet_utils.get_channel_dim, nasnet_utils.get_channel_index]
        with slim.arg_scope(scope, data_format="NHWC"), slim.arg_scope([slim.batch_norm], is_training=False):
            return cell(net, scope="cell")

    net = 100 * np.random.default_rng(0).normal(size=(2, 4, 4, 4)).astype(np.float32)
    model = slim.Model(program)
    values = {name: 10 * golden.det_value(name, spec.shape) for name, spec in model.specs(net).items()}
    values = {name: np.abs(value) if "variance" in name else value for name, value in values.items()}
    found = np.asarray(model.apply(values, net))
    # The first four channels are the cell's input itself.
    np.testing.assert_array_equal(found[..., :4], net)
    assert found[..., 4:].min() >= 0 and found[..., 4:].max() == 6


@pytest.mark.parametrize(("filters", "stride"), [(6, 2), (5, 2), (4, 1)])
def test_factorized_reduction_takes_two_grids_of_pixels(filters, stride):
    net = np.random.default_rng(0).normal(size=(2, 5, 4, 3)).astype(np.float32)

    def program(net):
        with (
            slim.arg_scope([slim.conv2d], activation_fn=None, biases_initializer=None),
            slim.arg_scope([slim.batch_norm], is_training=False, center=False),
        ):
            return nasnet_utils.factorized_reduction(net, filters, stride, data_format="NHWC")

    model = slim.Model(program)
    values = {name: golden.det_value(name, spec.shape) for name, spec in model.specs(net).items()}
    found = np.asarray(model.apply(values, net))
    norm = "final_path_bn" if stride == 2 else "path_bn"
    if stride == 1:
        expected = net @ values["path_conv/weights"][0, 0]
    else:
        shifted = np.pad(net, ((0, 0), (0, 1), (0, 1), (0, 0)))[:, 1:, 1:]
        weights = [values[f"path{number}_conv/weights"][0, 0] for number in (1, 2)]
        assert [one.shape[1] for one in weights] == [filters // 2, filters - filters // 2]
        expected = np.concatenate([net[:, ::2, ::2] @ weights[0], shifted[:, ::2, ::2] @ weights[1]], -1)
    expected = (expected - values[norm + "/moving_mean"]) / np.sqrt(values[norm + "/moving_variance"] + 1e-3)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_the_parts_refuse_what_they_cannot_know():
    for function in (nasnet_utils.get_channel_index, lambda: nasnet_utils.get_channel_dim((1, 2, 3, 4))):
        with pytest.raises(ValueError, match="data_format must be one of 'NHWC', 'NCHW', got ''"):
            function()
    with pytest.raises(ValueError, match=r"get_channel_dim: shape must have four dimensions, got \(1, 2\)"):
        nasnet_utils.get_channel_dim((1, 2), data_format="NHWC")
    with pytest.raises(ValueError, match=r"global_avg_pool: x must have rank 4 \[N, H, W, C\], got shape \(2, 3\)"):
        nasnet_utils.global_avg_pool(jnp.ones((2, 3)), data_format="NHWC")
    with pytest.raises(ValueError, match="output_filters must be 2 or more, for two paths, got 1"):
        nasnet_utils.factorized_reduction(jnp.ones((1, 4, 4, 2)), 1, 2, data_format="NHWC")
    cell = nasnet_utils.NasNetABaseCell(4, ["conv"] * 10, [1] + [0] * 6, [0] * 10, 1.0, 1, 1, False)
    scope = [nasnet_utils.get_channel_dim, nasnet_utils.get_channel_index]
    with (
        pytest.raises(ValueError, match=r"operations must be like .*, got 'conv'"),
        slim.arg_scope(scope, data_format="NHWC"),
    ):
        slim.Model(lambda net: cell(net)).specs(zeros(1, 4, 4, 4))


def test_configs_of_the_nets():
    assert nasnet_parts.Config.__dataclass_fields__.keys() == nasnet_parts._RULES.keys()
    assert [config().num_conv_filters for _, _, config in BUILDERS.values()] == [32, 44, 168, 54, 216]
    assert [build.default_image_size for build, _, _ in BUILDERS.values()] == [32, 224, 331, 224, 331]
