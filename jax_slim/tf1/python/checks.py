"""`tf.Assert`, the `assert_*` family, `check_numerics`, `tf.Print` and `tf.print`, and `tf.py_func`."""

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from jax_slim.tf1.graph import building, conversion, dtypes, errors, graphs, shapes
from jax_slim.tf1.graph.composites import SparseTensor
from jax_slim.tf1.graph.tensors import Operation, Tensor
from jax_slim.tf1.operations import checking
from jax_slim.tf1.python import array, control_flow

_tokens = itertools.count()


def Assert(condition: Any, data: Any, summarize: int | None = None, name: str | None = None) -> Operation:
    """An operation that fails, showing the data, where the condition does not hold when it runs."""
    with graphs.name_scope(name, "Assert", [condition, *data]):
        tensors = [d if isinstance(d, Tensor) else conversion.convert_to_tensor(d) for d in data]
        condition = (
            conversion.convert_to_tensor(condition, name="Condition")
            if not isinstance(condition, Tensor)
            else condition
        )
        if all(t.dtype in (dtypes.string, dtypes.int32) for t in tensors):
            # What is no tensor is converted once more, which makes the constants `Assert/data_0` that TF's graphs have.
            return building.make("Assert", condition, list(data), summarize=summarize, name="Assert")

        def failing() -> Any:
            return building.make("Assert", condition, list(data), summarize=summarize, name="Assert")

        return control_flow.cond(condition, control_flow.no_op, failing, name="AssertGuard").op


def _compared(op_type: str, opposite: str, python: Callable[[Any, Any], Any], label: str) -> Callable[..., Any]:
    def check(
        x: Any,
        y: Any,
        data: Any = None,
        summarize: int | None = None,
        message: str | None = None,
        name: str | None = None,
    ) -> Any:
        message = message or ""
        with graphs.name_scope(name, label, [x, y, *(data or [])]):
            x = conversion.convert_to_tensor(x, name="x")
            y = conversion.convert_to_tensor(
                y,
                x.dtype.base_dtype if not isinstance(y, Tensor) and not hasattr(y, "_as_graph_element") else None,
                name="y",
            )
            if data is None:
                data = [
                    message,
                    f"Condition x {opposite} y did not hold element-wise:",
                    f"x ({x.name}) = ",
                    x,
                    f"y ({y.name}) = ",
                    y,
                ]
                data = data[1:] if not message else data
            condition = building.make("All", building.make(op_type, x, y, name=op_type), _all_axes(x, y), name="All")
            a, b = array.constant_value(x), array.constant_value(y)  # what TensorFlow knows: the rest fails in a run
            if a is not None and b is not None and not np.all(python(a, b)):
                raise errors.InvalidArgumentError(
                    None,
                    None,
                    f"{message} Condition x {opposite} y did not hold element-wise: x ({x.name}) = {a} y ({y.name}) = {b}".strip(),
                )
            return Assert(condition, data, summarize=summarize)

    check.__name__, check.__doc__ = (
        label,
        f"An operation that fails where `x {opposite} y` does not hold for all elements; known values are compared at once.",
    )
    return check


def _all_axes(x: Tensor, y: Tensor) -> Any:
    rank = shapes.broadcast(x.shape, y.shape).ndims
    if rank is not None:
        return conversion.constant(np.arange(rank, dtype=np.int32), name="Const")
    return building.make(
        "Range", 0, building.make("Rank", building.make("LogicalAnd", True, building.make("Equal", x, x))), 1
    )


assert_equal = _compared("Equal", "==", lambda a, b: a == b, "assert_equal")
assert_none_equal = _compared("NotEqual", "!=", lambda a, b: a != b, "assert_none_equal")
assert_less = _compared("Less", "<", lambda a, b: a < b, "assert_less")
assert_less_equal = _compared("LessEqual", "<=", lambda a, b: a <= b, "assert_less_equal")
assert_greater = _compared("Greater", ">", lambda a, b: a > b, "assert_greater")
assert_greater_equal = _compared("GreaterEqual", ">=", lambda a, b: a >= b, "assert_greater_equal")


