"""`tf.nn.dynamic_rnn`, `static_rnn` and their kind: cells over sequences."""

from collections.abc import Callable
from typing import Any

from jax_slim.tf1.graph import conversion, dtypes, graphs, shapes
from jax_slim.tf1.graph.tensors import Tensor
from jax_slim.tf1.python import (
    array,
    checks,
    constant_op,
    control_flow,
    gathering,
    joining,
    math,
    reductions,
    structures,
    variable_scope,
)
from jax_slim.tf1.python.rnn_cell_base import assert_like_rnncell, join_shapes, join_static_shapes
from jax_slim.tf1.python.tensor_array import TensorArray


def transpose_batch_time(x: Any) -> Tensor:
    """[batch, time, ...] as [time, batch, ...], or back; tensors of rank 0 and 1 stay.

    Raises:
      TypeError: the rank is not known.
    """
    known = x.get_shape()
    if known.ndims is None:
        raise TypeError(f"The rank of {x.name} must be known, and is not: set_shape says it.")
    if known.ndims < 2:
        return x
    rank = array.rank(x)
    turned = array.transpose(x, joining.concat(([1, 0], constant_op.range(2, rank)), axis=0))
    turned.set_shape(shapes.TensorShape([known[1].value, known[0].value]).concatenate(known[2:]))
    return turned


def best_effort_input_batch_size(flat_input: Any) -> Any:
    """The batch size of time-major inputs: a number where one of them tells it, else a tensor."""
    for tensor in flat_input:
        shape = tensor.shape
        if shape.ndims is None:
            continue
        if shape.ndims < 2:
            raise ValueError(f"Expected input tensor {tensor} to have rank at least 2")
        if shape[1].value is not None:
            return shape[1].value
    return array.shape(flat_input[0])[1]


def _type_of(dtype: Any, state: Any) -> Any:
    """What is asked for, or the one type of a state's tensors."""
    if dtype:
        return dtype
    found = [t.dtype for t in structures.flatten(state)]
    if not found:
        raise ValueError("Unable to infer dtype from empty state.")
    if any(t != found[0] for t in found):
        raise ValueError(
            "State has tensors of different inferred_dtypes. Unable to infer a single representative dtype."
        )
    return found[0]


def _start(cell: Any, initial_state: Any, batch_size: Any, dtype: Any, message: str) -> Any:
    if initial_state is not None:
        return initial_state
    if not dtype:
        raise ValueError(message)
    if getattr(cell, "get_initial_state", None) is not None:
        return cell.get_initial_state(inputs=None, batch_size=batch_size, dtype=dtype)
    return cell.zero_state(batch_size, dtype)


def _rnn_step(
    time: Any,
    lengths: Any,
    shortest: Any,
    longest: Any,
    zero_output: Any,
    state: Any,
    call_cell: Callable[[], Any],
    always: bool = False,
) -> Any:
    """One step: past its length an entry's outputs are zero and its state stays. `always` calls the cell in any case."""
    flat_zero, flat_state = structures.flatten(zero_output), structures.flatten(state)

    def chosen(old: Any, new: Any) -> Any:
        if isinstance(old, TensorArray) or old.shape.ndims == 0:
            return new
        over = time >= lengths
        with graphs.colocate_with(new):
            return gathering.where(over, old, new)

    def called() -> tuple[list[Any], list[Any]]:
        output, new = call_cell()
        structures.assert_same_structure(zero_output, output)
        structures.assert_same_structure(state, new)
        return structures.flatten(output), structures.flatten(new)

    def kept(output: list[Any], new: list[Any]) -> list[Any]:
        return [chosen(z, o) for z, o in zip(flat_zero, output, strict=True)] + [
            chosen(s, n) for s, n in zip(flat_state, new, strict=True)
        ]

    def stepped() -> Any:
        output, new = called()
        return control_flow.cond(time < shortest, lambda: output + new, lambda: kept(output, new))

    if always:
        result = kept(*called())
    else:
        result = control_flow.cond(time >= longest, lambda: flat_zero + flat_state, stepped)
    output, new = result[: len(flat_zero)], result[len(flat_zero) :]
    for tensor, like in zip(output, flat_zero, strict=True):
        tensor.set_shape(like.get_shape())
    for tensor, like in zip(new, flat_state, strict=True):
        if not isinstance(tensor, TensorArray):
            tensor.set_shape(like.get_shape())
    return structures.pack_sequence_as(zero_output, output), structures.pack_sequence_as(state, new)


