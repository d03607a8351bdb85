"""`tf.contrib.rnn`: several bidirectional layers; cells around cells of papers."""

from typing import Any

from jax_slim.tf1.contrib.rnn_linear import Linear, _Around
from jax_slim.tf1.graph import graphs
from jax_slim.tf1.python import (
    array,
    initializers,
    joining,
    linalg,
    math,
    nn_activations,
    nn_convolutions,
    nn_normalization,
    reductions,
    rnn,
    slicing,
    structures,
    variable_scope,  # fmt: skip
)
from jax_slim.tf1.python.rnn_cell_base import zero_state_tensors
from jax_slim.tf1.python.rnn_wrappers import CellWrapper


def _check_stacks(cells_fw: Any, cells_bw: Any, states_fw: Any, states_bw: Any) -> None:
    for label, cells in (("cells_fw", cells_fw), ("cells_bw", cells_bw)):
        if not isinstance(cells, list) or not cells:
            raise ValueError(f"{label} must be a list of RNNCells (one per layer).")
    if len(cells_fw) != len(cells_bw):
        raise ValueError("Forward and Backward cells must have the same depth.")
    for label, states in (("initial_states_fw", states_fw), ("initial_states_bw", states_bw)):
        if states is not None and (not isinstance(states, list) or len(states) != len(cells_fw)):
            raise ValueError(f"{label} must be a list of state tensors (one per layer).")


def stack_bidirectional_dynamic_rnn(cells_fw: Any, cells_bw: Any, inputs: Any, initial_states_fw: Any = None, initial_states_bw: Any = None, dtype: Any = None,
                                    sequence_length: Any = None, parallel_iterations: int | None = None, time_major: bool = False, scope: Any = None,
                                    swap_memory: bool = False) -> Any:  # fmt: skip
    """Layers of `bidirectional_dynamic_rnn`; each gets the joined outputs of the one before.

    Returns:
      (outputs [batch, time, forwards + backwards] of the last layer, tuples of all layers' last states forwards and backwards).

    Raises:
      ValueError: no lists of cells, of states, or of different lengths.
    """
    _check_stacks(cells_fw, cells_bw, initial_states_fw, initial_states_bw)
    ends_fw, ends_bw, layer = [], [], inputs
    with variable_scope.variable_scope(scope or "stack_bidirectional_rnn"):
        for number, (forwards, backwards) in enumerate(zip(cells_fw, cells_bw, strict=True)):
            with variable_scope.variable_scope(f"cell_{number}"):
                outputs, (end_fw, end_bw) = rnn.bidirectional_dynamic_rnn(
                    forwards, backwards, layer, initial_state_fw=initial_states_fw[number] if initial_states_fw else None,
                    initial_state_bw=initial_states_bw[number] if initial_states_bw else None, sequence_length=sequence_length, dtype=dtype,
                    parallel_iterations=parallel_iterations, time_major=time_major, swap_memory=swap_memory,
                )  # fmt: skip
                layer = joining.concat(outputs, 2)
            ends_fw.append(end_fw)
            ends_bw.append(end_bw)
    return layer, tuple(ends_fw), tuple(ends_bw)


def stack_bidirectional_rnn(cells_fw: Any, cells_bw: Any, inputs: Any, initial_states_fw: Any = None, initial_states_bw: Any = None, dtype: Any = None,
                            sequence_length: Any = None, scope: Any = None) -> Any:  # fmt: skip
    """Layers of `static_bidirectional_rnn`; each gets the joined outputs of the one before."""
    _check_stacks(cells_fw, cells_bw, initial_states_fw, initial_states_bw)
    ends_fw, ends_bw, layer = [], [], inputs
    with variable_scope.variable_scope(scope or "stack_bidirectional_rnn"):
        for number, (forwards, backwards) in enumerate(zip(cells_fw, cells_bw, strict=True)):
            with variable_scope.variable_scope(f"cell_{number}") as opened:
                layer, end_fw, end_bw = rnn.static_bidirectional_rnn(
                    forwards, backwards, layer, initial_states_fw[number] if initial_states_fw else None, initial_states_bw[number] if initial_states_bw else None,
                    sequence_length=sequence_length, dtype=dtype, scope=opened,
                )  # fmt: skip
            ends_fw.append(end_fw)
            ends_bw.append(end_bw)
    return layer, tuple(ends_fw), tuple(ends_bw)


