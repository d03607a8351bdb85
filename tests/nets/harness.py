"""Runs one reference case of `tests/goldens/nets`: structure at full size, values at a small one."""

import builtins
import functools
import importlib
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import golden
import jax_slim as slim
import quick_compiling
from jax_slim.core.model import AbstractRun
from jax_slim.core.program import VariableSpec

Case = golden.Case

# The names in the references that are no nets: small helpers which their README explains.
_HELPERS = {
    "case.hparams": lambda config_fn, **changes: _changed(config_fn(), changes),
    "case.pix2pix_blocks": lambda blocks: [slim.nets.pix2pix.Block(filters, keep) for filters, keep in blocks],
    "case.sigmoid_pred": lambda logits, scope=None: jax.nn.sigmoid(logits),
}


# The older copies in tf.contrib compute these too, but do not list them: the only difference to research/slim's nets.
_LISTED_LATER = {
    "contrib_nets.inception_v1.inception_v1": {"AvgPool_0a_7x7"},
    "contrib_nets.inception_v3.inception_v3": {"AvgPool_1a"},
}


# The largest error of a gradient's norm where another order of summation switches a ReLU6: the same net in float64 is
# 1.4e-3 away from TensorFlow's float32, and ours in float32 moves by 3e-3 when its input changes by 1e-6.
#
# nasnet_cifar_small_train: one input of a ReLU (of 8192 in `reduction_cell_1/comb_iter_1/right`) is 2.3e-6 in float64
# and below 0 in TensorFlow's float32. With that unit turned off in float64, all gradients agree within 3e-6.
_SWITCHED = {"mobilenet_v1_train": 3e-3, "nasnet_cifar_small_train": 3e-3}


def resolve(name: str) -> Any:
    """'nets.vgg.vgg_16' -> the function; 'nets.nasnet.nasnet.build_nasnet_cifar' -> that of `nets.nasnet`.

    TF-Slim's contrib and research/slim have packages `nets.mobilenet` and `nets.nasnet`; here each is a file.
    """
    if name in _HELPERS:
        return _HELPERS[name]
    if name.startswith("case.cyc_"):
        return functools.partial(slim.nets.cyclegan.cyclegan_upsample, method=name.removeprefix("case.cyc_"))
    root, *path = name.split(".")
    if root == "slim":
        return functools.reduce(getattr, path, slim)
    if root == "nn":
        return getattr(jax.nn, *path)
    function = getattr(importlib.import_module(f"jax_slim.nets.{path[-2]}"), path[-1])
    if root == "contrib_nets" and path[-1].startswith("resnet_v"):
        return functools.partial(_older_resnet, function)
    return function


def _older_resnet(net: Any, images: Any, **kwargs: Any) -> Any:
    """As in tf.contrib.slim.nets: the logits keep their spatial axes, and what is pooled is no end point."""
    logits, end_points = net(images, spatial_squeeze=False, **kwargs)
    return logits, {name: value for name, value in end_points.items() if name != "global_pool"}


def argument(value: Any) -> Any:
    """What an argument of a case stands for."""
    match value:
        case {"fn": name}:
            return resolve(name)
        case {"call": name, **rest}:
            args = [argument(item) for item in rest.get("args", [])]
            return resolve(name)(*args, **{key: argument(item) for key, item in rest.get("kwargs", {}).items()})
        case {"tuple": items}:
            return tuple(argument(item) for item in items)
        case {"dtype": name}:
            return jnp.dtype(name)
        case dict():
            return {key: argument(item) for key, item in value.items()}
        case list():
            return [argument(item) for item in value]
    return value


def _changed(config: Any, changes: dict[str, Any]) -> Any:
    for name, value in changes.items():
        config.set_hparam(name, value)
    return config


def model(case: Case) -> slim.Model:
    """The case's net, inside its scopes."""
    function = resolve(case["fn"])

    def net(images):
        scope = case.get("arg_scope")
        scope = argument({"call": scope["fn"], "kwargs": scope["kwargs"]}) if scope else {}
        functions, defaults = argument(case.get("extra_arg_scope", [[], {}]))
        functions = [resolve(name) if isinstance(name, str) else name for name in functions]
        with slim.arg_scope(scope), slim.arg_scope(functions, **defaults):
            result, end_points = function(images, **argument(case["kwargs"]))
        made.order = list(end_points)
        outputs = result, dict(end_points), slim.losses.get_regularization_losses()
        made.traced = jax.tree.map(jax.typeof, outputs)
        return outputs

    made = slim.Model(net)
    return made