def dynamic_rnn(cell: Any, inputs: Any, sequence_length: Any = None, initial_state: Any = None, dtype: Any = None, parallel_iterations: int | None = None,
                swap_memory: bool = False, time_major: bool = False, scope: Any = None) -> Any:  # fmt: skip
    """Runs a cell over the time steps of sequences, in a loop.

    Args:
      cell: an RNNCell.
      inputs: [batch, time, ...], or [time, batch, ...] with `time_major`; or a nested structure of such.
      sequence_length: int vector [batch]; past an entry's length outputs are zero and its state stays.
      initial_state: zeros of type `dtype` where it is not given.
      scope: the variable scope, by default "rnn".

    Returns:
      (outputs [batch, time, ...], the last state).

    Raises:
      TypeError: no cell, or the rank of the inputs is not known.
      ValueError: neither state nor type is given, or sizes of the inputs are not known.
    """
    assert_like_rnncell("cell", cell)
    with variable_scope.variable_scope(scope or "rnn"):
        flat = [conversion.convert_to_tensor(i) for i in structures.flatten(inputs)]
        if not time_major:
            flat = [transpose_batch_time(i) for i in flat]
        if sequence_length is not None:
            sequence_length = math.cast(sequence_length, dtypes.int32)
            if sequence_length.get_shape().ndims not in (None, 1):
                raise ValueError(
                    f"sequence_length must be a vector of length batch_size, but saw shape: {sequence_length.get_shape()}"
                )
            sequence_length = array.identity(sequence_length, name="sequence_length")
        batch_size = best_effort_input_batch_size(flat)
        state = _start(cell, initial_state, batch_size, dtype, "If there is no initial_state, you must give a dtype.")
        if sequence_length is not None:
            with graphs.control_dependencies([_assert_has_shape(sequence_length, [batch_size])]):
                sequence_length = array.identity(sequence_length, name="CheckSeqLen")
        inputs = structures.pack_sequence_as(inputs, flat)
        outputs, final = _loop(cell, inputs, state, parallel_iterations or 32, swap_memory, sequence_length, dtype)
        if not time_major:
            outputs = structures.map_structure(transpose_batch_time, outputs)
        return outputs, final


def _assert_has_shape(x: Tensor, shape: Any) -> Any:
    found, wanted = array.shape(x), joining.stack(shape)
    return checks.Assert(
        reductions.reduce_all(math.equal(found, wanted)),
        [f"Expected shape for Tensor {x.name} is ", wanted, " but saw shape: ", found],
    )


def _loop(cell: Any, inputs: Any, state: Any, parallel: int, swap: bool, lengths: Any, dtype: Any) -> Any:
    flat, sizes = structures.flatten(inputs), structures.flatten(cell.output_size)
    steps = array.shape(flat[0])[0]
    batch_size = best_effort_input_batch_size(flat)
    known = [i.get_shape().with_rank_at_least(3) for i in flat]
    known_steps, known_batch = known[0].as_list()[:2]
    for shape in known:
        if not shape[2:].is_fully_defined():
            raise ValueError("Input size (depth of inputs) must be accessible via shape inference, but saw value None.")
        if shape[0].value != known_steps:
            raise ValueError("Time steps is not the same for all the elements in the input in a batch.")
        if shape[1].value != known_batch:
            raise ValueError("Batch_size is not the same for all the elements in the input.")
    kind = _type_of(dtype, state)
    zeros = structures.pack_sequence_as(
        cell.output_size, [constant_op.zeros(join_shapes(batch_size, size), kind) for size in sizes]
    )
    shortest, longest = None, steps
    if lengths is not None:
        shortest, longest = reductions.reduce_min(lengths), reductions.reduce_max(lengths)
    time = constant_op.constant(0, dtype=dtypes.int32, name="time")
    with graphs.name_scope("dynamic_rnn") as base:
        pass
    results = tuple(
        TensorArray(
            kind, size=steps, element_shape=join_static_shapes(known_batch, size), tensor_array_name=f"{base}output_{i}"
        )
        for i, size in enumerate(sizes)
    )
    sources = tuple(
        TensorArray(t.dtype, size=steps, element_shape=t.shape[1:], tensor_array_name=f"{base}input_{i}")
        for i, t in enumerate(flat)
    )
    sources = tuple(a.unstack(t) for a, t in zip(sources, flat, strict=True))

    def step(time: Any, arrays: Any, state: Any) -> Any:
        rows = [a.read(time) for a in sources]
        for row, shape in zip(rows, known, strict=True):
            row.set_shape(shape[1:])
        given = structures.pack_sequence_as(inputs, rows)
        if lengths is None:
            output, new = cell(given, state)
        else:
            output, new = _rnn_step(
                time, lengths, shortest, longest, zeros, state, lambda: cell(given, state), always=True
            )
        arrays = tuple(a.write(time, o) for a, o in zip(arrays, structures.flatten(output), strict=True))
        return time + 1, arrays, new

    bound = math.minimum(steps, math.maximum(1, longest))  # one step at least, so that the arrays know their elements
    _, arrays, final = control_flow.while_loop(
        lambda time, *_: time < bound, step, (time, results, state), parallel_iterations=parallel, maximum_iterations=steps, swap_memory=swap,
    )  # fmt: skip
    outputs = [a.stack() for a in arrays]
    for tensor, size in zip(outputs, sizes, strict=True):
        tensor.set_shape(shapes.TensorShape([known_steps]).concatenate(join_static_shapes(known_batch, size)))
    return structures.pack_sequence_as(cell.output_size, outputs), final


