"""`tf.cond`, `tf.case`, `tf.while_loop`, and what orders operations: `group`, `tuple`, `no_op`."""

from collections.abc import Callable
from typing import Any

from jax_slim.tf1.graph import building, control_flow, conversion, dtypes, graphs, shapes
from jax_slim.tf1.graph.composites import IndexedSlices, SparseTensor
from jax_slim.tf1.graph.tensors import Operation, Tensor
from jax_slim.tf1.python import structures
from jax_slim.tf1.python.tensor_array import TensorArray


def no_op(name: str | None = None) -> Operation:
    """An operation that does nothing."""
    return building.make_op("NoOp", name=name)


def with_dependencies(dependencies: Any, output_tensor: Any, name: str | None = None) -> Any:
    """The tensor, to be computed after the dependencies."""
    with graphs.name_scope(name, "control_dependency", [*dependencies, output_tensor]) as scope:
        with graphs.colocate_with(output_tensor), graphs.control_dependencies(dependencies):
            if isinstance(output_tensor, IndexedSlices):
                return IndexedSlices(
                    building.make("Identity", output_tensor.values), output_tensor.indices, output_tensor.dense_shape
                )
            return building.make("Identity", conversion.convert_to_tensor(output_tensor), name=scope)


def group(*inputs: Any, **kwargs: Any) -> Operation:
    """An operation that has run when all inputs have (nested lists are spread)."""
    name = kwargs.pop("name", None)
    if kwargs:
        raise ValueError(f"Unknown keyword arguments: {', '.join(kwargs)}")
    flat = [i for given in inputs for i in structures.flatten(given)]
    with graphs.name_scope(name, "group_deps", flat) as scope:
        if not flat:
            return no_op(name=scope)
        ops: dict[str, list[Any]] = {}
        for entry in flat:
            if isinstance(entry, IndexedSlices | SparseTensor):
                entry = entry.values
            if not hasattr(entry, "device"):
                raise TypeError(
                    f"Expected tf.group() expected Tensor objects not None or {type(entry)}. Got {entry!r}."
                )
            ops.setdefault(entry.device, []).append(entry)
        if len(ops) == 1:
            ((device, entries),) = ops.items()
            with graphs.device(device or None), graphs.control_dependencies(entries):
                return no_op(name=scope)
        parts = []
        for device in sorted(ops):
            with graphs.device(device or None), graphs.control_dependencies(ops[device]):
                parts.append(no_op())
        with graphs.control_dependencies(parts):
            return no_op(name=scope)


def tuple(tensors: Any, name: str | None = None, control_inputs: Any = None) -> list[Any]:
    """The tensors, none of which is there before all of them (and the control inputs) have been computed. None stays None."""
    with graphs.name_scope(name, "tuple", [t for t in tensors if t is not None]):
        gating = [t if isinstance(t, Operation) else t.op for t in tensors if t is not None]
        gating.extend(entry if isinstance(entry, Operation) else entry.op for entry in control_inputs or [])
        gating = sorted(set(gating), key=lambda op: op.number)
        if not gating:
            raise ValueError(f"Must have at least one Tensor: {tensors}")
        with graphs.control_dependencies(gating):
            gate = group(*gating)
        result: list[Any] = []
        for tensor in tensors:
            if tensor is None:
                result.append(None)
            elif isinstance(tensor, Operation):
                with graphs.control_dependencies([gate]):
                    result.append(no_op())
            else:
                result.append(with_dependencies([gate], tensor))
        return result


# Conditionals.


def smart_cond(pred: Any, true_fn: Any = None, false_fn: Any = None, name: str | None = None) -> Any:
    """`cond`, but only the branch is built where the predicate is a Python bool or a constant."""
    value = smart_constant_value(pred)
    if value is None:
        return cond(pred, true_fn=true_fn, false_fn=false_fn, name=name)
    return true_fn() if value else false_fn()


def smart_constant_value(pred: Any) -> bool | None:
    """The value of a Python bool (or 0 and 1) or of a constant tensor; None for other tensors."""
    from jax_slim.tf1.graph import known_values

    if (
        isinstance(pred, bool) or pred in (0, 1)
        if not isinstance(pred, Tensor) and not hasattr(pred, "_as_graph_element")
        else False
    ):
        return bool(pred)
    if isinstance(pred, Tensor):
        found = known_values.constant_value(pred)
        return None if found is None else bool(found)
    return None


