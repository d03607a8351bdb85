"""Vision transformers: sizes as published, other sizes of images, the blocks as a loop, and training. Their logits are
compared with timm's and torchvision's in `tests/checkpoints/peers/test_mapping.py`."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import AxisType, NamedSharding, PartitionSpec

import golden
import jax_slim as slim
from jax_slim.nets import vit

IMAGES = np.random.default_rng(0).normal(size=(2, 12, 8, 3)).astype(np.float32)


def small(**options):
    def net(images, is_training=False):
        with slim.arg_scope(vit.vit_arg_scope()):
            return vit.vit(
                images, 3, is_training, patch_size=4, depth=3, width=6, num_heads=2, embedded_size=12, scope="net",
                **options,
            )  # fmt: skip

    return slim.Model(net)


def values(model, images=IMAGES):
    return {name: golden.det_value(name, spec.shape) for name, spec in model.specs(images).items()}


@pytest.mark.parametrize(("name", "parameters"), [("vit_small_16", 22050664), ("vit_base_16", 86567656)])
def test_parameters(name, parameters):
    model = slim.nets.create_model(name)
    specs = model.specs(model.example())
    assert sum(int(np.prod(spec.shape)) for spec in specs.values()) == parameters
    assert f"{name}/blocks/blocks_12/attention/qkv/weights" in specs
    assert any(variable.startswith(model.head) for variable in specs)


def test_other_sizes_of_images_have_the_same_variables():
    model = small()
    one, other = (model.specs(np.zeros((1, *size, 3), np.float32)) for size in ((12, 12), (21, 8)))
    assert {name: spec.shape for name, spec in one.items()} == {name: spec.shape for name, spec in other.items()}
    assert one["net/position_embedding"].shape == (1, 10, 6)
    _, ends = jax.eval_shape(model.apply, values(model), IMAGES)
    assert (ends["embedding"].shape, ends["blocks"].shape, ends["global_pool"].shape) == ((2, 7, 6), (2, 7, 6), (2, 6))
    with pytest.raises(ValueError, match=r"vit: inputs must be of 4 x 4 pixels or more, got \(1, 3, 8, 3\)"):
        model.specs(np.zeros((1, 3, 8, 3), np.float32))


@pytest.mark.slow
def test_the_blocks_as_a_loop():
    model, looped = small(), small(scan=True)
    assert list(model.specs(IMAGES)) == list(looped.specs(IMAGES))
    variables = values(model)
    expected, _ = jax.jit(model.apply)(variables, IMAGES)
    found, _ = jax.jit(looped.apply)(variables, IMAGES)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    with pytest.raises(ValueError, match=r"vit: survival_prob must be 1 with scan=True, got 0\.9"):
        small(scan=True, survival_prob=0.9).specs(IMAGES)


@pytest.mark.slow
def test_images_that_a_mesh_with_explicit_axes_cuts():
    mesh = jax.make_mesh((1,), ("data",), (AxisType.Explicit,), devices=jax.devices()[:1])
    model = small()

    def typed(array, *axes):
        return jax.ShapeDtypeStruct(array.shape, array.dtype, sharding=NamedSharding(mesh, PartitionSpec(*axes)))

    def loss(variables, images):
        return jnp.sum(model.apply(variables, images, is_training=False)[0])

    variables = {name: typed(value) for name, value in values(model).items()}
    gradients = jax.eval_shape(jax.grad(loss), variables, typed(IMAGES, "data"))
    assert all(gradients[name].shape == variables[name].shape for name in variables)


def test_training():
    model = small(dropout_keep_prob=0.9, survival_prob=0.5)
    variables = values(model)

    def loss(variables, key):
        logits = model.apply(variables, IMAGES, is_training=True, rng=key)[0]
        return jnp.sum(logits**2), logits

    run = jax.jit(jax.grad(loss, has_aux=True))
    gradients, logits = run(variables, jax.random.key(0))
    assert all(float(jnp.abs(gradient).max()) > 0 for name, gradient in gradients.items() if "blocks_3" not in name)
    assert float(jnp.abs(logits - run(variables, jax.random.key(1))[1]).max()) > 0