def _reversed(tensor: Any, lengths: Any, time_axis: int, batch_axis: int) -> Tensor:
    if lengths is None:
        return array.reverse(tensor, axis=[time_axis])
    return array.reverse_sequence(input=tensor, seq_lengths=lengths, seq_axis=time_axis, batch_axis=batch_axis)


def bidirectional_dynamic_rnn(cell_fw: Any, cell_bw: Any, inputs: Any, sequence_length: Any = None, initial_state_fw: Any = None, initial_state_bw: Any = None,
                              dtype: Any = None, parallel_iterations: int | None = None, swap_memory: bool = False, time_major: bool = False, scope: Any = None) -> Any:  # fmt: skip
    """`dynamic_rnn` of one cell forwards and of another backwards (each entry from its own end).

    Returns:
      ((outputs forwards, outputs backwards in the order of the inputs), (last state forwards, last state backwards)).
    """
    assert_like_rnncell("cell_fw", cell_fw)
    assert_like_rnncell("cell_bw", cell_bw)
    time_axis, batch_axis = (0, 1) if time_major else (1, 0)
    options = dict(
        sequence_length=sequence_length,
        dtype=dtype,
        parallel_iterations=parallel_iterations,
        swap_memory=swap_memory,
        time_major=time_major,
    )
    with variable_scope.variable_scope(scope or "bidirectional_rnn"):
        with variable_scope.variable_scope("fw") as fw_scope:
            forwards, state_fw = dynamic_rnn(cell_fw, inputs, initial_state=initial_state_fw, scope=fw_scope, **options)
        with variable_scope.variable_scope("bw") as bw_scope:
            turned = structures.map_structure(lambda i: _reversed(i, sequence_length, time_axis, batch_axis), inputs)
            backwards, state_bw = dynamic_rnn(
                cell_bw, turned, initial_state=initial_state_bw, scope=bw_scope, **options
            )
    backwards = structures.map_structure(lambda o: _reversed(o, sequence_length, time_axis, batch_axis), backwards)
    return (forwards, backwards), (state_fw, state_bw)


def static_rnn(
    cell: Any, inputs: Any, initial_state: Any = None, dtype: Any = None, sequence_length: Any = None, scope: Any = None
) -> Any:
    """Runs a cell over a list of inputs, one set of operations for each.

    Args:
      inputs: a list of [batch, ...], one for each time step.
      sequence_length: int vector [batch]; past an entry's length outputs are zero and its state stays.

    Returns:
      (list of outputs, the last state).

    Raises:
      TypeError: no cell, no list, or the rank of the inputs is not known.
      ValueError: no inputs, neither state nor type, sizes that are not known.
    """
    assert_like_rnncell("cell", cell)
    if not structures.is_nested(inputs):
        raise TypeError("inputs must be a sequence")
    if not inputs:
        raise ValueError("inputs must not be empty")
    with variable_scope.variable_scope(scope or "rnn") as opened:
        first = structures.flatten(inputs)[0]
        fixed = _static_batch(first, inputs)
        batch_size = fixed if fixed else array.shape(first)[0]
        state = _start(
            cell, initial_state, batch_size, dtype, "If no initial_state is provided, dtype must be specified"
        )
        zeros = shortest = longest = None
        if sequence_length is not None:
            sequence_length = conversion.convert_to_tensor(sequence_length, name="sequence_length")
            if sequence_length.get_shape().ndims not in (None, 1):
                raise ValueError("sequence_length must be a vector of length batch_size")
            kind = _type_of(dtype, state)
            zeros = structures.map_structure(lambda size: _zero_output(batch_size, fixed, size, kind), cell.output_size)
            sequence_length = math.cast(sequence_length, dtypes.int32)
            shortest, longest = reductions.reduce_min(sequence_length), reductions.reduce_max(sequence_length)
        outputs = []
        for time, given in enumerate(inputs):
            if time > 0:
                opened.reuse_variables()
            if sequence_length is None:
                output, state = cell(given, state)
            else:
                output, state = _rnn_step(
                    time,
                    sequence_length,
                    shortest,
                    longest,
                    zeros,
                    state,
                    lambda given=given, state=state: cell(given, state),
                )
            outputs.append(output)
        return outputs, state