def _signed(compare: Any, turned: bool, label: str, what: str) -> Callable[..., Any]:
    def check(
        x: Any, data: Any = None, summarize: int | None = None, message: str | None = None, name: str | None = None
    ) -> Any:
        with graphs.name_scope(name, label, [x, *(data or [])]):
            x = conversion.convert_to_tensor(x, name="x")
            if data is None:
                data = [message or "", f"Condition x {what} did not hold element-wise:", f"x ({x.name}) = ", x]
            zero = conversion.constant(0, x.dtype.base_dtype)
            return (
                compare(zero, x, data=data, summarize=summarize)
                if turned
                else compare(x, zero, data=data, summarize=summarize)
            )

    check.__name__, check.__doc__ = label, f"An operation that fails unless all elements are {what}."
    return check


assert_positive = _signed(assert_less, True, "assert_positive", "> 0")
assert_negative = _signed(assert_less, False, "assert_negative", "< 0")
assert_non_negative = _signed(assert_less_equal, True, "assert_non_negative", ">= 0")
assert_non_positive = _signed(assert_less_equal, False, "assert_non_positive", "<= 0")


def _ranked(label: str, good: Callable[[Any, Any], bool], words: str, op_type: str) -> Callable[..., Any]:
    def check(
        x: Any,
        rank: Any,
        data: Any = None,
        summarize: int | None = None,
        message: str | None = None,
        name: str | None = None,
    ) -> Any:
        with graphs.name_scope(name, label, [x, *(data or [])]):
            x = x if isinstance(x, SparseTensor) else conversion.convert_to_tensor(x, name="x")
            rank = conversion.convert_to_tensor(rank, name="rank")
            wanted, found = array.constant_value(rank), x.get_shape().ndims
            if wanted is not None and np.ndim(wanted) != 0:
                raise ValueError("Rank must be a scalar.")
            if wanted is not None and found is not None:
                if not good(found, int(wanted)):
                    raise ValueError(
                        f"{message or ''}. Tensor {x.name} must have rank {words}{int(wanted)}. Received rank {found}, shape {x.get_shape()}".lstrip(
                            ". "
                        )
                    )
                return control_flow.no_op(name="static_checks_determined_all_ok")
            condition = building.make(op_type, building.make("Rank", x), rank)
            if data is None:
                data = [
                    message or "",
                    f"Tensor {x.name} must have rank",
                    rank,
                    "Received shape: ",
                    building.make("Shape", x),
                ]
            return Assert(condition, data, summarize=summarize)

    check.__name__, check.__doc__ = (
        label,
        f"An operation that fails unless x has rank {words}`rank`; where the rank is known, a ValueError at once.",
    )
    return check


assert_rank = _ranked("assert_rank", lambda a, b: a == b, "", "Equal")
assert_rank_at_least = _ranked("assert_rank_at_least", lambda a, b: a >= b, "at least ", "GreaterEqual")


def assert_rank_in(
    x: Any,
    ranks: Any,
    data: Any = None,
    summarize: int | None = None,
    message: str | None = None,
    name: str | None = None,
) -> Any:
    """An operation that fails unless x has one of the ranks; where the rank is known, a ValueError at once."""
    with graphs.name_scope(name, "assert_rank_in", [x, *ranks]):
        x = conversion.convert_to_tensor(x, name="x")
        wanted = [array.constant_value(conversion.convert_to_tensor(r)) for r in ranks]
        found = x.shape.ndims
        if found is not None and all(w is not None for w in wanted):
            if found not in [int(w) for w in wanted]:
                raise ValueError(
                    f"{message or ''}. Tensor {x.name} must have rank in {tuple(int(w) for w in wanted)}. Received rank {found}, shape {x.shape}".lstrip(
                        ". "
                    )
                )
            return control_flow.no_op(name="static_checks_determined_all_ok")
        rank = building.make("Rank", x)
        condition = building.make(
            "Any",
            building.make("Equal", rank, building.make("Pack", [conversion.convert_to_tensor(r) for r in ranks])),
            0,
        )
        return Assert(
            condition,
            data
            or [
                message or "",
                f"Tensor {x.name} must have rank in",
                *ranks,
                "Received shape: ",
                building.make("Shape", x),
            ],
            summarize,
        )


