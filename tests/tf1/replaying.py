"""Runs a recorded case of `tf1_ops` (tests/goldens/README.md) and says what differs from TensorFlow 1.15.5."""

import base64
import collections
import json
from typing import Any

import numpy as np

import golden
import jax_slim.tf1 as tf

Case = dict[str, Any]


def flatten(y: Any) -> list[Any]:
    """The results of a case in the recorded order: dictionaries by key, sparse tensors and slices by their parts."""
    if isinstance(y, dict):
        return [t for k in sorted(y) for t in flatten(y[k])]
    if isinstance(y, tf.SparseTensor):
        return [y.indices, y.values, y.dense_shape]
    if isinstance(y, tf.IndexedSlices):
        return [y.values, y.indices] + ([] if y.dense_shape is None else [y.dense_shape])
    if isinstance(y, list | tuple) and type(y).__name__ != "SparseTensorValue":
        return [t for e in y for t in flatten(e)]
    return [y]


def is_tensor(t: Any) -> bool:
    return isinstance(t, tf.Tensor | tf.Variable)


def sizes(t: Any) -> Any:
    shape = t.get_shape()
    return None if shape.ndims is None else shape.as_list()


def plain(v: Any) -> Any:
    """A Python value as the recording holds it."""
    if isinstance(v, tf.TensorShape):
        return None if v.ndims is None else v.as_list()
    if isinstance(v, tf.DType):
        return v.name
    if type(v).__name__ == "Dimension":
        return v.value
    if isinstance(v, np.ndarray | np.generic):
        return plain(v.tolist())
    if isinstance(v, list):
        return [plain(e) for e in v]
    if isinstance(v, bool | int | float | str) or v is None:
        return v
    return v.decode() if isinstance(v, bytes) else type(v).__name__


def built(case: Case, mode: str) -> Any:
    """The graph of a case, its placeholders and results. `mode` says which of the inputs' sizes are known."""
    graph = tf.Graph()
    with graph.as_default():
        tf.set_random_seed(1)
        names: dict[str, Any] = {"tf": tf, "np": np}
        placeholders = {}
        for key, spec in case["inputs"].items():
            shape = spec.get("static", spec["shape"])
            if mode == "batch":
                shape = [None, *spec["shape"][1:]] if spec["shape"] else []
            elif mode == "dims":
                shape = [None] * len(spec["shape"])
            elif mode == "rank":
                shape = None
            placeholders[key] = names[key] = tf.placeholder(spec["dtype"], shape, name=key)
        exec(case["code"], names)
    return graph, placeholders, flatten(names["y"])


def differing(got: Any, want: Any, what: str) -> list[str]:
    got, want = np.asarray(got), np.asarray(want)
    if got.dtype.name == "bfloat16":
        got = got.astype(np.float32)
    if got.shape != want.shape or got.dtype != want.dtype:
        return [f"{what} is {got.dtype} {got.shape}, wanted {want.dtype} {want.shape}"]
    if got.dtype.kind not in "fc":
        return [] if (got == want).all() else [f"{what} differs"]
    tolerance = 1e-2 if got.dtype == np.float16 else 1e-4
    finite = np.abs(want[np.isfinite(want)].astype(np.complex128))
    scale = max(finite.max() if finite.size else 0.0, 1.0)
    same = np.allclose(
        got.astype(complex), want.astype(complex), rtol=tolerance, atol=tolerance * scale, equal_nan=True
    )
    return [] if same else [f"{what} is off"]


def texts(v: Any) -> list[bytes]:
    return [x if isinstance(x, bytes) else str(x).encode() for x in np.asarray(v, object).reshape(-1).tolist()]


def problems(case: Case) -> list[str]:
    """What differs; [] for a case that behaves as recorded."""
    error = case.get("error")
    try:
        graph, placeholders, flat = built(case, "full")
    except Exception as raised:
        if error and error["when"] == "build":
            return _wrong_error(raised, error)
        raise
    if error and error["when"] == "build":
        return ["no error while it is built"]
    arrays = {key: golden.make_input(spec) for key, spec in case["inputs"].items()}
    recorded = golden.case_arrays("tf1_ops", case["id"])
    with graph.as_default():
        variables = tf.global_variables() + [v for v in tf.local_variables() if v not in tf.global_variables()]
        feed = {placeholders[key]: arrays[key] for key in placeholders}

        def prepare(session: Any) -> None:
            given = {}
            if variables:
                if not case.get("init"):
                    floats = [v for v in variables if v.dtype.base_dtype == tf.float32]
                    given = {v.initializer.inputs[1]: golden.det_value(v.op.name, sizes(v)) for v in floats}
                session.run([v.initializer for v in variables], given)
            session.run(tf.get_collection("table_initializer"))

        live = [i for i, t in enumerate(flat) if is_tensor(t) or isinstance(t, tf.Operation)]
        with tf.Session() as session:
            try:
                if graph.get_operations():
                    prepare(session)
                times = 3 if error else case.get("runs", 1)
                runs = [session.run([flat[i] for i in live], feed) if live else [] for _ in range(times)]
            except Exception as raised:
                if error:
                    return _wrong_error(raised, error)
                raise
        if error:
            return ["no error while it runs"]
        if len(flat) != len(case["outputs"]):
            return [f"{len(flat)} outputs, wanted {len(case['outputs'])}"]
        found: list[str] = []
        for i, (t, output) in enumerate(zip(flat, case["outputs"], strict=True)):
            values = [run[live.index(i)] for run in runs] if i in live else []
            found += _output(i, t, output, values, recorded)
        if "grads" in case:
            found += _gradients(case, flat, runs[0], live, placeholders, variables, feed, prepare, recorded)
    if isinstance(case.get("static"), dict):
        found += _static(case)
    return found


