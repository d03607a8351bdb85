"""Runs one reference case of `tests/goldens/nets`: structure at full size, values at a small one."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import golden
import jax_slim as slim

Case = golden.Case


def resolve(name: str) -> Any:
    """'nets.vgg.vgg_16' -> the function. The older copies in contrib are the same nets."""
    _, module, function = name.split(".")
    return getattr(getattr(slim.nets, module), function)


def model(case: Case) -> slim.Model:
    """The case's net, inside its scopes."""
    function, scope = resolve(case["fn"]), case["arg_scope"]

    def net(images):
        with slim.arg_scope(resolve(scope["fn"])(**scope["kwargs"])):
            result, end_points = function(images, **case["kwargs"])
        made.order = list(end_points)
        return result, end_points, slim.losses.get_regularization_losses()

    made = slim.Model(net)
    return made


def check(case: Case) -> None:
    """Everything that the case says about its net."""
    net, shape = model(case), jax.ShapeDtypeStruct(tuple(case["input"]["shape"]), jnp.float32)
    specs = net.specs(shape)
    _check_variables(case, specs)
    images = shape if case["kind"] == "structure" else golden.make_input(case["input"])
    if case["kind"] == "structure":
        result, end_points, losses = jax.eval_shape(net.apply, specs_as_shapes(specs), images)
    else:
        values = {name: golden.det_value(name, spec.shape) for name, spec in specs.items()}
        run = _with_gradients if case["kind"] == "train" else _forward
        result, end_points, losses = run(case, net, values, images)
    assert list(result.shape) == case["output"]["shape"]
    assert len(losses) == case["num_regularization_losses"]
    # Compiled functions return their dicts in the order of the alphabet.
    found = {name: list(value.shape) for name, value in end_points.items()}
    assert found == {name: shape for name, shape, *_ in case["end_points"]}, found
    assert net.order == [name for name, *_ in case["end_points"]], net.order
    if case["kind"] == "structure":
        return
    np.testing.assert_allclose(result, golden.case_arrays("nets", case["id"])["logits"], rtol=1e-4, atol=1e-4)
    for name, _, *expected in case["end_points"]:
        value = np.asarray(end_points[name], np.float64)
        found = [value.mean(), value.std(), np.abs(value).max()]
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4 * expected[2], err_msg=name)
    if "regularization_loss" in case:
        np.testing.assert_allclose(sum(losses), case["regularization_loss"], rtol=1e-4)


def specs_as_shapes(specs: dict[str, Any]) -> dict[str, jax.ShapeDtypeStruct]:
    return {name: jax.ShapeDtypeStruct(spec.shape, spec.dtype) for name, spec in specs.items()}


def _check_variables(case: Case, specs: dict[str, Any]) -> None:
    listed = case if "variables" in case else golden.cases("nets")[case["variables_same_as"]]
    found = [[name, list(spec.shape), int(spec.trainable)] for name, spec in specs.items()]
    assert found == listed["variables"]
    assert len(found) == case["num_variables"]
    sizes = [int(np.prod(spec.shape)) for spec in specs.values() if spec.trainable]
    assert sum(sizes) == case["num_parameters_trainable"]
    assert sum("model_variables" in spec.collections for spec in specs.values()) == case["num_model_variables"]


def _forward(case: Case, net: slim.Model, values: dict[str, Any], images: Any) -> Any:
    return jax.jit(net.apply)(values, images)


def _with_gradients(case: Case, net: slim.Model, values: dict[str, Any], images: Any) -> Any:
    """The results in training mode; checks the gradients' norms on the way."""
    cotangent = golden.cotangent(case["cotangent_seed"], case["output"]["shape"])

    def scalar(values, images):
        outputs = net.apply(values, images, rng=jax.random.key(0))
        return jnp.sum(outputs[0] * cotangent), outputs

    (gradients, of_images), outputs = jax.jit(jax.grad(scalar, argnums=(0, 1), has_aux=True))(values, images)
    gradients["input"] = of_images
    for name, norm in case["grad_norms"]:
        np.testing.assert_allclose(np.linalg.norm(gradients[name]), norm, rtol=1e-3, err_msg=name)
    return outputs
