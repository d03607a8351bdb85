"""TF 1.15's names, scopes, reuse, arg_scopes and refusals, case by case."""

import builtins
import contextlib
from typing import Any

import jax
import jax.numpy as jnp
import pytest

import golden
import jax_slim as slim
from jax_slim import initializers, utils

CASES = golden.cases("naming")

UNKNOWN_SIZES = "shapes are always known in JAX"
# Where TF's answer is an accident, ours differs on purpose: the case and what we do instead.
DIFFERENT = {
    "arg_scope_027": "TF cuts the names of local variables wrongly; ours come from the signature",
}
# A documented equivalent of the exception that TF raises.
ERRORS = {
    "arg_scope_010": ValueError,  # AttributeError: partials have no __module__; ours says what to decorate instead
    "error_050": ValueError,  # IndexError: list index out of range; ours names the rank
}


@slim.add_arg_scope
def echo(x=None, a=1, b=2, **kw):
    return {"x": x, "a": a, "b": b, **kw}


@slim.add_arg_scope
def echo2(a=10, c=None):
    return {"a": a, "c": c}


def undecorated(a=1):
    return {"a": a}


def block(x, depth, scope=None, reuse=None):
    with slim.variable_scope(scope, "block", [x], reuse=reuse):
        net = slim.conv2d(x, depth, [3, 3], scope="conv_a")
        return slim.conv2d(net, depth, [1, 1])


def resolve(name: str) -> Any:
    room, _, last = name.partition(".")
    if room == "case":
        return {"echo": echo, "echo2": echo2, "undecorated": undecorated, "block": block}[last]
    if room == "init":
        return getattr(initializers, f"{last}_initializer")
    return getattr({"slim": slim, "tf": slim, "nn": jax.nn}[room], last)


class Interpreter:
    """Runs the statements of a case; keeps what each gave."""

    def __init__(self, inputs: dict[str, Any]) -> None:
        self.names = dict(inputs)
        self.results: list[Any] = []

    def value(self, spec: Any) -> Any:
        if isinstance(spec, list):
            return [self.value(item) for item in spec]
        if not isinstance(spec, dict):
            return spec
        match spec:
            case {"input": name}:
                return self.names[name]
            case {"fn": name}:
                return resolve(name)
            case {"call": name}:
                return resolve(name)(*self.args(spec), **self.kwargs(spec))
            case {"tuple": items}:
                return tuple(self.value(item) for item in items)
        return {key: self.value(item) for key, item in spec.items()}

    def args(self, statement: dict[str, Any]) -> list[Any]:
        return [self.value(item) for item in statement.get("args", ())]

    def kwargs(self, statement: dict[str, Any]) -> dict[str, Any]:
        return {key: self.value(item) for key, item in statement.get("kwargs", {}).items()}

    def run(self, program: list[dict[str, Any]]) -> None:
        for statement in program:
            args, kwargs = self.args(statement), self.kwargs(statement)
            if "do" in statement:
                self.keep(statement, resolve(statement["do"])(*args, **kwargs))
                continue
            with contextlib.ExitStack() as stack:
                if statement["with"] == "arg_scope":
                    opened = stack.enter_context(slim.arg_scope(self.value(statement["fns"]), **kwargs))
                    if "as" in statement:
                        self.names[statement["as"]] = opened
                else:
                    scope = stack.enter_context(getattr(slim, statement["with"])(*args, **kwargs))
                    if statement.get("as"):
                        self.keep(statement, scope)
                self.run(statement["body"])

    def keep(self, statement: dict[str, Any], result: Any) -> None:
        self.names[statement.get("as") or ""] = result
        self.results.append(result)


def check_result(found: Any, expected: Any) -> None:
    match expected:
        case {"tensor": _}:
            assert list(found.shape) == expected["shape"]
            assert jnp.dtype(found.dtype) == jax.dtypes.canonicalize_dtype(expected["dtype"])
        case {"variable": name}:
            assert slim.get_variable_full_name(found) == name
            assert list(found.shape) == expected["shape"]
        case {"partitioned_variable": name}:
            parts = [var.name for var in slim.get_variables(f"{name}/part_")]
            assert parts == expected["parts"]
        case {"scope": name}:
            assert (found.name, found.original_name_scope) == (name, expected["original_name_scope"])
        case {"dict": items}:
            assert found == items
        case {"object": _}:
            assert found is not None
        case list():
            assert len(found) == len(expected)
            for one, other in zip(found, expected, strict=True):
                check_result(one, other)
        case _:
            assert found == expected


@pytest.mark.parametrize("case_id", CASES)
def test_naming(case_id):
    case = CASES[case_id]
    if any(None in shape for shape in case["inputs"].values()):
        pytest.skip(UNKNOWN_SIZES)
    if case_id in DIFFERENT:
        pytest.skip(DIFFERENT[case_id])
    shapes = {
        name: jax.ShapeDtypeStruct(tuple(shape), jnp.int32 if name.startswith("i") else jnp.float32)
        for name, shape in case["inputs"].items()
    }
    ends: dict[str, Any] = {}

    def program(inputs):
        interpreter = Interpreter(inputs)
        try:
            interpreter.run(case["program"])
        finally:
            # What TF did before it refused, we do too.
            for found, expected in zip(interpreter.results, case["results"], strict=True):
                check_result(found, expected["value"])
        ends["end_points"] = utils.convert_collection_to_dict("end_points")
        ends["losses"] = slim.losses.get_regularization_losses()

    model = slim.Model(program)
    if "error" in case:
        kind = ERRORS.get(case_id) or getattr(builtins, case["error"]["type"])
        with pytest.raises(kind):
            model.specs(shapes)
        return
    specs = model.specs(shapes)
    found = [
        (spec.name, list(spec.shape), spec.trainable, sorted(spec.collections))
        for spec in specs.values()
        if "local_variables" not in spec.collections
    ]
    expected = [(v["name"], v["shape"], v["trainable"], sorted(v["collections"])) for v in case["variables"]]
    local = [name for name, spec in specs.items() if "local_variables" in spec.collections]
    assert found == [v for v in expected if "local_variables" not in v[3]]
    assert local == [v[0] for v in expected if "local_variables" in v[3]]
    assert list(ends["end_points"]) == case.get("end_points_dict", [])
    assert len(ends["losses"]) == len(case.get("regularization_losses", []))