def _zero_output(batch_size: Any, fixed: Any, size: Any, dtype: Any) -> Tensor:
    output = constant_op.zeros(join_shapes(batch_size, size), dtype)
    output.set_shape(join_static_shapes(fixed, size))
    return output


def _static_batch(first: Any, inputs: Any) -> int | None:
    """The batch size where it is known; checks that the other sizes are."""
    if first.get_shape().ndims is None:
        raise TypeError("The rank of the inputs must be known, and is not: set_shape says it.")
    if first.get_shape().ndims == 1:
        return first.get_shape()[0].value
    fixed = first.get_shape().with_rank_at_least(2)[0]
    for tensor in structures.flatten(inputs):
        shape = tensor.get_shape().with_rank_at_least(2)
        fixed = fixed.merge_with(shape[0])
        for place, size in enumerate(shape.as_list()[1:]):
            if size is None:
                raise ValueError(
                    f"Input size (dimension {place} of inputs) must be accessible via shape inference, but saw value None."
                )
    return fixed.value


def _reversed_list(inputs: Any, lengths: Any) -> list[Any]:
    if lengths is None:
        return list(reversed(inputs))
    results: list[list[Any]] = [[] for _ in inputs]
    for sequence in zip(*(structures.flatten(i) for i in inputs), strict=True):
        shape = shapes.unknown_shape(sequence[0].get_shape().ndims)
        for tensor in sequence:
            shape = shape.merge_with(tensor.get_shape())
            tensor.set_shape(shape)
        turned = joining.unstack(array.reverse_sequence(joining.stack(list(sequence)), lengths, 0, 1))
        for tensor, result in zip(turned, results, strict=True):
            tensor.set_shape(shape)
            result.append(tensor)
    return [structures.pack_sequence_as(i, result) for i, result in zip(inputs, results, strict=True)]


def static_bidirectional_rnn(cell_fw: Any, cell_bw: Any, inputs: Any, initial_state_fw: Any = None, initial_state_bw: Any = None, dtype: Any = None,
                             sequence_length: Any = None, scope: Any = None) -> Any:  # fmt: skip
    """`static_rnn` of one cell forwards and of another backwards.

    Returns:
      (list of both outputs joined [batch, forwards + backwards], last state forwards, last state backwards).
    """
    assert_like_rnncell("cell_fw", cell_fw)
    assert_like_rnncell("cell_bw", cell_bw)
    if not structures.is_nested(inputs):
        raise TypeError("inputs must be a sequence")
    if not inputs:
        raise ValueError("inputs must not be empty")
    with variable_scope.variable_scope(scope or "bidirectional_rnn"):
        with variable_scope.variable_scope("fw") as fw_scope:
            forwards, state_fw = static_rnn(cell_fw, inputs, initial_state_fw, dtype, sequence_length, scope=fw_scope)
        with variable_scope.variable_scope("bw") as bw_scope:
            turned = _reversed_list(inputs, sequence_length)
            backwards, state_bw = static_rnn(cell_bw, turned, initial_state_bw, dtype, sequence_length, scope=bw_scope)
    backwards = _reversed_list(backwards, sequence_length)
    pairs = zip(structures.flatten(forwards), structures.flatten(backwards), strict=True)
    return structures.pack_sequence_as(forwards, [joining.concat([f, b], 1) for f, b in pairs]), state_fw, state_bw


def static_state_saving_rnn(
    cell: Any, inputs: Any, state_saver: Any, state_name: Any, sequence_length: Any = None, scope: Any = None
) -> Any:
    """`static_rnn` that begins with `state_saver.state(name)` and saves the last state by `state_saver.save_state(name, value)`."""
    names = structures.flatten(state_name)
    if structures.is_nested(state_name) != structures.is_nested(cell.state_size) or len(names) != len(
        structures.flatten(cell.state_size)
    ):
        raise ValueError("state_name should be the same type as cell.state_size")
    start = structures.pack_sequence_as(cell.state_size, [state_saver.state(name) for name in names])
    outputs, state = static_rnn(cell, inputs, initial_state=start, sequence_length=sequence_length, scope=scope)
    saved = [state_saver.save_state(name, part) for name, part in zip(names, structures.flatten(state), strict=True)]
    with graphs.control_dependencies(saved):
        last = structures.map_structure(array.identity, outputs[-1])
    outputs[-1] = last
    return outputs, state
