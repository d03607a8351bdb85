"""Runs one reference case of `tests/goldens/layers`: what the layer creates, computes, collects and refuses.

    harness.check(golden.cases("layers")["conv2d_001"])

`program(case)` is the case as a function of its inputs, for tests that need more of it.
"""

import builtins
import contextlib
import math
from collections.abc import Callable
from typing import Any

import jax
import jax.nn
import jax.numpy as jnp
import numpy as np
import pytest

import golden
import jax_slim as slim
from jax_slim import initializers

Case = golden.Case

RTOL, ATOL = 1e-5, 1e-5
GRAD_RTOL, GRAD_ATOL = 1e-4, 2e-5  # sums over many elements, in another order than TF's
# Where TF's own float32 gradient is further than that from the one in float64; ours is within 1e-6 of that.
IMPRECISE = {"spatial_softmax_002": 5e-5}


def check(case: Case) -> None:
    """Everything that the case says about its layer."""
    if "error" in case:
        return _check_error(case)
    inputs = {name: golden.make_input(spec) for name, spec in case["inputs"].items()}
    if "output_kind" in case:  # sizes that depend on values: nothing that JAX could trace
        outputs = jax.tree.leaves(program(case)(inputs))
        return _check_outputs(case, outputs, tolerance=0)
    model = slim.Model(program(case))
    _check_variables(case, model.specs(inputs))
    values = _values(case, model, inputs)
    if case.get("graph_only"):
        outputs = jax.tree.leaves(jax.eval_shape(model.collect, values, inputs)[0])
        assert [list(output.shape) for output in outputs] == [output["shape"] for output in case["outputs"]]
        return None
    if case.get("stats_only"):
        return _check_dropout(case, inputs, model.apply(values, inputs, rng=jax.random.key(7)))

    run = jax.jit(_run, static_argnums=(0, 1))
    cotangents = _Cotangents(case)
    (outputs, collected), grads = run(model, cotangents, values, inputs)
    _check_outputs(case, jax.tree.leaves(outputs))
    _check_end_points(case, collected, jax.tree.leaves(outputs))
    _check_grads(case, grads)
    _check_regularizers(case, model.specs(inputs), values)
    _check_updates(case, collected)
    for step in range(1, case.get("update_steps", 0)):
        values = {**values, **collected.updates}
        (_, collected), _ = run(model, cotangents, values, inputs)
        _check_update_step(case, collected, step)
    return None


# --- the case as a program --------------------------------------------------------------------------


def program(case: Case) -> Callable[[dict[str, Any]], Any]:
    """The case's call, inside its scopes, as a function of its inputs."""

    def run(inputs: dict[str, Any]) -> Any:
        with contextlib.ExitStack() as stack:
            for functions, kwargs in case.get("arg_scopes", ()):
                stack.enter_context(slim.arg_scope([resolve(f) for f in functions], **argument(kwargs, inputs)))
            if "outer_variable_scope" in case:
                stack.enter_context(slim.variable_scope(case["outer_variable_scope"]))
            args = [argument(value, inputs) for value in case["args"]]
            kwargs = {name: argument(value, inputs) for name, value in case["kwargs"].items()}
            return resolve(case["fn"])(*args, **kwargs)

    return run


def argument(spec: Any, inputs: dict[str, Any]) -> Any:
    """The value that an argument of a case stands for."""
    if isinstance(spec, list):
        return [argument(value, inputs) for value in spec]
    if not isinstance(spec, dict):
        return spec
    match spec:
        case {"input": name}:
            return inputs[name]
        case {"fn": name}:
            return resolve(name)
        case {"call": name}:
            args = [argument(value, inputs) for value in spec.get("args", ())]
            return resolve(name)(*args, **{k: argument(v, inputs) for k, v in spec.get("kwargs", {}).items()})
        case {"tuple": values}:
            return tuple(argument(value, inputs) for value in values)
        case {"dtype": name}:
            return jnp.dtype(name)
    return {name: argument(value, inputs) for name, value in spec.items()}


def resolve(name: str) -> Callable[..., Any]:
    """The function that a case calls `name`."""
    room, _, last = name.partition(".")
    match room:
        case "slim":
            return getattr(slim, last)
        case "init":
            return getattr(initializers, f"{last}_initializer")
        case "nn":
            return _leaky_relu if last == "leaky_relu" else getattr(jax.nn, last)
        case "tf":
            return {"tanh": jnp.tanh, "sigmoid": jax.nn.sigmoid}[last]
    return _HELPERS[name]