def check(case: Case) -> None:
    """Everything that the case says about its net."""
    net, shape = model(case), jax.ShapeDtypeStruct(tuple(case["input"]["shape"]), jnp.float32)
    if "error" in case:
        try:
            net.specs(shape)
        except getattr(builtins, case["error"]["type"], ValueError):
            return
        raise AssertionError(f"{case['id']} must be refused: {case['error']['message']}")
    if "default_image_size" in case:
        assert resolve(case["fn"]).default_image_size == case["default_image_size"]
    values: dict[str, Any] = {}
    updates: dict[str, Any] = {}
    if case["kind"] == "structure":
        _check_variables(case, net.specs(shape))
        result, end_points, losses = net.traced  # while it was asked for its variables
    else:
        values, images = _values(case), golden.make_input(case["input"])
        run = _with_gradients if case["kind"] == "train" else _forward
        (result, end_points, losses), updates = run(case, net, values, images)
    assert list(result.shape) == case["output"]["shape"]
    assert len(losses) == case["num_regularization_losses"]
    # Compiled functions return their dicts in the order of the alphabet.
    not_tensors = {*case.get("end_points_not_tensors", ()), *_LISTED_LATER.get(case["fn"], ())}
    found = {name: list(value.shape) for name, value in end_points.items() if name not in not_tensors}
    assert found == {name: shape for name, shape, *_ in case["end_points"]}, found
    order = [name for name in net.order if name not in not_tensors]
    assert order == [name for name, *_ in case["end_points"]], order
    if case["kind"] == "structure":
        return
    # How far TensorFlow itself moves when its input changes by 1e-6, some tens of times.
    loose = max(1e-4, 50 * case["sensitivity"]["logits"])
    expected = golden.case_arrays("nets", case["id"])["logits"]
    step = case.get("output_sample_stride")
    shown = np.asarray(result)[:, ::step, ::step] if step else np.asarray(result)
    np.testing.assert_allclose(shown, expected, rtol=1e-3, atol=loose * case["output_stats"][2])
    _check_statistics("output", result, case["output_stats"], loose)
    for name, _, *expected in case["end_points"]:
        _check_statistics(name, end_points[name], expected, loose)
    if "regularization_loss" in case:
        np.testing.assert_allclose(sum(losses), case["regularization_loss"], rtol=1e-4)
    for name, *expected in case.get("updated", []):
        _check_statistics(name, updates.get(name, values[name]), expected, loose)


def _check_statistics(name: str, value: Any, expected: list[float], loose: float) -> None:
    value = np.asarray(value, np.float64)
    found = [value.mean(), value.std(), np.abs(value).max()]
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=loose * expected[2] + 1e-7, err_msg=name)


def _variables(case: Case) -> list[Any]:
    """[name, shape, whether it is trained] of each, in order."""
    return (case if "variables" in case else golden.cases("nets")[case["variables_same_as"]])["variables"]


def _values(case: Case) -> dict[str, Any]:
    return {name: golden.det_value(name, shape) for name, shape, _ in _variables(case)}


class _Run(AbstractRun):
    """A run on given values that learns which variables there are: it spares a trace of the net for that alone."""

    def __init__(self, values: dict[str, Any]) -> None:
        super().__init__()
        self._values = dict(values)

    def make_variable(self, spec: VariableSpec) -> jax.Array:
        assert (self._values[spec.name].shape, self._values[spec.name].dtype) == (spec.shape, spec.dtype), spec
        return super().make_variable(spec)

    def read_variable(self, name: str) -> jax.Array:
        return self._give(name, self._values[name])

    def _set_value(self, name: str, value: Any) -> None:
        self._values[name] = value


def _collected(case: Case, net: slim.Model, values: dict[str, Any], images: Any) -> tuple[Any, dict[str, Any]]:
    """What the net gives, and the new values of variables; checks the variables that it made."""
    run = _Run(values)
    outputs = net.run(run, images)
    _check_variables(case, run.variables())
    return outputs, run.updates


def _check_variables(case: Case, specs: dict[str, Any]) -> None:
    found = [[name, list(spec.shape), int(spec.trainable)] for name, spec in specs.items()]
    assert found == _variables(case)
    assert len(found) == case["num_variables"]
    sizes = [int(np.prod(spec.shape)) for spec in specs.values() if spec.trainable]
    assert sum(sizes) == case["num_parameters_trainable"]
    assert sum("model_variables" in spec.collections for spec in specs.values()) == case["num_model_variables"]


def _forward(case: Case, net: slim.Model, values: dict[str, Any], images: Any) -> Any:
    def run(values, images):
        return _collected(case, net, values, images)

    return jax.jit(run, compiler_options=quick_compiling.OPTIONS)(values, images)


def _with_gradients(case: Case, net: slim.Model, values: dict[str, Any], images: Any) -> Any:
    """The results in training mode; checks the gradients' norms on the way."""
    cotangent = golden.cotangent(case["cotangent_seed"], case["output"]["shape"])

    def scalar(values, images):
        outputs, updates = _collected(case, net, values, images)
        return jnp.sum(outputs[0] * cotangent), (outputs, updates)

    (gradients, of_images), results = jax.jit(
        jax.grad(scalar, argnums=(0, 1), has_aux=True), compiler_options=quick_compiling.OPTIONS
    )(values, images)
    gradients["input"] = of_images
    # TensorFlow has no gradient, None, where the logits do not depend on a variable: an auxiliary head's.
    expected = {name: norm or 0.0 for name, norm in case["grad_norms"]}
    scale = 1e-3 * max(expected.values())
    off = {
        name: abs(np.linalg.norm(np.asarray(gradients[name], np.float64)) - norm) / (norm + scale)
        for name, norm in expected.items()
    }
    # A net that is sensitive to its last bit is judged by the median over its variables.
    moved = case["sensitivity"]
    limit = max(_SWITCHED.get(case["id"], 1e-3), 50 * moved["grad_norms"])
    assert max(off.values()) < limit, max(off, key=off.__getitem__)
    assert float(np.median(list(off.values()))) < max(1e-3, 50 * moved["grad_norms_median"])
    return results
