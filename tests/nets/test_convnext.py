"""ConvNeXt: sizes as published, names, and training. Its logits are compared with those of timm and Keras in
`tests/checkpoints/peers/test_mapping.py`."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import golden
import jax_slim as slim
from jax_slim.nets import convnext

IMAGES = np.random.default_rng(0).normal(size=(2, 16, 16, 3)).astype(np.float32)


def small(weight_decay=0.0):
    def net(images, is_training=False):
        with slim.arg_scope(convnext.convnext_arg_scope(weight_decay)):
            made = convnext.convnext(images, 3, is_training, (2, 1), (4, 6), survival_prob=0.5, scope="net")
            return *made, slim.losses.get_regularization_losses()

    return slim.Model(net)


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("convnext_tiny", 28589128),
        pytest.param("convnext_small", 50223688, marks=pytest.mark.slow),
        pytest.param("convnext_base", 88591464, marks=pytest.mark.slow),
        pytest.param("convnext_large", 197767336, marks=pytest.mark.slow),
    ],
)
def test_parameters(name, parameters):
    model = slim.nets.create_model(name)
    specs = model.specs(model.example())
    assert sum(int(np.prod(spec.shape)) for spec in specs.values()) == parameters
    assert any(variable.startswith(model.head) for variable in specs)


def test_names_and_end_points():
    model = small()
    specs = model.specs(IMAGES)
    assert [name for name in specs if "/stage_2/" in name] == [
        *(f"net/stage_2/downsample/LayerNorm/{each}" for each in ("beta", "gamma")),
        *(f"net/stage_2/downsample/Conv/{each}" for each in ("weights", "biases")),
        *(f"net/stage_2/block_1/depthwise/{each}" for each in ("depthwise_weights", "biases")),
        *(f"net/stage_2/block_1/LayerNorm/{each}" for each in ("beta", "gamma")),
        *(f"net/stage_2/block_1/{layer}/{each}" for layer in ("expand", "project") for each in ("weights", "biases")),
        "net/stage_2/block_1/LayerScale/gamma",
    ]
    shapes = {name: jax.ShapeDtypeStruct(spec.shape, spec.dtype) for name, spec in specs.items()}
    _, ends, losses = jax.eval_shape(small(0.1).apply, shapes, IMAGES)
    found = {name: ends[name].shape for name in ("stem", "stage_1/block_2", "stage_2", "global_pool", "predictions")}
    assert found == {
        "stem": (2, 4, 4, 4), "stage_1/block_2": (2, 4, 4, 4), "stage_2": (2, 2, 2, 6), "global_pool": (2, 6),
        "predictions": (2, 3),
    }  # fmt: skip
    assert len(losses) == sum(name.endswith("weights") for name in specs)


@pytest.mark.slow
def test_training():
    model = small()
    variables = {name: golden.det_value(name, spec.shape) for name, spec in model.specs(IMAGES).items()}

    def loss(variables, key):
        logits = model.apply(variables, IMAGES, is_training=True, rng=key)[0]
        return jnp.sum(logits**2), logits

    run = jax.jit(jax.grad(loss, has_aux=True))
    gradients, logits = run(variables, jax.random.key(0))
    assert all(np.isfinite(gradient).all() for gradient in gradients.values())
    others = [run(variables, jax.random.key(seed))[1] for seed in range(1, 5)]
    assert any(float(jnp.abs(logits - other).max()) > 1e-6 for other in others)  # blocks that were left out