def assert_type(tensor: Any, tf_type: Any, message: str | None = None, name: str | None = None) -> Any:
    """Raises a TypeError at once unless the tensor has the type."""
    with graphs.name_scope(name, "assert_type", [tensor]):
        tensor = tensor if isinstance(tensor, SparseTensor) else conversion.convert_to_tensor(tensor, name="tensor")
        if tensor.dtype.base_dtype != dtypes.as_dtype(tf_type).base_dtype:
            raise TypeError(f"{message or ''}  {tensor.name} must be of type {dtypes.as_dtype(tf_type)}".strip())
        return control_flow.no_op("statically_determined_correct_type")


def assert_integer(x: Any, message: str | None = None, name: str | None = None) -> Any:
    """Raises a TypeError at once unless x is of an integer type."""
    with graphs.name_scope(name, "assert_integer", [x]):
        x = conversion.convert_to_tensor(x, name="x")
        if not x.dtype.is_integer:
            raise TypeError(f"{message or ''}  Expected 'x' to be integer type. Found: {x.dtype.name}".strip())
        return control_flow.no_op("statically_determined_was_integer")


def assert_scalar(tensor: Any, name: str | None = None, message: str | None = None) -> Any:
    """The tensor; a ValueError at once where it is known to be no scalar."""
    with graphs.name_scope(name, "assert_scalar", [tensor]):
        tensor = conversion.convert_to_tensor(tensor, name="tensor")
        if tensor.shape.ndims not in (None, 0):
            raise ValueError(f"{message or ''}Expected scalar shape, saw shape: {tensor.shape}.")
        return tensor


def assert_same_float_dtype(tensors: Any = None, dtype: Any = None) -> Any:
    """The common float type of the tensors.

    Raises:
      ValueError: they differ, or are no floats.
    """
    for tensor in tensors or []:
        kind = tensor.dtype.base_dtype
        if dtype is not None and kind != dtype:
            raise ValueError(f"Tensor {tensor} must be of type {dtype}, got {kind.name}.")
        dtype = kind
    dtype = dtypes.float32 if dtype is None else dtypes.as_dtype(dtype)
    if not dtype.is_floating:
        raise ValueError(f"Expected floating point type, got {dtype}.")
    return dtype


def assert_proper_iterable(values: Any) -> None:
    """Raises a TypeError unless the values are a list or the like: no tensor, array or text."""
    if isinstance(values, Tensor | SparseTensor | np.ndarray | str | bytes) or not hasattr(values, "__iter__"):
        raise TypeError(f"Expected argument 'values' to be a 'proper' iterable. Found: {type(values)}")


def is_numeric_tensor(tensor: Any) -> bool:
    """Whether it is a tensor of numbers."""
    return isinstance(tensor, Tensor) and (
        tensor.dtype.is_floating or tensor.dtype.is_integer or tensor.dtype.is_complex
    )


def is_strictly_increasing(x: Any, name: str | None = None) -> Tensor:
    """Whether each element is larger than the one before."""
    with graphs.name_scope(name, "is_strictly_increasing", [x]):
        return _differences(x, "Less")


def is_non_decreasing(x: Any, name: str | None = None) -> Tensor:
    """Whether no element is smaller than the one before."""
    with graphs.name_scope(name, "is_non_decreasing", [x]):
        return _differences(x, "LessEqual")


def _differences(x: Any, op_type: str) -> Tensor:
    x = building.make("Reshape", conversion.convert_to_tensor(x, name="x"), [-1])
    before = building.make("StridedSlice", x, [0], [-1], [1])
    after = building.make("StridedSlice", x, [1], [0], [1], end_mask=1)
    return building.make("All", building.make(op_type, before, after), [0])


def check_numerics(tensor: Any, message: str, name: str | None = None) -> Tensor:
    """The tensor; InvalidArgumentError with the message where it holds NaN or infinity when it runs."""
    return building.make("CheckNumerics", tensor, message=message, name=name)