def cond(
    pred: Any,
    true_fn: Any = None,
    false_fn: Any = None,
    strict: bool = False,
    name: str | None = None,
    fn1: Any = None,
    fn2: Any = None,
) -> Any:
    """What one of two functions returns, chosen by a boolean tensor when the graph runs.

    Only operations that the functions make belong to their branch; everything else runs in any case.

    Args:
      pred: a boolean scalar.
      true_fn, false_fn: functions without arguments that return the same structure of the same types.
      strict: keeps a list of one element a list.

    Raises:
      TypeError: functions that are none, a predicate that is a Python bool, results of different types.
      ValueError: results of different structures.
    """
    true_fn, false_fn = _renamed(true_fn, fn1, "true_fn", "fn1"), _renamed(false_fn, fn2, "false_fn", "fn2")
    for label, function in (("true_fn", true_fn), ("false_fn", false_fn)):
        if not callable(function):
            raise TypeError(f"{label} must be callable.")
    if isinstance(pred, bool):
        raise TypeError("pred must not be a Python bool")
    with graphs.name_scope(name, "cond", [pred]) as scope:
        graph = graphs.get_default_graph()
        pred = conversion.convert_to_tensor(pred, name="pred") if not isinstance(pred, Tensor) else pred
        if pred.dtype.base_dtype != dtypes.bool_:
            raise TypeError(f"pred must be a boolean tensor, got {pred.dtype.name}.")
        switches = building.make("Switch", pred, pred, name="Switch")
        switches[0].op.private["pivot"] = True
        pivot_true = building.make("Identity", switches[1], name="switch_t")
        pivot_false = building.make("Identity", switches[0], name="switch_f")
        pred = building.make("Identity", pred, name="pred_id")
        for tensor in (*switches, pivot_true, pivot_false, pred):
            graph.prevent_fetching(tensor.op)
        construct = control_flow.Conditional(
            f"{scope}cond_text" if scope else "cond_text", graph._control_flow_context, pred
        )
        context_true = control_flow.CondContext(construct, pivot_true, 1)
        result_true, flat_true = _branch(context_true, true_fn)
        context_false = control_flow.CondContext(construct, pivot_false, 0)
        result_false, flat_false = _branch(context_false, false_fn)
        _check_results(result_true, result_false, flat_true, flat_false)
        merges = [_merged(f, t) for f, t in zip(flat_false, flat_true, strict=True)]
        for entry in merges:
            for tensor in _components(entry):
                tensor.op.private["construct"] = construct
                construct.merges.append(tensor.op)
                construct.outputs.append(tensor)
        packed = structures.pack_sequence_as(result_true, _flows_to_arrays(flat_true, merges))
        if isinstance(packed, list) and len(packed) == 1 and not strict:
            packed = packed[0]
        return packed


def _renamed(new: Any, old: Any, name: str, old_name: str) -> Any:
    if old is not None and new is not None:
        raise TypeError(f"cond(): {old_name} is deprecated in favor of {name}: only one of them may be given.")
    return old if new is None else new


def _branch(context: control_flow.CondContext, function: Callable[[], Any]) -> Any:
    context.enter()
    try:
        original = function()
        if original is None:
            raise ValueError("true_fn and false_fn must return something: a branch returned None.")
        flat = [_branch_output(context, r) for r in structures.flatten(original)]
    finally:
        context.exit()
    return original, flat


def _branch_output(context: control_flow.CondContext, value: Any) -> Any:
    if isinstance(value, Operation):
        with graphs.control_dependencies([value]):
            return building.make("Identity", context.pivot, name="control_dependency")
    if isinstance(value, TensorArray):
        return _ArrayFlow(value, context.output(value.flow))
    if isinstance(value, SparseTensor):
        parts = [context.output(t) for t in (value.indices, value.values, value.dense_shape)]
        return SparseTensor(*parts)
    if isinstance(value, IndexedSlices):
        shape = None if value.dense_shape is None else context.output(value.dense_shape)
        return IndexedSlices(context.output(value.values), context.output(value.indices), shape)
    return context.output(conversion.convert_to_tensor(value, as_ref=True))


class _ArrayFlow:
    def __init__(self, array: TensorArray, flow: Tensor) -> None:
        self.array, self.flow = array, flow
        self.dtype = flow.dtype


def _components(entry: Any) -> list[Tensor]:
    if isinstance(entry, SparseTensor):
        return [entry.indices, entry.values, entry.dense_shape]
    if isinstance(entry, IndexedSlices):
        return [t for t in (entry.values, entry.indices, entry.dense_shape) if t is not None]
    return [entry.flow] if isinstance(entry, _ArrayFlow) else [entry]


