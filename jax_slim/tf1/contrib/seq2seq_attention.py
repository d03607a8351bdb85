"""`tf.contrib.seq2seq`: attention over a memory, and the cell around a cell that reads by it."""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

from jax_slim.tf1.graph import conversion, dtypes, graphs, shapes
from jax_slim.tf1.python import (
    array,
    constant_op,
    gathering,
    initializers,
    joining,
    layer_core,
    linalg,
    math,
    nn_activations,
    reductions,
    rnn_cell_base,
    structures,  # fmt: skip
    variable_scope,
)
from jax_slim.tf1.python.rnn_cell_base import RNNCell, assert_like_rnncell
from jax_slim.tf1.python.tensor_array import TensorArray


class AttentionMechanism:
    """Gives for a query the shares of the entries of a memory."""


class _Attention(AttentionMechanism):
    def __init__(
        self,
        query_layer: Any,
        memory: Any,
        probability_fn: Any,
        memory_sequence_length: Any,
        memory_layer: Any,
        score_mask_value: Any,
    ) -> None:
        self.query_layer, self.memory_layer = query_layer, memory_layer
        mask_value = -float("inf") if score_mask_value is None else score_mask_value
        probability_fn = probability_fn or nn_activations.softmax
        with graphs.name_scope(None, "BaseAttentionMechanismInit", structures.flatten(memory)):
            self.values = _masked_memory(memory, memory_sequence_length)
            self.keys = memory_layer(self.values) if memory_layer else self.values
            self.batch_size = self.keys.shape[0].value or array.shape(self.keys)[0]
            self._alignments_size = self.keys.shape[1].value or array.shape(self.keys)[1]
        self._probability_fn = lambda score, _: probability_fn(_masked_score(score, memory_sequence_length, mask_value))

    alignments_size = property(lambda self: self._alignments_size)
    state_size = property(lambda self: self._alignments_size)

    def initial_alignments(self, batch_size: Any, dtype: Any) -> Any:
        """Zeros [batch, entries]."""
        return rnn_cell_base.zero_state_tensors(self._alignments_size, batch_size, dtype)

    def initial_state(self, batch_size: Any, dtype: Any) -> Any:
        """The first state: the first shares."""
        return self.initial_alignments(batch_size, dtype)


def _masked_memory(memory: Any, lengths: Any) -> Any:
    memory = conversion.convert_to_tensor(memory, name="memory")
    if lengths is None:
        return memory
    mask = gathering.sequence_mask(lengths, maxlen=array.shape(memory)[1], dtype=memory.dtype)
    for _ in range((memory.shape.ndims or 3) - 2):
        mask = array.expand_dims(mask, -1)
    return memory * mask


def _masked_score(score: Any, lengths: Any, value: float) -> Any:
    if lengths is None:
        return score
    mask = gathering.sequence_mask(lengths, maxlen=array.shape(score)[1])
    return gathering.where(mask, score, value * constant_op.ones_like(score))


class LuongAttention(_Attention):
    """Scores by products of query and keys; with `scale` times the variable `attention_g`."""

    def __init__(self, num_units: int, memory: Any, memory_sequence_length: Any = None, scale: bool = False, probability_fn: Any = None, score_mask_value: Any = None,
                 dtype: Any = None, custom_key_value_fn: Any = None, name: str = "LuongAttention") -> None:  # fmt: skip
        layer = layer_core.Dense(num_units, name="memory_layer", use_bias=False, dtype=dtype or dtypes.float32)
        super().__init__(None, memory, probability_fn, memory_sequence_length, layer, score_mask_value)
        self._scale = scale

    def __call__(self, query: Any, state: Any) -> Any:
        """(shares, next state)."""
        with variable_scope.variable_scope(None, "luong_attention", [query]):
            if query.get_shape()[-1].value != self.keys.get_shape()[-1].value:
                raise ValueError(
                    f"Incompatible or unknown inner dimensions between query and keys.  Query ({query}) has units: {query.get_shape()[-1]}.  "
                    f"Keys ({self.keys}) have units: {self.keys.get_shape()[-1]}.  Perhaps you need to set num_units to the keys' dimension?"
                )
            score = array.squeeze(linalg.matmul(array.expand_dims(query, 1), self.keys, transpose_b=True), [1])
            if self._scale:
                score = (
                    variable_scope.get_variable(
                        "attention_g", dtype=query.dtype, initializer=initializers.Ones(), shape=()
                    )
                    * score
                )
        alignments = self._probability_fn(score, state)
        return alignments, alignments


