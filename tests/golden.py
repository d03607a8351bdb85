"""Reference values of TensorFlow 1.15.5, kept in `tests/goldens/` (its README explains the format).

    import golden

    case = golden.cases("layers")["conv2d_001"]
    expected = golden.case_arrays("layers", "conv2d_001")["out/0"]

Variables and inputs are not stored: they follow from their names and seeds, by `det_value` and `make_input`.
"""

import functools
import gzip
import json
import math
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

FOLDER = Path(__file__).parent / "goldens"

Case = dict[str, Any]


@functools.cache
def cases(area: str) -> dict[str, Case]:
    """The cases of `area` ("layers", "naming", ...) by id. Shared between callers: do not change them."""
    plain = FOLDER / f"{area}.json"
    text = plain.read_bytes() if plain.exists() else gzip.decompress((FOLDER / f"{area}.json.gz").read_bytes())
    manifest = json.loads(text)
    return {case["id"]: case for case in manifest["cases"]}


@functools.cache
def arrays(area: str) -> dict[str, np.ndarray]:
    """Every array of `area`, under keys that start with `<case id>/`; {} when the area has none. Read-only."""
    path = FOLDER / f"{area}.npz"
    if not path.exists():
        return {}
    values = stored(path)
    for value in values.values():
        value.flags.writeable = False  # shared between tests: one must not change what another one expects
    return values


def stored(path: Path) -> dict[str, np.ndarray]:
    """Every array of a file of `np.savez`, which is closed: one left to the garbage collector warns in a later test."""
    with np.load(path, allow_pickle=False) as file:
        return {key: file[key] for key in file.files}


def case_arrays(area: str, case_id: str) -> dict[str, np.ndarray]:
    """The arrays of one case, without the `<case id>/` in front of their keys."""
    return _grouped(area).get(case_id, {})


@functools.cache
def _grouped(area: str) -> dict[str, dict[str, np.ndarray]]:
    groups: dict[str, dict[str, np.ndarray]] = {}
    for key, value in arrays(area).items():
        case_id, _, rest = key.partition("/")
        groups.setdefault(case_id, {})[rest] = value
    return groups


def det_value(name: str, shape: Sequence[int]) -> np.ndarray:
    """The float32 value that the variable `name` (no ":0") of `shape` had when the references were made."""
    base = np.asarray(np.random.RandomState(zlib.crc32(name.encode())).standard_normal(size=tuple(shape)))
    match name.rpartition("/")[2]:
        case "weights" | "pointwise_weights" | "kernel" | "kernels":
            value = base * math.sqrt(2 / math.prod(shape[:-1]))
        case "depthwise_weights" | "depthwise_kernel":
            value = base * math.sqrt(2 / (shape[0] * shape[1]))
        case "gamma":
            value = 1 + 0.1 * base
        case "moving_variance":
            value = 1 + 0.1 * np.abs(base)
        case _:
            value = 0.1 * base
    return np.asarray(value, np.float32)


def make_input(spec: Case, seed: int | None = None) -> np.ndarray:
    """The array that an input spec of a case describes; `seed` replaces the spec's own (metrics have three)."""
    shape, dtype = tuple(spec.get("shape", ())), np.dtype(spec.get("dtype", "float32"))
    kind = spec["kind"]
    if kind == "values":
        return np.array(spec["values"], dtype).reshape(shape)
    rng = np.random.RandomState(spec["seed"] if seed is None else seed)
    if kind == "normal":
        value = rng.standard_normal(size=shape)
    elif kind == "uniform":
        value = rng.uniform(spec.get("low", -1.0), spec.get("high", 1.0), size=shape)
    elif kind == "int":
        value = rng.randint(spec["low"], spec["high"], size=shape)
    else:
        raise ValueError(f"make_input: kind must be normal, uniform, int or values, got {kind!r}.")
    return np.asarray(value * spec.get("mul", 1) + spec.get("add", 0)).astype(dtype)


def cotangent(seed: int, shape: Sequence[int]) -> np.ndarray:
    """What an output of `shape` was multiplied by before the gradients were taken: float32 normals."""
    return np.asarray(np.random.RandomState(seed).standard_normal(size=tuple(shape)), np.float32)
