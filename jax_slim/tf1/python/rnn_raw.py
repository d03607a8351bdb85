"""`tf.nn.raw_rnn`: a cell in a loop whose inputs and states a function chooses."""

from collections.abc import Callable
from typing import Any

from jax_slim.tf1.graph import conversion, dtypes
from jax_slim.tf1.python import (
    array,
    constant_op,
    control_flow,
    gathering,
    math,
    reductions,
    structures,
    variable_scope,
)
from jax_slim.tf1.python.rnn_cell_base import assert_like_rnncell, join_shapes, join_static_shapes
from jax_slim.tf1.python.tensor_array import TensorArray


def raw_rnn(
    cell: Any,
    loop_fn: Callable[..., Any],
    parallel_iterations: int | None = None,
    swap_memory: bool = False,
    scope: Any = None,
) -> Any:
    """Runs a cell until `loop_fn` says that all entries of the batch have finished.

    Args:
      loop_fn: `(time, cell_output, cell_state, loop_state)` -> (finished [batch], next input, next state, what to emit, next
        loop state). It is called once with time 0 and None for outputs and states: then it gives the first ones, and how
        what is emitted looks (None: like the cell's outputs).

    Returns:
      (TensorArrays of what was emitted, zeros for entries that had finished; last state; last loop state).

    Raises:
      TypeError: no cell, or `loop_fn` cannot be called.
      ValueError: the batch size is found nowhere.
    """
    assert_like_rnncell("cell", cell)
    if not callable(loop_fn):
        raise TypeError("loop_fn must be a callable")
    with variable_scope.variable_scope(scope or "rnn"):
        time = constant_op.constant(0, dtype=dtypes.int32)
        finished, first, state, emitted, loop_state = loop_fn(time, None, None, None)
        without_state = loop_state is None
        loop_state = constant_op.constant(0, dtype=dtypes.int32) if without_state else loop_state
        inputs = [conversion.convert_to_tensor(i) for i in structures.flatten(first)]
        state = structures.map_structure(
            lambda s: s if isinstance(s, TensorArray) else conversion.convert_to_tensor(s), state
        )
        known = next((i.shape[0].value for i in inputs if i.shape.ndims and i.shape[0].value is not None), None)
        batch_size = known if known is not None else array.shape(inputs[0])[0]
        if emitted is None:
            like = cell.output_size
            kinds = [structures.flatten(state)[0].dtype.base_dtype] * len(structures.flatten(like))
            sizes = structures.flatten(like)
        else:
            like = emitted
            tensors = [conversion.convert_to_tensor(e) for e in structures.flatten(emitted)]
            kinds = [t.dtype.base_dtype for t in tensors]
            sizes = [t.shape if t.shape.is_fully_defined() else array.shape(t) for t in tensors]
        zeros = [
            constant_op.zeros(join_shapes(batch_size, size), kind) for size, kind in zip(sizes, kinds, strict=True)
        ]
        arrays = [
            TensorArray(kind, size=0, dynamic_size=True, tensor_array_name=f"rnn_output_{i}",
                        element_shape=None if hasattr(size, "op") else join_static_shapes(known, size))
            for i, (kind, size) in enumerate(zip(kinds, sizes, strict=True))
        ]  # fmt: skip
        finished = conversion.convert_to_tensor(finished)
        flat_inputs = structures.pack_sequence_as(first, inputs)

        def goes_on(time: Any, done: Any, *_: Any) -> Any:
            return math.logical_not(reductions.reduce_all(done))

        def body(time: Any, done: Any, given: Any, written: Any, before: Any, kept: Any) -> Any:
            output, after = cell(given, before)
            structures.assert_same_structure(before, after)
            following = time + 1
            over, next_input, next_state, emit, next_kept = loop_fn(
                following, output, after, None if without_state else kept
            )
            emit = output if emit is None else emit
            next_kept = kept if next_kept is None else next_kept

            def chosen(old: Any, new: Any) -> Any:
                if isinstance(old, TensorArray) or old.shape.ndims == 0:
                    return new
                return gathering.where(done, old, conversion.convert_to_tensor(new))

            emit = [chosen(z, e) for z, e in zip(zeros, structures.flatten(emit), strict=True)]
            states = [
                chosen(o, n) for o, n in zip(structures.flatten(before), structures.flatten(next_state), strict=True)
            ]
            written = [a.write(time, e) for a, e in zip(written, emit, strict=True)]
            return (
                following, math.logical_or(over, done), next_input, written, structures.pack_sequence_as(before, states), next_kept,
            )  # fmt: skip

        found = control_flow.while_loop(
            goes_on, body, (time, finished, flat_inputs, arrays, state, loop_state), parallel_iterations=parallel_iterations or 32, swap_memory=swap_memory,
        )  # fmt: skip
        return structures.pack_sequence_as(like, list(found[3])), found[4], None if without_state else found[5]
