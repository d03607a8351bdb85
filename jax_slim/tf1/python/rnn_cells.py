"""`tf.nn.rnn_cell`: plain, LSTM and GRU cells."""

from typing import Any

from jax_slim.tf1.graph import conversion, dtypes
from jax_slim.tf1.python import (
    clip_ops,
    constant_op,
    initializers,
    joining,
    layer_core,
    linalg,
    math,
    nn_normalization,
    partitioned,
    slicing,
)
from jax_slim.tf1.python.layer_base import InputSpec
from jax_slim.tf1.python.rnn_cell_base import LayerRNNCell, LSTMStateTuple, input_depth


def _joined(inputs: Any, state: Any, kernel: Any, bias: Any) -> Any:
    return nn_normalization.bias_add(linalg.matmul(joining.concat([inputs, state], 1), kernel), bias)


def _activation(activation: Any) -> Any:
    found = layer_core.activation_of(activation) if activation else math.tanh
    return found if found is not None else (lambda x: x)


class BasicRNNCell(LayerRNNCell):
    """outputs = state = activation([inputs, state] . kernel + bias).

    Args:
      num_units: the size of state and outputs.
      activation: tanh by default.
    """

    def __init__(
        self,
        num_units: int,
        activation: Any = None,
        reuse: Any = None,
        name: Any = None,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(_reuse=reuse, name=name, dtype=dtype, **kwargs)
        self.input_spec = InputSpec(ndim=2)
        self._num_units, self._activation = num_units, _activation(activation)

    state_size = property(lambda self: self._num_units)
    output_size = property(lambda self: self._num_units)

    def build(self, inputs_shape: Any) -> None:
        size = input_depth(inputs_shape)
        self._kernel = self.add_variable("kernel", shape=[size + self._num_units, self._num_units])
        self._bias = self.add_variable(
            "bias", shape=[self._num_units], initializer=initializers.Zeros(dtype=self.dtype)
        )
        self.built = True

    def call(self, inputs: Any, state: Any) -> Any:
        output = self._activation(_joined(inputs, state, self._kernel, self._bias))
        return output, output


class GRUCell(LayerRNNCell):
    """A gated recurrent unit: reset r and update u; state = u * state + (1 - u) * activation([inputs, r * state] ...).

    Args:
      num_units: the size of state and outputs.
      activation: of the candidate; tanh by default.
      kernel_initializer, bias_initializer: by default the scope's; ones for the gates' bias and zeros for the candidate's.
    """

    def __init__(self, num_units: int, activation: Any = None, reuse: Any = None, kernel_initializer: Any = None, bias_initializer: Any = None,
                 name: Any = None, dtype: Any = None, **kwargs: Any) -> None:  # fmt: skip
        super().__init__(_reuse=reuse, name=name, dtype=dtype, **kwargs)
        self.input_spec = InputSpec(ndim=2)
        self._num_units, self._activation = num_units, _activation(activation)
        self._kernel_initializer = initializers.get(kernel_initializer)
        self._bias_initializer = initializers.get(bias_initializer)

    state_size = property(lambda self: self._num_units)
    output_size = property(lambda self: self._num_units)

    def build(self, inputs_shape: Any) -> None:
        units, rows = self._num_units, input_depth(inputs_shape) + self._num_units
        ones = self._bias_initializer or initializers.Constant(1.0, dtype=self.dtype)
        zeros = self._bias_initializer or initializers.Zeros(dtype=self.dtype)
        self._gate_kernel = self.add_variable(
            "gates/kernel", shape=[rows, 2 * units], initializer=self._kernel_initializer
        )
        self._gate_bias = self.add_variable("gates/bias", shape=[2 * units], initializer=ones)
        self._candidate_kernel = self.add_variable(
            "candidate/kernel", shape=[rows, units], initializer=self._kernel_initializer
        )
        self._candidate_bias = self.add_variable("candidate/bias", shape=[units], initializer=zeros)
        self.built = True

    def call(self, inputs: Any, state: Any) -> Any:
        gates = math.sigmoid(_joined(inputs, state, self._gate_kernel, self._gate_bias))
        r, u = joining.split(value=gates, num_or_size_splits=2, axis=1)
        candidate = self._activation(_joined(inputs, r * state, self._candidate_kernel, self._candidate_bias))
        new = u * state + (1 - u) * candidate
        return new, new


class BasicLSTMCell(LayerRNNCell):
    """An LSTM without peepholes, clipping or projection.

    Args:
      num_units: the size of memory and outputs.
      forget_bias: added to the forget gate before its sigmoid.
      state_is_tuple: the state is an `LSTMStateTuple`; otherwise memory and outputs joined, [batch, 2 * num_units].
      activation: tanh by default.
    """

    def __init__(self, num_units: int, forget_bias: float = 1.0, state_is_tuple: bool = True, activation: Any = None, reuse: Any = None, name: Any = None,
                 dtype: Any = None, **kwargs: Any) -> None:  # fmt: skip
        super().__init__(_reuse=reuse, name=name, dtype=dtype, **kwargs)
        self.input_spec = InputSpec(ndim=2)
        self._num_units, self._forget_bias, self._state_is_tuple = num_units, forget_bias, state_is_tuple
        self._activation = _activation(activation)

    state_size = property(
        lambda self: LSTMStateTuple(self._num_units, self._num_units) if self._state_is_tuple else 2 * self._num_units
    )
    output_size = property(lambda self: self._num_units)

    def build(self, inputs_shape: Any) -> None:
        size = input_depth(inputs_shape)
        self._kernel = self.add_variable("kernel", shape=[size + self._num_units, 4 * self._num_units])
        self._bias = self.add_variable(
            "bias", shape=[4 * self._num_units], initializer=initializers.Zeros(dtype=self.dtype)
        )
        self.built = True

    def call(self, inputs: Any, state: Any) -> Any:
        one = constant_op.constant(1, dtype=dtypes.int32)
        c, h = state if self._state_is_tuple else joining.split(value=state, num_or_size_splits=2, axis=one)
        i, j, f, o = joining.split(value=_joined(inputs, h, self._kernel, self._bias), num_or_size_splits=4, axis=one)
        forget_bias = constant_op.constant(self._forget_bias, dtype=f.dtype)
        new_c = math.add(
            math.multiply(c, math.sigmoid(math.add(f, forget_bias))),
            math.multiply(math.sigmoid(i), self._activation(j)),
        )
        new_h = math.multiply(self._activation(new_c), math.sigmoid(o))
        return new_h, LSTMStateTuple(new_c, new_h) if self._state_is_tuple else joining.concat([new_c, new_h], 1)


class LSTMCell(LayerRNNCell):
    """An LSTM with peepholes, clipping and projection where asked for.

    Args:
      num_units: the size of the memory.
      use_peepholes: gates see the memory through diagonal weights.
      cell_clip: the memory stays in [-cell_clip, cell_clip].
      initializer: of the weights and the projection.
      num_proj: the size of the outputs, made of the memory's by a matrix; `num_units` without one.
      proj_clip: outputs stay in [-proj_clip, proj_clip].
      num_unit_shards, num_proj_shards: into how many parts the weights are cut.
      forget_bias: added to the forget gate before its sigmoid.
      state_is_tuple: the state is an `LSTMStateTuple`; otherwise memory and outputs joined.
      activation: tanh by default.
    """

    def __init__(self, num_units: int, use_peepholes: bool = False, cell_clip: Any = None, initializer: Any = None, num_proj: int | None = None,
                 proj_clip: Any = None, num_unit_shards: int | None = None, num_proj_shards: int | None = None, forget_bias: float = 1.0,
                 state_is_tuple: bool = True, activation: Any = None, reuse: Any = None, name: Any = None, dtype: Any = None, **kwargs: Any) -> None:  # fmt: skip
        super().__init__(_reuse=reuse, name=name, dtype=dtype, **kwargs)
        self.input_spec = InputSpec(ndim=2)
        self._num_units, self._use_peepholes, self._cell_clip, self._num_proj = (
            num_units,
            use_peepholes,
            cell_clip,
            num_proj,
        )
        self._initializer, self._proj_clip = initializers.get(initializer), proj_clip
        self._num_unit_shards, self._num_proj_shards = num_unit_shards, num_proj_shards
        self._forget_bias, self._state_is_tuple, self._activation = forget_bias, state_is_tuple, _activation(activation)

    output_size = property(lambda self: self._num_proj or self._num_units)

    @property
    def state_size(self) -> Any:
        sizes = LSTMStateTuple(self._num_units, self.output_size)
        return sizes if self._state_is_tuple else sum(sizes)

    def build(self, inputs_shape: Any) -> None:
        units, rows = self._num_units, input_depth(inputs_shape) + self.output_size
        self._kernel = self.add_variable(
            "kernel", shape=[rows, 4 * units], initializer=self._initializer, partitioner=_shards(self._num_unit_shards)
        )
        self._bias = self.add_variable("bias", shape=[4 * units], initializer=initializers.Zeros(dtype=self.dtype))
        if self._use_peepholes:
            self._w_f_diag, self._w_i_diag, self._w_o_diag = (
                self.add_variable(f"w_{gate}_diag", shape=[units], initializer=self._initializer) for gate in "fio"
            )
        if self._num_proj is not None:
            self._proj_kernel = self.add_variable("projection/kernel", shape=[units, self._num_proj], initializer=self._initializer,
                                                  partitioner=_shards(self._num_proj_shards))  # fmt: skip
        self.built = True

    def call(self, inputs: Any, state: Any) -> Any:
        if self._state_is_tuple:
            c_prev, m_prev = state
        else:
            c_prev = slicing.slice(state, [0, 0], [-1, self._num_units])
            m_prev = slicing.slice(state, [0, self._num_units], [-1, self.output_size])
        if inputs.get_shape().with_rank(2)[1].value is None:
            raise ValueError("Could not infer input size from inputs.get_shape()[-1]")
        i, j, f, o = joining.split(
            value=_joined(inputs, m_prev, self._kernel, self._bias), num_or_size_splits=4, axis=1
        )
        if self._use_peepholes:
            c = math.sigmoid(f + self._forget_bias + self._w_f_diag * c_prev) * c_prev + math.sigmoid(
                i + self._w_i_diag * c_prev
            ) * self._activation(j)
        else:
            c = math.sigmoid(f + self._forget_bias) * c_prev + math.sigmoid(i) * self._activation(j)
        if self._cell_clip is not None:
            c = clip_ops.clip_by_value(c, -self._cell_clip, self._cell_clip)
        m = math.sigmoid(o + self._w_o_diag * c if self._use_peepholes else o) * self._activation(c)
        if self._num_proj is not None:
            m = linalg.matmul(m, conversion.convert_to_tensor(self._proj_kernel))
            if self._proj_clip is not None:
                m = clip_ops.clip_by_value(m, -self._proj_clip, self._proj_clip)
        return m, LSTMStateTuple(c, m) if self._state_is_tuple else joining.concat([c, m], 1)


def _shards(count: int | None) -> Any:
    return None if count is None else partitioned.fixed_size_partitioner(count)