def _merged(false: Any, true: Any) -> Any:
    if isinstance(true, SparseTensor):
        parts = [control_flow.merge([f, t]) for f, t in zip(_components(false), _components(true), strict=True)]
        return SparseTensor(*parts)
    if isinstance(true, IndexedSlices):
        parts = [control_flow.merge([f, t]) for f, t in zip(_components(false), _components(true), strict=True)]
        return IndexedSlices(*parts)
    if isinstance(true, _ArrayFlow):
        return _ArrayFlow(true.array, control_flow.merge([false.flow, true.flow]))
    return control_flow.merge([false, true])


def _flows_to_arrays(originals: list[Any], merges: list[Any]) -> list[Any]:
    return [
        o.array.with_flow(m.flow) if isinstance(o, _ArrayFlow) else m for o, m in zip(originals, merges, strict=True)
    ]


def _check_results(true: Any, false: Any, flat_true: list[Any], flat_false: list[Any]) -> None:
    if len(flat_true) != len(flat_false):
        raise ValueError(
            f"The two structures don't have the same nested structure: true_fn returns {len(flat_true)} values, false_fn {len(flat_false)}."
        )
    try:
        structures.assert_same_structure(true, false)
    except TypeError as error:
        raise TypeError(f"Incompatible return types of true_fn and false_fn: {error}") from None
    except ValueError as error:
        raise ValueError(f"Incompatible return values of true_fn and false_fn: {error}") from None
    for a, b in zip(flat_true, flat_false, strict=True):
        if a.dtype.base_dtype != b.dtype.base_dtype:
            raise ValueError(f"Outputs of true_fn and false_fn must have the same type: {a.dtype.name}, {b.dtype.name}")


def switch(data: Any, pred: Any, dtype: Any = None, name: str | None = None) -> Any:
    """[the value where the predicate is false, where it is true]; what is computed from the other one is not there."""
    with graphs.name_scope(name, "Switch", [data, pred]) as scope:
        data = conversion.convert_to_tensor(data, dtype, name="data")
        return list(building.make("Switch", data, conversion.convert_to_tensor(pred), name=scope))


def merge(inputs: Any, name: str | None = None) -> Any:
    """(the input that is there, its number)."""
    with graphs.name_scope(name, "Merge", inputs) as scope:
        return building.make("Merge", [conversion.convert_to_tensor(i) for i in inputs], name=scope)


builtin_tuple, builtin_list = ().__class__, [].__class__


# Loops.


def while_loop(cond: Any, body: Any, loop_vars: Any, shape_invariants: Any = None, parallel_iterations: int = 10, back_prop: bool = True,
               swap_memory: bool = False, name: str | None = None, maximum_iterations: Any = None, return_same_structure: bool = False) -> Any:  # fmt: skip
    """Repeats `loop_vars = body(*loop_vars)` while `cond(*loop_vars)` holds.

    Args:
      loop_vars: nested structure of tensors and TensorArrays; their types stay, and their shapes unless
        `shape_invariants` (the same structure of shapes) says otherwise.
      maximum_iterations: a limit for the number of rounds.

    Returns:
      The last values, in the same structure; a single one bare unless `return_same_structure`.

    Raises:
      TypeError, ValueError: functions that are none, no loop variables, types or shapes that change.
    """
    if not callable(cond):
        raise TypeError("cond must be callable.")
    if not callable(body):
        raise TypeError("body must be callable.")
    if parallel_iterations < 1:
        raise TypeError("parallel_iterations must be a positive integer.")
    if not loop_vars and not isinstance(loop_vars, Tensor):
        raise ValueError("No loop variables provided")
    with graphs.name_scope(name, "while", structures.flatten(loop_vars)):
        try_to_pack = not isinstance(loop_vars, list | builtin_tuple) or (
            len(loop_vars) == 1 and not return_same_structure
        )
        if not isinstance(loop_vars, list | builtin_tuple):
            loop_vars, try_to_pack = [loop_vars], True
            cond, body = _unwrapped(cond), _unwrapped(body)
            shape_invariants = None if shape_invariants is None else [shape_invariants]
        if maximum_iterations is not None:
            maximum_iterations = conversion.convert_to_tensor(maximum_iterations, name="maximum_iterations")
            if maximum_iterations.shape.ndims not in (None, 0):
                raise ValueError(f"maximum_iterations must be a scalar, saw shape: {maximum_iterations.shape}")
            counter = conversion.constant(0, maximum_iterations.dtype, name="iteration_counter")
            user_cond, user_body = cond, body
            limit = maximum_iterations

            def counted_cond(i: Any, values: Any) -> Any:
                return building.make("LogicalAnd", building.make("Less", i, limit), user_cond(*values))

            def counted_body(i: Any, values: Any) -> Any:
                result = user_body(*values)
                if len(values) == 1 and not isinstance(result, list | builtin_tuple):
                    result = [result]
                return [
                    building.make("AddV2", i, conversion.constant(1, i.dtype, name="y"), name="add"),
                    _like(values, result),
                ]

            if shape_invariants is not None:
                shape_invariants = [shapes.TensorShape([]), shape_invariants]
            cond, body, loop_vars = counted_cond, counted_body, [counter, loop_vars]
        result = _built(cond, body, loop_vars, shape_invariants, parallel_iterations, back_prop, swap_memory)
        if maximum_iterations is not None:
            result = result[1]
        return result[0] if try_to_pack and len(result) == 1 and not structures.is_nested(result[0]) else result