class BahdanauAttention(_Attention):
    """Scores by `v . tanh(keys + query)`; with `normalize` v has the length of the variable `attention_g`, and there is a bias."""

    def __init__(self, num_units: int, memory: Any, memory_sequence_length: Any = None, normalize: bool = False, probability_fn: Any = None, score_mask_value: Any = None,
                 dtype: Any = None, custom_key_value_fn: Any = None, name: str = "BahdanauAttention") -> None:  # fmt: skip
        kind = dtype or dtypes.float32
        query_layer = layer_core.Dense(num_units, name="query_layer", use_bias=False, dtype=kind)
        memory_layer = layer_core.Dense(num_units, name="memory_layer", use_bias=False, dtype=kind)
        super().__init__(query_layer, memory, probability_fn, memory_sequence_length, memory_layer, score_mask_value)
        self._num_units, self._normalize = num_units, normalize

    def __call__(self, query: Any, state: Any) -> Any:
        """(shares, next state)."""
        with variable_scope.variable_scope(None, "bahdanau_attention", [query]):
            asked = array.expand_dims(self.query_layer(query), 1)
            kind, units = asked.dtype, self._num_units
            v = variable_scope.get_variable("attention_v", [units], dtype=kind)
            if self._normalize:
                g = variable_scope.get_variable(
                    "attention_g", dtype=kind, initializer=initializers.Constant((1.0 / units) ** 0.5), shape=()
                )
                b = variable_scope.get_variable("attention_b", [units], dtype=kind, initializer=initializers.Zeros())
                v = g * v * math.rsqrt(reductions.reduce_sum(math.square(v)))
                score = reductions.reduce_sum(v * math.tanh(self.keys + asked + b), [2])
            else:
                score = reductions.reduce_sum(v * math.tanh(self.keys + asked), [2])
        alignments = self._probability_fn(score, state)
        return alignments, alignments


class AttentionWrapperState(NamedTuple):
    """The state of an `AttentionWrapper`."""

    cell_state: Any
    attention: Any
    time: Any
    alignments: Any
    alignment_history: Any
    attention_state: Any

    def clone(self, **kwargs: Any) -> "AttentionWrapperState":
        """The state with other parts, of the same shapes."""
        return self._replace(**kwargs)


