"""Runs the reference cases of metrics: the value before any batch, then update and value after each of three."""

import functools
from typing import Any

import jax
import numpy as np

import golden
import jax_slim as slim

BATCHES = 3
# Its result has as many rows as came in: it runs outside of jit, where shapes may depend on values.
GROWING = {"metrics.streaming_concat"}
# TensorFlow's update is an operation without a value of its own (True, of a tf.cond); ours is the metric.
NO_UPDATE = {"metrics.auc_with_confidence_intervals"}


def aggregate(p: Any, labels: Any) -> Any:
    values, updates = slim.metrics.aggregate_metric_map(
        {
            "acc": slim.metrics.streaming_accuracy(p, labels),
            "mae": slim.metrics.streaming_mean_absolute_error(p, labels),
        }
    )
    return [values["acc"], values["mae"]], [updates["acc"], updates["mae"]]


def function(name: str) -> Any:
    """The function that a case names."""
    if name == "case.aggregate":
        return aggregate
    return getattr(slim.metrics, name.rpartition(".")[2])


def resolved(argument: Any, inputs: dict[str, Any]) -> Any:
    """An argument of a case: inputs by name, anything else as it is."""
    if isinstance(argument, dict) and "input" in argument:
        return inputs[argument["input"]]
    return argument


def program(case: golden.Case, **inputs: Any) -> Any:
    """What the case calls, on one batch."""
    args = [resolved(argument, inputs) for argument in case["args"]]
    kwargs = {name: resolved(argument, inputs) for name, argument in case["kwargs"].items()}
    return function(case["fn"])(*args, **kwargs)


def batches(case: golden.Case) -> list[dict[str, np.ndarray]]:
    """The inputs of each batch."""
    return [
        {
            name: golden.make_input(spec, spec["seeds"][i] if "seeds" in spec else None)
            for name, spec in case["inputs"].items()
        }
        for i in range(BATCHES)
    ]


def model(case: golden.Case) -> slim.Model:
    return slim.Model(functools.partial(program, case))


def run(case: golden.Case) -> dict[str, np.ndarray]:
    """Every result of a case under the keys of its arrays: 'initial/<j>', 'update<i>/<j>', 'value<i>/<j>'."""
    collect = model(case).collect
    if case["fn"] not in GROWING:
        collect = jax.jit(collect)
    given = batches(case)
    results: dict[str, np.ndarray] = {}

    def keep(key: str, tree: Any) -> None:
        results.update({f"{key}/{j}": np.asarray(leaf) for j, leaf in enumerate(jax.tree.leaves(tree))})

    if not case["variables"]:  # a plain function of one batch
        for i, batch in enumerate(given):
            keep(f"value{i}", program(case, **batch))
        return results
    variables: Any = model(case).init(jax.random.key(0), **given[0])
    for i, batch in enumerate(given):
        (value, update), collected = collect(variables, **batch)
        keep("initial" if i == 0 else f"value{i - 1}", value)
        keep(f"update{i}", update)
        variables |= collected.updates
    (value, _), _ = collect(variables, **given[-1])  # before this batch: after the last
    keep(f"value{BATCHES - 1}", value)
    return results


def compare_values(case: golden.Case, results: dict[str, np.ndarray], rtol: float = 1e-5, atol: float = 1e-6) -> None:
    """Raises AssertionError unless every stored array of the case is among the results, with its numbers."""
    expected = golden.case_arrays("metrics", case["id"])
    assert expected, "the case has no arrays"
    for key, value in expected.items():
        if key.startswith("update") and case["fn"] in NO_UPDATE:
            continue
        assert key in results, f"{case['id']}: no result for {key}"
        np.testing.assert_allclose(results[key], value, rtol, atol, err_msg=f"{case['id']}: {key}")


def compare_variables(case: golden.Case) -> None:
    """Raises AssertionError unless the variables have TensorFlow's names, order, dtypes, shapes and collections."""
    made = model(case).specs(**batches(case)[0]) if case["variables"] else {}
    specs = [spec for name, spec in made.items() if not name.endswith("_residual")]
    assert [spec.name for spec in specs] == [variable["name"] for variable in case["variables"]]
    for spec, variable in zip(specs, case["variables"], strict=True):
        assert spec.dtype == jax.dtypes.canonicalize_dtype(variable["dtype"]), spec.name
        assert spec.trainable == variable["trainable"], spec.name
        assert sorted(spec.collections) == sorted(variable["collections"]), spec.name
        if variable["shape"] is not None:  # those that grow in TensorFlow
            assert list(spec.shape) == variable["shape"], spec.name
    for name in made:
        if name.endswith("_residual"):
            assert made[name].shape == made[name.removesuffix("_residual")].shape