def _leaky_relu(x: Any) -> Any:
    return jax.nn.leaky_relu(x, 0.2)  # TF's default; JAX's is 0.01


def _recompute(function: Callable[..., Any], x: Any) -> Any:
    with slim.variable_scope("rg", use_resource=True):
        return resolve("slim.recompute_grad")(function)(x)


# What the notes of the cases call case.X.
_HELPERS: dict[str, Callable[..., Any]] = {
    "case.recompute": _recompute,
    "case.rg_fn": lambda x: resolve("slim.fully_connected")(x, 4, activation_fn=jnp.tanh, scope="inner"),
    "case.rev_f": lambda x: resolve("slim.fully_connected")(x, 3, activation_fn=jnp.tanh, scope="f_fc"),
    "case.rev_g": lambda x: resolve("slim.fully_connected")(x, 3, activation_fn=jax.nn.sigmoid, scope="g_fc"),
}


# --- running ----------------------------------------------------------------------------------------


class _Cotangents:
    """What the outputs are multiplied by; hashable, so that it may be a static argument."""

    def __init__(self, case: Case) -> None:
        self.arrays = [
            golden.cotangent(output["cotangent_seed"], output["shape"]) if "cotangent_seed" in output else None
            for output in case["outputs"]
        ]


def _run(model: slim.Model, cotangents: _Cotangents, values: dict[str, Any], inputs: dict[str, Any]) -> Any:
    """Outputs, what was collected and gradients, compiled as one."""

    def scalar(floats: Any, rest: Any) -> Any:
        parts = jax.tree.map(lambda a, b: b if a is None else a, floats, rest, is_leaf=lambda x: x is None)
        outputs, collected = model.collect(*parts, rng=jax.random.key(0))
        leaves = jax.tree.leaves(outputs)
        total = sum(
            jnp.sum(leaf * cotangent)
            for leaf, cotangent in zip(leaves, cotangents.arrays, strict=True)
            if cotangent is not None
        )
        return jnp.asarray(total, jnp.float32), (outputs, collected)

    def split(keep: bool) -> Any:
        return jax.tree.map(
            lambda x: x if (x.dtype == jnp.float32) == keep else None,
            ({k: jnp.asarray(v) for k, v in values.items()}, {k: jnp.asarray(v) for k, v in inputs.items()}),
        )

    grads, aux = jax.grad(scalar, has_aux=True)(split(True), split(False))
    return aux, grads


def _values(case: Case, model: slim.Model, inputs: dict[str, Any]) -> dict[str, Any]:
    """The values the variables had when the references were made."""
    stored = golden.case_arrays("layers", case["id"])
    values, others = {}, []
    for spec in case["variables"]:
        name = spec["name"]
        if name in case.get("stored_variables", ()):
            values[name] = stored[f"var/{name}"]
        elif spec["dtype"] == "float32":
            values[name] = golden.det_value(name, spec["shape"])
        else:
            others.append(name)
    if others:
        initial = model.init(jax.random.key(0), inputs)
        values |= {name: initial[name] for name in others}
    return values


# --- comparing --------------------------------------------------------------------------------------


def _check_error(case: Case) -> None:
    inputs = {name: golden.make_input(spec) for name, spec in case["inputs"].items()}
    with pytest.raises(getattr(builtins, case["error"]["type"])):
        slim.Model(program(case)).specs(inputs)


def _check_variables(case: Case, specs: dict[str, Any]) -> None:
    found = [
        (spec.name, list(spec.shape), jnp.dtype(spec.dtype), spec.trainable, sorted(spec.collections))
        for spec in specs.values()
    ]
    expected = [
        (v["name"], v["shape"], _dtype(v["dtype"]), v["trainable"], sorted(v["collections"])) for v in case["variables"]
    ]
    assert found == expected


def _check_outputs(case: Case, outputs: list[Any], tolerance: float = ATOL) -> None:
    stored = golden.case_arrays("layers", case["id"])
    assert len(outputs) == len(case["outputs"])
    for output, facts in zip(outputs, case["outputs"], strict=True):
        expected = stored[facts["key"]]
        assert output.shape == expected.shape
        assert jnp.dtype(output.dtype) == _dtype(facts["dtype"])
        np.testing.assert_allclose(output, expected, rtol=tolerance and RTOL, atol=tolerance, err_msg=facts["name"])