class AttentionWrapper(RNNCell):
    """A cell that gets what an attention read a step before, and reads by its outputs.

    Args:
      cell: a cell.
      attention_mechanism: a mechanism, or a list of them.
      attention_layer_size: what is read and outputs go through a matrix to this size (a list for several mechanisms); without it
        what is read is the attention.
      alignment_history: whether all shares are kept, as a TensorArray of the last state.
      cell_input_fn: joins inputs and attention; `concat` by default.
      output_attention: outputs are the attention, not the cell's.
      initial_cell_state: where `zero_state` begins.
    """

    def __init__(self, cell: Any, attention_mechanism: Any, attention_layer_size: Any = None, alignment_history: bool = False, cell_input_fn: Any = None,
                 output_attention: bool = True, initial_cell_state: Any = None, name: Any = None, attention_layer: Any = None, attention_fn: Any = None) -> None:  # fmt: skip
        super().__init__(name=name)
        assert_like_rnncell("cell", cell)
        self._several = isinstance(attention_mechanism, list | tuple)
        self._mechanisms = tuple(attention_mechanism) if self._several else (attention_mechanism,)
        if not all(isinstance(m, AttentionMechanism) for m in self._mechanisms):
            raise TypeError(
                f"attention_mechanism must contain only instances of AttentionMechanism, got {attention_mechanism}"
            )
        self._cell, self._history, self._output_attention, self._initial_cell_state = (
            cell,
            alignment_history,
            output_attention,
            initial_cell_state,
        )
        self._cell_input_fn: Callable[..., Any] = cell_input_fn or (
            lambda inputs, attention: joining.concat([inputs, attention], -1)
        )
        if attention_layer_size is not None and attention_layer is not None:
            raise ValueError("Only one of attention_layer_size and attention_layer should be set")
        self._layers: tuple[Any, ...] | None = None
        if attention_layer_size is not None:
            sizes = (
                tuple(attention_layer_size)
                if isinstance(attention_layer_size, list | tuple)
                else (attention_layer_size,)
            )
            if len(sizes) != len(self._mechanisms):
                raise ValueError(
                    f"If provided, attention_layer_size must contain exactly one integer per attention_mechanism, saw: {len(sizes)} vs {len(self._mechanisms)}"
                )
            self._layers = tuple(
                layer_core.Dense(size, name="attention_layer", use_bias=False, dtype=m.values.dtype)
                for size, m in zip(sizes, self._mechanisms, strict=True)
            )
            self._attention_size = sum(sizes)
        elif attention_layer is not None:
            self._layers = tuple(attention_layer) if isinstance(attention_layer, list | tuple) else (attention_layer,)
            self._attention_size = sum(
                layer.compute_output_shape([None, cell.output_size + m.values.shape[-1].value])[-1].value
                for layer, m in zip(self._layers, self._mechanisms, strict=True)
            )
        else:
            self._attention_size = sum(m.values.get_shape()[-1].value for m in self._mechanisms)

    output_size = property(lambda self: self._attention_size if self._output_attention else self._cell.output_size)

    def _one_or_all(self, parts: Any) -> Any:
        return tuple(parts) if self._several else next(iter(parts))

    @property
    def state_size(self) -> Any:
        return AttentionWrapperState(
            self._cell.state_size, self._attention_size, shapes.TensorShape([]), self._one_or_all([m.alignments_size for m in self._mechanisms]),
            self._one_or_all([m.alignments_size if self._history else () for m in self._mechanisms]),
            self._one_or_all([m.state_size for m in self._mechanisms]),
        )  # fmt: skip

    def zero_state(self, batch_size: Any, dtype: Any) -> Any:
        with graphs.name_scope(f"{type(self).__name__}ZeroState", None, [batch_size]):
            cell_state = self._initial_cell_state
            if cell_state is None:
                cell_state = self._cell.zero_state(batch_size, dtype)
            else:
                cell_state = structures.map_structure(
                    lambda s: array.identity(s, name="checked_cell_state"), cell_state
                )
            alignments = [m.initial_alignments(batch_size, dtype) for m in self._mechanisms]
            histories = [
                TensorArray(dtype, size=0, dynamic_size=True, element_shape=a.shape) if self._history else ()
                for a in alignments
            ]
            return AttentionWrapperState(
                cell_state, rnn_cell_base.zero_state_tensors(self._attention_size, batch_size, dtype), constant_op.zeros([], dtype=dtypes.int32),
                self._one_or_all(alignments), self._one_or_all(histories), self._one_or_all([m.initial_state(batch_size, dtype) for m in self._mechanisms]),
            )  # fmt: skip

    def call(self, inputs: Any, state: Any) -> Any:
        if not isinstance(state, AttentionWrapperState):
            raise TypeError(
                f"Expected state to be instance of AttentionWrapperState. Received type {type(state)} instead."
            )
        output, cell_state = self._cell(self._cell_input_fn(inputs, state.attention), state.cell_state)
        before = state.attention_state if self._several else [state.attention_state]
        kept = state.alignment_history if self._several else [state.alignment_history]
        attentions, shares, after, histories = [], [], [], []
        for number, mechanism in enumerate(self._mechanisms):
            alignments, next_state = mechanism(output, before[number])
            context = array.squeeze(linalg.matmul(array.expand_dims(alignments, 1), mechanism.values), [1])
            attentions.append(
                context if self._layers is None else self._layers[number](joining.concat([output, context], 1))
            )
            shares.append(alignments)
            after.append(next_state)
            histories.append(kept[number].write(state.time, alignments) if self._history else ())
        attention = joining.concat(attentions, 1)
        new = AttentionWrapperState(
            cell_state,
            attention,
            state.time + 1,
            self._one_or_all(shares),
            self._one_or_all(histories),
            self._one_or_all(after),
        )
        return (attention if self._output_attention else output), new


def tile_batch(t: Any, multiplier: int, name: str | None = None) -> Any:
    """Each entry of the batch `multiplier` times in a row; tensors in any structure."""
    with graphs.name_scope(name, "tile_batch", [*structures.flatten(t), multiplier]):
        return structures.map_structure(functools.partial(_tiled, multiplier=multiplier), t)


def _tiled(tensor: Any, multiplier: int) -> Any:
    tensor = conversion.convert_to_tensor(tensor, name="t")
    if tensor.shape.ndims is None:
        raise ValueError("t must have statically known rank")
    rest = array.shape(tensor)[1:]
    repeated = array.tile(array.expand_dims(tensor, 1), [1, multiplier] + [1] * (tensor.shape.ndims - 1))
    tiled = array.reshape(repeated, joining.concat(([-1], rest), 0))
    size = tensor.shape[0].value
    tiled.set_shape(shapes.TensorShape([None if size is None else size * multiplier]).concatenate(tensor.shape[1:]))
    return tiled