def _unwrapped(function: Any) -> Any:
    return lambda value: function(value)


def _like(wanted: Any, result: Any) -> Any:
    if isinstance(wanted, list) != isinstance(result, list):
        raise TypeError(
            "The two structures don't have the same sequence type: the body must return the kind of sequence (list or tuple) that loop_vars is."
        )
    return result


def _built(cond: Any, body: Any, loop_vars: Any, invariants: Any, parallel: int, back_prop: bool, swap: bool) -> Any:
    graph = graphs.get_default_graph()
    flat = structures.flatten(loop_vars)
    tensors: list[Tensor] = []
    for value in flat:
        tensors.extend(_as_flows(value))
    loop = control_flow.Loop(graph.unique_name("while_context"), graph._control_flow_context)
    context = control_flow.WhileContext(loop, parallel, back_prop, swap)

    def pack(values: list[Tensor]) -> Any:
        return structures.pack_sequence_as(loop_vars, _repacked(flat, values))

    def unpack(result: Any) -> list[Tensor]:
        if not isinstance(result, list | builtin_tuple) or (hasattr(result, "_fields") and len(loop_vars) == 1):
            result = [result]
        if len(loop_vars) == 1 and isinstance(result, builtin_tuple) and not isinstance(loop_vars, builtin_tuple):
            result = list(result)
        if len(result) != len(loop_vars):
            raise ValueError(
                f"The two structures don't have the same number of elements: loop_vars has {len(loop_vars)}, body returned {len(result)}."
            )
        structures.assert_same_structure(list(loop_vars), list(result))
        found: list[Tensor] = []
        for value in structures.flatten(list(result)):
            value = (
                value
                if hasattr(value, "flow") or isinstance(value, SparseTensor | IndexedSlices)
                else conversion.convert_to_tensor(value)
            )
            found.extend(_as_flows(value))
        return found

    shape_list = None
    if invariants is not None:
        structures.assert_same_structure_up_to(loop_vars, invariants)
        shape_list = []
        for value, shape in zip(flat, structures.flatten_up_to(loop_vars, invariants), strict=True):
            shape_list.extend(
                [None] * len(_as_flows(value)) if len(_as_flows(value)) > 1 or hasattr(value, "flow") else [shape]
            )
    exits = context.build(lambda *v: cond(*v), lambda *v: body(*v), tensors, shape_list, pack, unpack)
    return structures.pack_sequence_as(loop_vars, _repacked(flat, exits))


def _as_flows(value: Any) -> list[Tensor]:
    if isinstance(value, TensorArray):
        return [value.flow]
    if isinstance(value, SparseTensor):
        return [value.indices, value.values, value.dense_shape]
    if isinstance(value, IndexedSlices):
        return [t for t in (value.values, value.indices, value.dense_shape) if t is not None]
    return [conversion.convert_to_tensor(value)]


def _repacked(flat: list[Any], values: list[Tensor]) -> list[Any]:
    found: list[Any] = []
    place = 0
    for value in flat:
        count = len(_as_flows(value)) if isinstance(value, TensorArray | SparseTensor | IndexedSlices) else 1
        part = values[place : place + count]
        place += count
        if isinstance(value, TensorArray):
            found.append(value.with_flow(part[0]))
        elif isinstance(value, SparseTensor):
            found.append(SparseTensor(*part))
        elif isinstance(value, IndexedSlices):
            found.append(IndexedSlices(*part))
        else:
            found.append(part[0])
    return found