def _wrong_error(raised: Exception, error: Case) -> list[str]:
    return [] if type(raised).__name__ == error["type"] else [f"{type(raised).__name__}, wanted {error['type']}"]


def _output(i: int, t: Any, output: Case, values: list[Any], recorded: dict[str, Any]) -> list[str]:
    if "python" in output:
        same = output["python"] == plain(t) or json.dumps(output["python"]) == json.dumps(plain(t))
        return [] if same else [f"output {i} is {plain(t)!r}, wanted {output['python']!r}"]
    if "operation" in output:
        return [] if t.name == output["operation"] else [f"operation {t.name}, wanted {output['operation']}"]
    facts = {"name": t.name, "shape": sizes(t), "dtype": t.dtype.name, "op": t.op.type}
    found = [f"output {i}: {k} {v}, wanted {output[k]}" for k, v in facts.items() if v != output[k]]
    if "stats" in output:
        return found
    for number, value in enumerate(values):
        end = str(number or "")
        if "text" in output or "base64" in output:
            plain_text = output.get("text" + end)
            wanted = (
                [x.encode() for x in plain_text]
                if plain_text is not None
                else [base64.b64decode(x) for x in output["base64" + end]]
            )
            if texts(value) != wanted:
                found.append(f"output {i}: {texts(value)[:3]!r}, wanted {wanted[:3]!r}")
            continue
        found += differing(
            value, recorded[f"out/{i}" if number == 0 else f"run{number}/{i}"], f"output {i}, run {number},"
        )
    return found


def _gradients(
    case: Case,
    flat: Any,
    first: Any,
    live: Any,
    placeholders: Any,
    variables: Any,
    feed: Any,
    prepare: Any,
    recorded: Any,
) -> list[str]:
    ys = [(i, o) for i, o in enumerate(case["outputs"]) if "cotangent_seed" in o]
    by_name = {v.op.name: v for v in variables}
    xs = [placeholders[d["of"][3:]] if d["of"].startswith("in/") else by_name[d["of"][4:]] for d in case["grads"]]
    given = []
    for i, output in ys:
        draw = np.random.RandomState(output["cotangent_seed"]).standard_normal(size=np.shape(first[live.index(i)]))
        given.append(tf.constant(draw.astype(np.float32).astype(output["dtype"].replace("_ref", ""))))
    found: list[str] = []
    gradients = tf.gradients([flat[i] for i, _ in ys], xs, grad_ys=given)
    with tf.Session() as session:
        prepare(session)
        for description, gradient in zip(case["grads"], gradients, strict=True):
            of = description["of"]
            if description.get("none") or gradient is None:
                found += (
                    [] if bool(description.get("none")) == (gradient is None) else [f"gradient of {of} is {gradient}"]
                )
                continue
            if bool(description.get("indexed_slices")) != isinstance(gradient, tf.IndexedSlices):
                found.append(f"gradient of {of}: IndexedSlices")
            found += differing(
                session.run(tf.convert_to_tensor(gradient), feed), recorded[f"grad/{of}"], f"gradient of {of}"
            )
    return found


def _static(case: Case) -> list[str]:
    found: list[str] = []
    for mode, want in case["static"].items():
        if isinstance(want, dict) and ("differs" in want or "run_error" in want):
            continue
        got: Any
        try:
            _, _, flat = built(case, mode)
            got = [
                sizes(t) if is_tensor(t) else "op" if isinstance(t, tf.Operation) else {"python": plain(t)}
                for t in flat
            ]
        except Exception as raised:
            got = {"error": type(raised).__name__}
        if got != want:
            found.append(f"static shape with {mode} unknown {got}, wanted {want}")
    return found


def family(case_id: str) -> str:
    """The family of a case: its id without the number."""
    return case_id.rpartition("_")[0]


def by_family() -> dict[str, list[Case]]:
    """The cases that have to be met, by family."""
    found: dict[str, list[Case]] = collections.defaultdict(list)
    for case_id, case in golden.cases("tf1_ops").items():
        if not case.get("optional"):
            found[family(case_id)].append(case)
    return found
