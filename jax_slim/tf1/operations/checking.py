"""Operations that look at values while a graph runs: Assert, CheckNumerics, Print; and PyFunc, which calls Python."""

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from jax_slim.tf1.graph import errors, rows, shape_inference, shapes
from jax_slim.tf1.operations import arrays

FUNCTIONS: dict[str, Callable[..., Any]] = {}  # what PyFunc calls, by the token in its attributes


def shown(value: Any, summarize: int = 3) -> str:
    """An array as Print and Assert show it: its first elements, nested by brackets, '...' where there are more."""
    value = np.asarray(value)
    if value.ndim == 0:
        return element(value[()])
    if summarize < 0:
        summarize = value.size
    flat = [element(v) for v in value.reshape(-1)[:summarize]]
    more = "..." if value.size > summarize else ""
    if value.ndim == 1:
        return f"[{' '.join(flat)}{more}]"
    return _nested(value, [summarize])


def _nested(value: np.ndarray, left: list[int]) -> str:
    if value.ndim == 1:
        text = ""
        for v in value:
            if left[0] <= 0:
                return f"[{text.strip()}...]"
            left[0] -= 1
            text += element(v) + " "
        return f"[{text.strip()}]"
    parts = ""
    for row in value:
        if left[0] <= 0:
            return f"[{parts}...]"
        parts += _nested(row, left)
    return f"[{parts}]"


def element(value: Any) -> str:
    """One element: floats without trailing zeros, six digits."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    if isinstance(value, bool | np.bool_):
        return "1" if value else "0"
    if isinstance(value, np.floating | float) or type(value).__name__ == "bfloat16":
        return f"{float(value):g}"
    return str(value)


@rows.row("Assert", host=True, shape=lambda op: [])
def assert_(condition: Any, data: Any, *, summarize: int = 3) -> tuple[()]:
    """Fails with the data where the condition does not hold."""
    if not np.all(condition):
        lines = "".join(f" [{shown(d, summarize).strip('[]') if np.ndim(d) else shown(d)}]" for d in data)
        raise errors.InvalidArgumentError(None, None, f"assertion failed:{lines}")
    return ()


@rows.row("CheckNumerics", shape=shape_inference.like_input())
def check_numerics(tensor: Any, *, message: bytes) -> Any:
    """The tensor, if all its elements are finite."""
    xp = arrays.xp(tensor)
    text = message.decode()

    def error() -> errors.OpError:
        kind = "Inf or NaN"
        if arrays.is_known(tensor):
            nan, inf = np.isnan(tensor).any(), np.isinf(tensor).any()
            kind = "Inf and NaN" if nan and inf else "NaN" if nan else "Inf"
        return errors.InvalidArgumentError(None, None, f"{text} : Tensor had {kind} values")

    arrays.require(xp.isfinite(tensor).all(), error)
    return tensor


@rows.row(
    "Print",
    host=True,
    context=True,
    shape=shape_inference.like_input(),
    gradient=lambda op, grad: [grad] + [None] * (len(op._inputs) - 1),
)
def print_(run: Any, op: Any, input: Any, data: Any, *, message: bytes, summarize: int, first_n: int) -> Any:
    """The input; the data go to standard error, the first `first_n` times in a session if it is not negative."""
    seen = run.session.resources.get(("Print", op.name), 0)
    run.session.resources["Print", op.name] = seen + 1
    if first_n < 0 or seen < first_n:
        sys.stderr.write(message.decode() + "".join(f"{_bracketed(d, summarize)}" for d in data) + "\n")
        sys.stderr.flush()
    return input


def _bracketed(value: Any, summarize: int) -> str:
    text = shown(value, summarize)
    return text if np.ndim(value) else f"[{text}]"


@rows.row("PrintV2", host=True, shape=lambda op: [])
def print_v2(input: Any, *, output_stream: bytes, end: bytes = b"\n") -> tuple[()]:
    """Writes a text to a stream, or a file given as 'file://...'."""
    text = np.asarray(input).item().decode("utf-8", "backslashreplace") + end.decode()
    stream = output_stream.decode()
    if stream.startswith("file://"):
        with open(stream[len("file://") :], "a", encoding="utf-8") as file:  # noqa: PTH123 - the name is TF's, as it is
            file.write(text)
        return ()
    target = sys.stdout if stream == "stdout" else sys.stderr
    target.write(text)
    target.flush()
    return ()


def _own(value: Any) -> Any:
    """An argument for a Python function, which may change it: as in TensorFlow that changes nothing else."""
    if not isinstance(value, np.ndarray):
        return value
    return value.copy() if value.ndim else value[()]


@rows.row(
    "PyFunc",
    "PyFuncStateless",
    "EagerPyFunc",
    host=True,
    shape=lambda op: [shapes.unknown_shape() for _ in op.outputs],
    gradient=rows.NONE,
)
def py_func(input: Any, *, token: bytes, Tout: Any) -> list[Any]:
    """What a Python function gives for the inputs' values."""
    function = FUNCTIONS.get(token.decode())
    if function is None:
        raise errors.UnknownError(
            None,
            None,
            f"PyFunc calls {token.decode()}, a Python function of another process: such a graph runs only where it was built.",
        )
    try:
        result = function(*map(_own, input))
    except errors.OpError:
        raise
    except StopIteration as error:
        raise errors.OutOfRangeError(None, None, f"StopIteration: {error}") from error
    except (ValueError, TypeError) as error:
        raise errors.InvalidArgumentError(None, None, f"{type(error).__name__}: {error}") from error
    except MemoryError as error:
        raise errors.ResourceExhaustedError(None, None, f"MemoryError: {error}") from error
    except NotImplementedError as error:
        raise errors.UnimplementedError(None, None, f"NotImplementedError: {error}") from error
    except Exception as error:
        raise errors.UnknownError(None, None, f"{type(error).__name__}: {error}") from error
    given = [] if result is None and not Tout else list(result) if isinstance(result, list | tuple) else [result]
    if len(given) != len(Tout):
        raise errors.InvalidArgumentError(
            None, None, f"{token.decode()} returns {len(given)} values, but expects to see {len(Tout)} values."
        )
    return [_typed(v, kind, i, token) for i, (v, kind) in enumerate(zip(given, Tout, strict=True))]


def _typed(value: Any, kind: Any, place: int, token: bytes) -> Any:
    if kind.name == "string":
        array = np.asarray(value, dtype=object) if not isinstance(value, np.ndarray) else value
        result = np.empty(array.shape, object)
        for index, v in np.ndenumerate(array):
            result[index] = v if isinstance(v, bytes) else str(v).encode()
        return result
    array = np.asarray(value)
    if array.dtype == np.int64 and not isinstance(value, np.ndarray | np.generic) and kind.name == "int64":
        return array
    if array.dtype != kind.as_numpy_dtype:
        raise errors.InvalidArgumentError(
            None,
            None,
            f"{place}-th value returned by {token.decode()} is {_name(array.dtype)}, but expects {_name(np.dtype(kind.as_numpy_dtype))}",
        )
    return np.array(array)


def _name(dtype: Any) -> str:
    name = str(dtype.name)
    return {"float32": "float", "float64": "double"}.get(name, name)
