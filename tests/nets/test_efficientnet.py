"""EfficientNet: names and training. Its logits are compared with those
of timm, torchvision and Keras in `tests/checkpoints/peers/test_mapping.py`."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import golden
import jax_slim as slim
from jax_slim.nets import efficientnet
from jax_slim.nets.efficientnet import Stage

IMAGES = np.random.default_rng(0).normal(size=(2, 8, 8, 3)).astype(np.float32)
STAGES = (Stage(1, 3, 1, 1, 32), Stage(1, 3, 2, 2, 32, whole=True), Stage(1, 3, 1, 2, 32))


def small(**options):
    def net(images, is_training=False):
        with slim.arg_scope(efficientnet.efficientnet_arg_scope(batch_norm_decay=0.5)):
            made = efficientnet.efficientnet(images, 3, is_training, STAGES, 0.25, scope="net", **options)
            return *made, slim.losses.get_regularization_losses()

    return slim.Model(net)


def values(model, **kwargs):
    return {name: golden.det_value(name, spec.shape) for name, spec in model.specs(IMAGES, **kwargs).items()}


def test_names_are_tensorflows():
    """Those of tensorflow/tpu's checkpoints."""
    specs = small().specs(IMAGES)
    norm = ("gamma", "beta", "moving_mean", "moving_variance")
    assert [name for name in specs if "/blocks_0/" in name] == [
        "net/blocks_0/depthwise_conv2d/depthwise_kernel",
        *(f"net/blocks_0/tpu_batch_normalization/{each}" for each in norm),
        *(f"net/blocks_0/se/{layer}/{each}" for layer in ("conv2d", "conv2d_1") for each in ("kernel", "bias")),
        "net/blocks_0/conv2d/kernel",
        *(f"net/blocks_0/tpu_batch_normalization_1/{each}" for each in norm),
    ]
    assert [name for name in specs if "/blocks_1/" in name and name.endswith(("kernel", "gamma"))] == [
        "net/blocks_1/conv2d/kernel",
        "net/blocks_1/tpu_batch_normalization/gamma",
        "net/blocks_1/conv2d_1/kernel",
        "net/blocks_1/tpu_batch_normalization_1/gamma",
    ]
    assert [name for name in specs if "/blocks_2/" in name and name.endswith(("kernel", "gamma"))] == [
        "net/blocks_2/conv2d/kernel",
        "net/blocks_2/tpu_batch_normalization/gamma",
        "net/blocks_2/depthwise_conv2d/depthwise_kernel",
        "net/blocks_2/tpu_batch_normalization_1/gamma",
        "net/blocks_2/se/conv2d/kernel",
        "net/blocks_2/se/conv2d_1/kernel",
        "net/blocks_2/conv2d_1/kernel",
        "net/blocks_2/tpu_batch_normalization_2/gamma",
    ]
    assert "net/stem/conv2d/kernel" in specs and "net/head/dense/bias" in specs
    assert specs["net/blocks_2/se/conv2d/kernel"].shape == (1, 1, 16, 2)
    assert all("model_variables" in spec.collections for spec in specs.values())


@pytest.mark.slow
def test_training():
    model = small()
    variables, specs = values(model), model.specs(IMAGES)

    def loss(variables, key):
        (logits, _, losses), collected = model.collect(variables, IMAGES, is_training=True, rng=key)
        return jnp.sum(logits**2), (logits, losses, collected.updates)

    run = jax.jit(jax.grad(loss, has_aux=True))
    gradients, (logits, losses, updates) = run(variables, jax.random.key(0))
    learned = {name for name, spec in specs.items() if spec.trainable}
    assert all(float(jnp.abs(gradients[name]).max()) > 0 for name in learned)
    assert set(updates) == set(variables) - learned
    decayed = [value for name, value in variables.items() if name.endswith(("kernel", "bias"))]
    assert sum(losses) == pytest.approx(1e-5 * sum(np.sum(value**2) / 2 for value in decayed), rel=1e-5)
    _, (others, _, _) = run(variables, jax.random.key(1))
    assert float(jnp.abs(logits - others).max()) > 0  # dropout and stochastic depth


def test_end_points():
    model = small()
    _, ends, _ = jax.eval_shape(model.apply, values(model), IMAGES)
    reductions = {name: end.shape[1:3] for name, end in ends.items() if name.startswith("reduction")}
    assert reductions == {"reduction_1": (4, 4), "reduction_2": (2, 2)}
    assert ends["block_2"].shape == (2, 2, 2, 8) and ends["head_1x1"].shape == (2, 2, 2, 320)
    assert ends["predictions"].shape == (2, 3)


def test_features_without_a_head():
    model = slim.nets.create_model("efficientnet_lite0", num_classes=0)
    specs = model.specs(model.example())
    assert not any("dense" in name for name in specs)