def _check_end_points(case: Case, collected: Any, outputs: list[Any]) -> None:
    results = {facts["name"]: output for facts, output in zip(case["outputs"], outputs, strict=True)}
    entries = case.get("end_points", ())
    for collection in {"end_points", "outs", *(entry["collection"] for entry in entries)}:
        expected = [entry for entry in entries if entry["collection"] == collection]
        found = collected.collections.get(collection, {})
        assert len(found) == len(expected), collection
        for entry, (name, value) in zip(expected, found.items(), strict=True):
            assert not entry["alias"] or [name] == entry["alias"]
            assert list(value.shape) == entry["shape"]
            if entry["tensor"] in results:
                np.testing.assert_array_equal(value, results[entry["tensor"]])


def _check_grads(case: Case, grads: Any) -> None:
    stored = golden.case_arrays("layers", case["id"])
    atol = IMPRECISE.get(case["id"], GRAD_ATOL)
    of_variables, of_inputs = grads
    for entry in case.get("grads", ()):
        kind, _, name = entry["of"].partition("/")
        grad = (of_variables if kind == "var" else of_inputs)[name]
        if entry.get("none"):
            np.testing.assert_array_equal(grad, 0)
            continue
        expected = stored[f"grad/{entry['of']}"]
        scale = max(1.0, float(np.abs(expected).max(initial=0)))
        np.testing.assert_allclose(grad, expected, rtol=GRAD_RTOL, atol=atol * scale, err_msg=entry["of"])


def _check_regularizers(case: Case, specs: dict[str, Any], values: dict[str, Any]) -> None:
    stored = golden.case_arrays("layers", case["id"])
    regularized = [(spec.regularizer, values[name]) for name, spec in specs.items() if spec.regularizer is not None]
    losses = [loss for regularizer, value in regularized if (loss := regularizer(jnp.asarray(value))) is not None]
    names = case.get("regularization_losses", [])
    assert len(losses) == len(names)
    for loss, name in zip(losses, names, strict=True):
        np.testing.assert_allclose(loss, stored[f"reg/{name}"], rtol=1e-5, err_msg=name)


def _check_updates(case: Case, collected: Any) -> None:
    stored = golden.case_arrays("layers", case["id"])
    assert len(collected.collections.get("update_ops", {})) == case["num_update_ops"]
    for name in case.get("changed_by_forward", ()):
        np.testing.assert_allclose(collected.updates[name], stored[f"fwd/{name}"], rtol=RTOL, atol=ATOL, err_msg=name)
    changed = case.get("changed_by_forward") or case.get("update_names")
    if changed is not None:
        assert set(collected.updates) == set(changed)
    if "update_steps" in case:
        _check_update_step(case, collected, 0)


def _check_update_step(case: Case, collected: Any, step: int) -> None:
    stored = golden.case_arrays("layers", case["id"])
    for name in case["update_names"]:
        expected = stored[f"upd/{step}/{name}"]
        np.testing.assert_allclose(
            collected.updates[name], expected, rtol=RTOL, atol=ATOL, err_msg=f"{name}, step {step}"
        )


def _check_dropout(case: Case, inputs: dict[str, Any], outputs: Any) -> None:
    """A random mask: how much it keeps, what it multiplies by, and where it is constant."""
    stats, x, y = case["stats"], np.asarray(inputs["inputs"]), np.asarray(outputs)
    kept = y != 0
    axes = stats["kept_identical_along_axes"]
    for axis in range(kept.ndim):
        assert (kept == kept.take([0], axis)).all() == (axis in axes), f"axis {axis}"
    draws = kept.size / math.prod(kept.shape[axis] for axis in axes)
    fraction = stats["fraction_kept"]
    # Two samples, this one and TF's: five standard deviations of their difference.
    assert abs(kept.mean() - fraction) < 5 * math.sqrt(2 * fraction * (1 - fraction) / draws)
    factors = y[kept] / x[kept]
    np.testing.assert_allclose(factors, stats["kept_scale_max"], rtol=1e-5)


def _dtype(name: str) -> np.dtype:
    """The dtype of that name as JAX has it: 64 bits become 32 where x64 is off."""
    return np.dtype(jax.dtypes.canonicalize_dtype(name))