def verify_tensor_all_finite(
    t: Any = None, msg: str | None = None, name: str | None = None, x: Any = None, message: str | None = None
) -> Tensor:
    """`check_numerics` in a scope of its own."""
    value, text = (x if t is None else t), (message if msg is None else msg)
    with graphs.name_scope(name, "VerifyFinite", [value]):
        value = conversion.convert_to_tensor(value, name="x")
        checked = check_numerics(value, text or "")
        return control_flow.with_dependencies([checked], value)


def add_check_numerics_ops() -> Operation:
    """An operation that checks every float tensor of the graph."""
    checks: list[Any] = []
    for op in graphs.get_default_graph().get_operations():
        if op.context is not None:
            continue
        for tensor in op.outputs:
            if tensor.dtype in (
                dtypes.float16,
                dtypes.float32,
                dtypes.float64,
            ) and graphs.get_default_graph().is_fetchable(op):
                with graphs.control_dependencies(checks):
                    checks = [check_numerics(tensor, message=f"{op.name}:{tensor.value_index}")]
    return control_flow.group(*checks)


def Print(
    input_: Any,
    data: Any,
    message: str | None = None,
    first_n: int | None = None,
    summarize: int | None = None,
    name: str | None = None,
) -> Tensor:
    """The input; whenever it is computed, the data are written to standard error."""
    return building.make(
        "Print",
        input_,
        list(data),
        message=message or "",
        first_n=-1 if first_n is None else first_n,
        summarize=3 if summarize is None else summarize,
        name=name,
    )


def print_v2(
    *inputs: Any,
    output_stream: Any = None,
    summarize: int = 3,
    sep: str = " ",
    end: str = "\n",
    name: str | None = None,
) -> Operation:
    """An operation (`tf.print`) that writes its inputs, joined by `sep`, to standard error or the stream given."""
    import sys

    from jax_slim.tf1.python import logging, strings, structures

    names = {
        None: "stderr",
        sys.stderr: "stderr",
        sys.stdout: "stdout",
        logging.info: "log(info)",
        logging.warning: "log(warning)",
        logging.error: "log(error)",
    }
    stream = names.get(output_stream) if not isinstance(output_stream, str) else output_stream
    if stream is None:
        raise ValueError(
            f"Output stream must be stdout, stderr, a file path or a logging function, got {output_stream!r}."
        )
    stream = "stderr" if stream.startswith("log") else stream
    with graphs.name_scope(name, "print_v2", [i for i in inputs if isinstance(i, Tensor)]):
        templates, tensors = [], []
        for given in inputs:
            if isinstance(given, str | bytes):
                templates.append(given if isinstance(given, str) else given.decode())
                continue
            flat = structures.flatten(given)
            if structures.is_nested(given):
                marks = structures.pack_sequence_as(given, [_Mark()] * len(flat))
                templates.append(repr(marks))
            else:
                templates.append("{}")
            tensors.extend(conversion.convert_to_tensor(v) for v in flat)
        text = strings.string_format(
            sep.join(t.replace("<>", "{}") if t != "{}" else t for t in templates),
            tensors,
            placeholder="{}",
            summarize=summarize,
        )
        return building.make("PrintV2", text, output_stream=stream, end=end, name="PrintV2")


class _Mark:
    def __repr__(self) -> str:
        return "{}"


def py_func(func: Callable[..., Any], inp: Any, Tout: Any, stateful: bool = True, name: str | None = None) -> Any:
    """Calls a Python function on arrays while the graph runs.

    Args:
      func: gets one array for each tensor, returns one for each type in `Tout` (or just one).
      Tout: the type, or a list of types, that it returns exactly; shapes are not known.
    """
    token = f"pyfunc_{next(_tokens)}"
    checking.FUNCTIONS[token] = func
    kinds = list(Tout) if isinstance(Tout, list | tuple) else [Tout]
    made = building.make_op("PyFunc" if stateful else "PyFuncStateless", list(inp), token=token, Tout=kinds, name=name)
    if not kinds:
        return made
    return list(made.outputs) if isinstance(Tout, list | tuple) else made.outputs[0]


def numpy_function(func: Callable[..., Any], inp: Any, Tout: Any, name: str | None = None) -> Any:
    """`py_func` with state."""
    return py_func(func, inp, Tout, stateful=True, name=name)