class HighwayWrapper(CellWrapper):
    """Outputs are carried from the inputs where a gate c says so: c * inputs + (1 - c) * outputs."""

    def __init__(self, cell: Any, couple_carry_transform_gates: bool = True, carry_bias_init: float = 1.0) -> None:
        super().__init__(cell)
        self._coupled, self._carry_bias_init = couple_carry_transform_gates, carry_bias_init

    def _step(self, inputs: Any, state: Any, scope: Any) -> Any:
        outputs, new = self.cell(inputs, state, scope=scope) if scope is not None else self.cell(inputs, state)
        structures.assert_same_structure(inputs, outputs)
        return structures.map_structure(self._highway, inputs, outputs), new

    def _highway(self, given: Any, out: Any) -> Any:
        size = given.get_shape().with_rank(2)[1].value

        def gate(name: str, bias: float) -> Any:
            weight = variable_scope.get_variable(f"{name}_w", [size, size], dtype=given.dtype)
            start = initializers.Constant(bias, dtype=given.dtype)
            offset = variable_scope.get_variable(f"{name}_b", [size], dtype=given.dtype, initializer=start)
            return math.sigmoid(nn_normalization.bias_add(linalg.matmul(given, weight), offset))

        carry = gate("carry", self._carry_bias_init)
        transform = 1 - carry if self._coupled else gate("transform", -self._carry_bias_init)
        return given * carry + out * transform


class AttentionCellWrapper(_Around):
    """A cell that also reads its last `attn_length` states by an attention.

    Args:
      attn_length: how many states are kept.
      attn_size, attn_vec_size: the size of the attention and of what its weights are made in; by default the cell's outputs' and
        `attn_size`.
      input_size: of the joined inputs; by default as they are.
    """

    def __init__(self, cell: Any, attn_length: int, attn_size: int | None = None, attn_vec_size: int | None = None, input_size: int | None = None,
                 state_is_tuple: bool = True, reuse: Any = None) -> None:  # fmt: skip
        super().__init__(cell, reuse)
        if attn_length <= 0:
            raise ValueError(f"attn_length should be greater than zero, got {attn_length}")
        if not state_is_tuple:
            raise ValueError("AttentionCellWrapper: state_is_tuple must be True here.")
        self._attn_length, self._attn_size = attn_length, attn_size or cell.output_size
        self._attn_vec_size, self._input_size = attn_vec_size or self._attn_size, input_size
        self._linear1: Any = None
        self._linear2: Any = None
        self._linear3: Any = None

    state_size = property(lambda self: (self._cell.state_size, self._attn_size, self._attn_size * self._attn_length))
    output_size = property(lambda self: self._attn_size)

    def zero_state(self, batch_size: Any, dtype: Any) -> Any:
        with graphs.name_scope("AttentionCellWrapperZeroState", None, [batch_size]):
            return zero_state_tensors(self.state_size, batch_size, dtype)

    def call(self, inputs: Any, state: Any) -> Any:
        state, attns, states = state
        states = array.reshape(states, [-1, self._attn_length, self._attn_size])
        size = self._input_size or inputs.get_shape()[1].value
        if self._linear1 is None:
            self._linear1 = Linear([inputs, attns], size, True)
        output, new = self._cell(self._linear1([inputs, attns]), state)
        flat = joining.concat(structures.flatten(new), 1)
        new_attns, kept = self._attention(flat, states)
        with variable_scope.variable_scope("attn_output_projection"):
            if self._linear2 is None:
                self._linear2 = Linear([output, new_attns], self._attn_size, True)
            output = self._linear2([output, new_attns])
        kept = joining.concat([kept, array.expand_dims(output, 1)], 1)
        return output, (new, new_attns, array.reshape(kept, [-1, self._attn_length * self._attn_size]))

    def _attention(self, query: Any, states: Any) -> Any:
        with variable_scope.variable_scope("attention"):
            kernel = variable_scope.get_variable("attn_w", [1, 1, self._attn_size, self._attn_vec_size])
            weight = variable_scope.get_variable("attn_v", [self._attn_vec_size])
            hidden = array.reshape(states, [-1, self._attn_length, 1, self._attn_size])
            features = nn_convolutions.conv2d(hidden, kernel, [1, 1, 1, 1], "SAME")
            if self._linear3 is None:
                self._linear3 = Linear(query, self._attn_vec_size, True)
            y = array.reshape(self._linear3(query), [-1, 1, 1, self._attn_vec_size])
            shares = nn_activations.softmax(reductions.reduce_sum(weight * math.tanh(features + y), [2, 3]))
            summed = reductions.reduce_sum(array.reshape(shares, [-1, self._attn_length, 1, 1]) * hidden, [1, 2])
            return array.reshape(summed, [-1, self._attn_size]), slicing.slice(states, [0, 1, 0], [-1, -1, -1])
