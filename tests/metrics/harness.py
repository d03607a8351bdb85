"""Runs the reference cases of metrics: the value before any batch, then update and value after each of three."""

import functools
from typing import Any

import jax
import numpy as np

import golden
import jax_slim as slim

BATCHES = 3
# Their results have as many rows as came in: they run outside of jit, where shapes may depend on values.
GROWING = {"metrics.streaming_concat"}


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
        for j, leaf in enumerate(jax.tree.leaves(tree)):
            results[f"{key}/{j}"] = np.asarray(leaf)

    if not case["variables"]:  # a plain function of one batch
        for i, batch in enumerate(given):
            keep(f"value{i}", program(case, **batch))
        return results
    variables: Any = {}
    for i, batch in enumerate(given):
        (value, update), collected = collect(variables, **batch)
        keep("initial" if i == 0 else f"value{i - 1}", value)
        keep(f"update{i}", update)
        variables = {**variables, **collected.updates}
    (value, _), _ = collect(variables, **given[-1])  # before this batch: after the last
    keep(f"value{BATCHES - 1}", value)
    return results


def compare(case: golden.Case, results: dict[str, np.ndarray], rtol: float = 1e-5, atol: float = 1e-6) -> None:
    """Raises AssertionError unless every stored array of the case is among the results, with its numbers."""
    expected = golden.case_arrays("metrics", case["id"])
    missing = set(expected) - set(results)
    assert expected, "the case has no arrays"
    assert not missing, f"{case['id']}: no result for {sorted(missing)}"
    for key, value in expected.items():
        np.testing.assert_allclose(results[key], value, rtol, atol, err_msg=f"{case['id']}: {key}")
