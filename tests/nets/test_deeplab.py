"""DeepLab against research/deeplab: names, shapes, logits; what it refuses; masks of several scales."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import golden
import jax_slim as slim
from jax_slim.nets import deeplab, deeplab_inference
from jax_slim.nets.registry import ROWS

CASES = golden.cases("deeplab")
# What is computed takes seconds to compile: one small net stays among the fast tests.
COMPUTED_FAST = {"mobilenet_v3_small_os16"}
TRACED_FAST = {"mobilenet_v2_050_decoder_avg", "mobilenet_v3_small", "xception_41"}


def model_of(case):
    return slim.Model(lambda images: deeplab.deeplab(images, **case["kwargs"])[0])


def images_of(case):
    """Scaled as the original scales them within the net."""
    return np.float32(2 / 255) * golden.make_input(case["image"]) - np.float32(1)


@functools.cache
def shapes_of(case_id):
    case = CASES[case_id]
    return {name: spec.shape for name, spec in model_of(case).specs(images_of(case)).items()}


@pytest.mark.parametrize(
    "case_id", [pytest.param(id, marks=() if id in TRACED_FAST else pytest.mark.slow) for id in CASES]
)
def test_names_and_shapes_are_the_originals(case_id):
    assert sorted(shapes_of(case_id).items()) == [(name, tuple(shape)) for name, shape in CASES[case_id]["variables"]]


@pytest.mark.parametrize(
    "case_id", [pytest.param(id, marks=() if id in COMPUTED_FAST else pytest.mark.slow) for id in CASES]
)
def test_logits_are_the_originals(case_id):
    case = CASES[case_id]
    values = {name: golden.det_value(name, shape) for name, shape in shapes_of(case_id).items()}
    expected = golden.case_arrays("deeplab", case_id)["logits"]
    logits = jax.jit(model_of(case).apply)(values, images_of(case))
    np.testing.assert_allclose(logits, expected, atol=1e-4 * expected.std())


def test_the_pyramid_widens_where_the_output_stride_is_smaller():
    xception = deeplab.BACKBONES["xception_65"]
    assert deeplab._rates(xception, None, 16) == (6, 12, 18)
    assert deeplab._rates(xception, None, 8) == (12, 24, 36)
    assert deeplab._rates(xception, (), 8) == ()
    assert deeplab._rates(deeplab.BACKBONES["mobilenet_v2"], None, 8) == ()


@pytest.mark.parametrize(("size", "tune"), [((33, 33), False), ((32, 50), True)])
def test_training_updates_batch_norm_unless_it_is_frozen(size, tune):
    def net(images):
        return deeplab.mobilenet_v3_small(images, 3, is_training=True, fine_tune_batch_norm=tune)[0]

    model, images = slim.Model(net), jax.ShapeDtypeStruct((1, *size, 3), jnp.float32)
    values = {name: jax.ShapeDtypeStruct(spec.shape, spec.dtype) for name, spec in model.specs(images).items()}

    def run(values, images):
        logits, collected = model.collect(values, images, rng=jax.random.key(0))
        return logits, collected.updates

    logits, updates = jax.eval_shape(run, values, images)
    assert logits.shape == (1, -(-size[0] // 8), -(-size[1] // 8), 3)
    assert bool(updates) == tune


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"model_variant": "vgg_16"}, "model_variant must be one of mobilenet_v2, .*, got 'vgg_16'"),
        ({"merge_method": "sum"}, "merge_method must be 'max' or 'avg', got 'sum'"),
        ({"image_pyramid": (0.5, 0)}, r"image_pyramid must be one or more scales above 0, got \(0.5, 0\)"),
        ({"multi_grid": (1, 2, 4)}, r"multi_grid must be left out for mobilenet_v2, got \(1, 2, 4\)"),
        ({"atrous_rates": (0,)}, r"atrous_rates must be whole numbers above 0, got \(0,\)"),
        ({"decoder_output_stride": 2}, "decoder_output_stride must be among 4, 8, 16, falling, got 2"),
        ({"decoder_output_stride": (4, 8)}, r"decoder_output_stride must be .*, falling, got \(4, 8\)"),
        ({"logits_kernel_size": 3}, "logits_kernel_size must be 1 with aspp_with_batch_norm or without rates, got 3"),
    ],
)
def test_refuses(arguments, message):
    model = slim.Model(lambda images: deeplab.deeplab(images, **arguments)[0])
    with pytest.raises(ValueError, match=f"deeplab: {message}"):
        model.specs(jax.ShapeDtypeStruct((1, 33, 33, 3), jnp.float32))


def toy_logits(images):
    """A 'net' of stride 4 that is not symmetric."""
    small = images[:, ::4, ::4]
    return jnp.stack([small[..., 0], small[..., 1] + jnp.roll(small[..., 2], 1, axis=2)], -1)


def reference(logits, size):
    """Linear interpolation from corner to corner, in float64."""
    for axis, length in ((1, size[0]), (2, size[1])):
        places = np.linspace(0, logits.shape[axis] - 1, length)
        low = np.minimum(places.astype(int), logits.shape[axis] - 2)
        share = (places - low).reshape([-1 if axis == one else 1 for one in range(4)])
        logits = np.take(logits, low, axis) * (1 - share) + np.take(logits, low + 1, axis) * share
    return logits


def softmax(logits):
    chances = np.exp(logits)
    return chances / chances.sum(-1, keepdims=True)


def test_masks_of_several_scales_and_mirror_images_are_the_mean_of_each():
    images = np.random.default_rng(0).normal(size=(2, 33, 49, 3))
    scales = (0.5, 1.0, 1.25)
    expected = []
    for scale in scales:
        size = int(32 * scale + 1), int(48 * scale + 1)
        scaled = reference(images, size)
        for step in (1, -1):
            logits = np.asarray(jax.jit(toy_logits)(scaled[:, :, ::step].astype(np.float32)), np.float64)
            logits = reference(logits, (9, 13)) if scale < 1 else logits
            expected.append(softmax(reference(logits[:, :, ::step], (33, 49))))
    predict = functools.partial(
        deeplab_inference.predict_labels_multi_scale, logits_fn=toy_logits, eval_scales=scales, add_flipped_images=True
    )
    found = jax.jit(predict)(images.astype(np.float32))
    np.testing.assert_allclose(found.probabilities, np.mean(expected, 0), atol=1e-5)
    np.testing.assert_array_equal(found.labels, np.argmax(found.probabilities, -1))
    with pytest.raises(ValueError, match="eval_scales must be one or more scales above 0"):
        deeplab_inference.predict_labels_multi_scale(images, toy_logits, ())


def test_masks_of_one_scale_are_enlarged_before_or_after_the_choice():
    images = jnp.asarray(np.random.default_rng(1).normal(size=(1, 9, 9, 3)), jnp.float32)
    logits = np.asarray(toy_logits(images), np.float64)
    found = deeplab_inference.predict_labels(images, toy_logits)
    np.testing.assert_array_equal(found.labels, reference(logits, (9, 9)).argmax(-1))
    np.testing.assert_allclose(found.probabilities, softmax(reference(logits, (9, 9))), atol=1e-6)
    blocks = deeplab_inference.predict_labels(images, toy_logits, prediction_with_upsampled_logits=False)
    nearest = np.array([0, 0, 1, 1, 1, 1, 2, 2, 2])
    np.testing.assert_array_equal(blocks.labels, logits.argmax(-1)[:, nearest][:, :, nearest])
    np.testing.assert_allclose(blocks.probabilities, reference(softmax(logits), (9, 9)), atol=1e-6)


def test_a_classifiers_checkpoint_gives_what_lies_below_the_pyramid():
    classifier = slim.nets.create_model("mobilenet_v2")
    listed = classifier.specs(classifier.example())
    source = {name: np.zeros(spec.shape, np.float32) for name, spec in listed.items()}
    model = slim.nets.create_model("deeplab_mobilenet_v2", 3, checkpoint=source, image_size=33)
    specs = model.specs(model.example())
    assert model.task == "segmentation" and model.preprocessing == "deeplab"
    missing = set(specs) - set(model.variables)
    assert missing and all(name.startswith(ROWS[model.name].added) for name in missing)


def test_another_number_of_classes_leaves_the_last_layer_out():
    donor = slim.nets.create_model("deeplab_mobilenet_v2", 3, image_size=33)
    source = {name: np.zeros(spec.shape, np.float32) for name, spec in donor.specs(donor.example()).items()}
    model = slim.nets.create_model("deeplab_mobilenet_v2", 5, image_size=33, checkpoint=source)
    assert set(source) - set(model.variables) == {"logits/semantic/weights", "logits/semantic/biases"}


def test_nets_are_listed_by_their_task():
    found = slim.nets.list_models(task="segmentation")
    assert "deeplab_xception_65" in found and all(name.startswith("deeplab_") for name in found)
    assert "deeplab_xception_65" not in slim.nets.list_models(task="classification")
    with pytest.raises(ValueError, match=r"task must be None or one of .*segmentation, got 'boxes'"):
        slim.nets.list_models(task="boxes")
