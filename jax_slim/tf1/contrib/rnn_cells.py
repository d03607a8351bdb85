"""`tf.contrib.rnn`: cells of papers, and LSTM and GRU cells that are one operation."""

from typing import Any

from jax_slim.tf1.contrib import layers_normalization
from jax_slim.tf1.contrib.rnn_linear import Linear
from jax_slim.tf1.graph import building, shapes
from jax_slim.tf1.python import (
    clip_ops,
    constant_op,
    initializers,
    joining,
    linalg,
    math,
    nn_activations,
    nn_convolutions,
    nn_normalization,
    variable_scope,  # fmt: skip
)
from jax_slim.tf1.python.layer_base import InputSpec
from jax_slim.tf1.python.rnn_cell_base import LayerRNNCell, LSTMStateTuple, RNNCell, input_depth


class UGRNNCell(RNNCell):
    """A net with one gate g for update and forgetting: state = g * state + (1 - g) * candidate."""

    def __init__(
        self,
        num_units: int,
        initializer: Any = None,
        forget_bias: float = 1.0,
        activation: Any = math.tanh,
        reuse: Any = None,
    ) -> None:
        super().__init__(_reuse=reuse)
        self._num_units, self._initializer, self._forget_bias, self._activation = (
            num_units,
            initializer,
            forget_bias,
            activation,
        )
        self._linear: Any = None

    state_size = property(lambda self: self._num_units)
    output_size = property(lambda self: self._num_units)

    def call(self, inputs: Any, state: Any) -> Any:
        if inputs.get_shape().with_rank(2)[1].value is None:
            raise ValueError("Could not infer input size from inputs.get_shape()[-1]")
        with variable_scope.variable_scope(variable_scope.get_variable_scope(), initializer=self._initializer):
            joined = joining.concat([inputs, state], 1)
            if self._linear is None:
                self._linear = Linear(joined, 2 * self._num_units, True)
            gate, candidate = joining.split(axis=1, num_or_size_splits=2, value=self._linear(joined))
            candidate = self._activation(candidate)
            g = math.sigmoid(gate + self._forget_bias)
            new = g * state + (1.0 - g) * candidate
        return new, new


class IntersectionRNNCell(RNNCell):
    """A net with gates in depth and in time ("+RNN"); outputs have the size of the inputs, which is made `num_in_proj` first if given."""

    def __init__(self, num_units: int, num_in_proj: int | None = None, initializer: Any = None, forget_bias: float = 1.0, y_activation: Any = nn_activations.relu,
                 reuse: Any = None) -> None:  # fmt: skip
        super().__init__(_reuse=reuse)
        self._num_units, self._num_in_proj, self._initializer = num_units, num_in_proj, initializer
        self._forget_bias, self._y_activation = forget_bias, y_activation
        self._linear1: Any = None
        self._linear2: Any = None

    state_size = property(lambda self: self._num_units)
    output_size = property(lambda self: self._num_units)

    def call(self, inputs: Any, state: Any) -> Any:
        size = inputs.get_shape().with_rank(2)[1].value
        if size is None:
            raise ValueError("Could not infer input size from inputs.get_shape()[-1]")
        with variable_scope.variable_scope(variable_scope.get_variable_scope(), initializer=self._initializer):
            if size != self._num_units:
                if not self._num_in_proj:
                    raise ValueError(
                        "Must have input size == output size for Intersection RNN. To fix, num_in_proj should be set to num_units at cell init."
                    )
                with variable_scope.variable_scope("in_projection"):
                    if self._linear1 is None:
                        self._linear1 = Linear(inputs, self._num_units, True)
                    inputs = self._linear1(inputs)
            joined = joining.concat([inputs, state], 1)
            if self._linear2 is None:
                self._linear2 = Linear(joined, 2 * self._num_units + 2 * self._num_units, True)
            gate_h, new_h, gate_y, new_y = joining.split(axis=1, num_or_size_splits=4, value=self._linear2(joined))
            h, y = math.tanh(new_h), self._y_activation(new_y)
            g_h, g_y = math.sigmoid(gate_h + self._forget_bias), math.sigmoid(gate_y + self._forget_bias)
            return g_y * inputs + (1.0 - g_y) * y, g_h * state + (1.0 - g_h) * h


class NASCell(LayerRNNCell):
    """The cell that neural architecture search found; `num_proj` is the size of its outputs where they are projected."""

    def __init__(
        self, num_units: int, num_proj: int | None = None, use_bias: bool = False, reuse: Any = None, **kwargs: Any
    ) -> None:
        super().__init__(_reuse=reuse, **kwargs)
        self._num_units, self._num_proj, self._use_bias = num_units, num_proj, use_bias

    state_size = property(lambda self: LSTMStateTuple(self._num_units, self.output_size))
    output_size = property(lambda self: self._num_proj or self._num_units)

    def build(self, inputs_shape: Any) -> None:
        size, columns = input_depth(inputs_shape), 8 * self._num_units
        self.recurrent_kernel = self.add_variable("recurrent_kernel", shape=[self.output_size, columns])
        self.kernel = self.add_variable("kernel", shape=[size, columns])
        if self._use_bias:
            self.bias = self.add_variable("bias", shape=[columns], initializer=initializers.Zeros())
        if self._num_proj is not None:
            self.projection_weights = self.add_variable("projection_weights", shape=[self._num_units, self._num_proj])
        self.built = True

    def call(self, inputs: Any, state: Any) -> Any:
        c_prev, m_prev = state
        of_state, of_inputs = linalg.matmul(m_prev, self.recurrent_kernel), linalg.matmul(inputs, self.kernel)
        if self._use_bias:
            of_state = nn_normalization.bias_add(of_state, self.bias)
        m = joining.split(axis=1, num_or_size_splits=8, value=of_state)
        x = joining.split(axis=1, num_or_size_splits=8, value=of_inputs)
        sigmoid, tanh, relu = math.sigmoid, math.tanh, nn_activations.relu
        first = [
            sigmoid(x[0] + m[0]), relu(x[1] + m[1]), sigmoid(x[2] + m[2]), relu(x[3] * m[3]),
            tanh(x[4] + m[4]), sigmoid(x[5] + m[5]), tanh(x[6] + m[6]), sigmoid(x[7] + m[7]),
        ]  # fmt: skip
        second = [
            tanh(first[0] * first[1]),
            tanh(first[2] + first[3]),
            tanh(first[4] * first[5]),
            sigmoid(first[6] + first[7]),
        ]
        memory = tanh(second[0] + c_prev)
        new_c = memory * second[1]
        new_m = tanh(new_c * tanh(second[2] + second[3]))
        if self._num_proj is not None:
            new_m = linalg.matmul(new_m, self.projection_weights)
        return new_m, LSTMStateTuple(new_c, new_m)


class LayerNormBasicLSTMCell(RNNCell):
    """An LSTM with layer normalization of gates and memory, and dropout of what is new.

    Args:
      layer_norm: whether to normalize; without it there is a bias.
      norm_gain, norm_shift: where `gamma` and `beta` start.
      dropout_keep_prob: what share of the candidate is kept.
    """

    def __init__(self, num_units: int, forget_bias: float = 1.0, input_size: Any = None, activation: Any = math.tanh, layer_norm: bool = True, norm_gain: float = 1.0,
                 norm_shift: float = 0.0, dropout_keep_prob: Any = 1.0, dropout_prob_seed: int | None = None, reuse: Any = None) -> None:  # fmt: skip
        super().__init__(_reuse=reuse)
        self._num_units, self._activation, self._forget_bias = num_units, activation, forget_bias
        self._keep_prob, self._seed = dropout_keep_prob, dropout_prob_seed
        self._layer_norm, self._norm_gain, self._norm_shift = layer_norm, norm_gain, norm_shift

    state_size = property(lambda self: LSTMStateTuple(self._num_units, self._num_units))
    output_size = property(lambda self: self._num_units)

    def _normed(self, tensor: Any, scope: str, dtype: Any) -> Any:
        shape = tensor.get_shape()[-1:]
        with variable_scope.variable_scope(scope):
            variable_scope.get_variable(
                "gamma", shape=shape, initializer=initializers.Constant(self._norm_gain), dtype=dtype
            )
            variable_scope.get_variable(
                "beta", shape=shape, initializer=initializers.Constant(self._norm_shift), dtype=dtype
            )
        return layers_normalization.layer_norm(tensor, reuse=True, scope=scope)

    def call(self, inputs: Any, state: Any) -> Any:
        c, h = state
        joined = joining.concat([inputs, h], 1)
        kind, columns = joined.dtype, 4 * self._num_units
        gates = linalg.matmul(
            joined, variable_scope.get_variable("kernel", [joined.get_shape()[-1].value, columns], dtype=kind)
        )
        if not self._layer_norm:
            gates = nn_normalization.bias_add(gates, variable_scope.get_variable("bias", [columns], dtype=kind))
        i, j, f, o = joining.split(value=gates, num_or_size_splits=4, axis=1)
        if self._layer_norm:
            i, j, f, o = (
                self._normed(t, scope, kind)
                for t, scope in zip((i, j, f, o), ("input", "transform", "forget", "output"), strict=True)
            )
        g = self._activation(j)
        if not isinstance(self._keep_prob, float) or self._keep_prob < 1:
            g = nn_activations.dropout(g, self._keep_prob, seed=self._seed)
        new_c = c * math.sigmoid(f + self._forget_bias) + math.sigmoid(i) * g
        if self._layer_norm:
            new_c = self._normed(new_c, "state", kind)
        new_h = self._activation(new_c) * math.sigmoid(o)
        return new_h, LSTMStateTuple(new_c, new_h)


class LSTMBlockCell(LayerRNNCell):
    """An LSTM whose step is one operation; a checkpoint of `LSTMCell` fits."""

    def __init__(self, num_units: int, forget_bias: float = 1.0, cell_clip: Any = None, use_peephole: bool = False, dtype: Any = None, reuse: Any = None,
                 name: str = "lstm_cell") -> None:  # fmt: skip
        super().__init__(_reuse=reuse, dtype=dtype, name=name)
        self._num_units, self._forget_bias, self._use_peephole = num_units, forget_bias, use_peephole
        self._cell_clip = -1 if cell_clip is None else cell_clip
        self.input_spec = InputSpec(ndim=2)

    state_size = property(lambda self: LSTMStateTuple(self._num_units, self._num_units))
    output_size = property(lambda self: self._num_units)

    def build(self, inputs_shape: Any) -> None:
        size = input_depth(inputs_shape)
        self._kernel = self.add_variable("kernel", [size + self._num_units, 4 * self._num_units])
        self._bias = self.add_variable("bias", [4 * self._num_units], initializer=initializers.Constant(0.0))
        if self._use_peephole:
            self._diagonals = [self.add_variable(f"w_{gate}_diag", [self._num_units]) for gate in "ifo"]
        self.built = True

    def call(self, inputs: Any, state: Any) -> Any:
        if len(state) != 2:
            raise ValueError("Expecting state to be a tuple with length 2.")
        wci, wcf, wco = (
            self._diagonals if self._use_peephole else [constant_op.zeros([self._num_units], dtype=inputs.dtype)] * 3
        )
        c, h = state
        parts = building.make("LSTMBlockCell", inputs, c, h, self._kernel, wci, wcf, wco, self._bias, forget_bias=self._forget_bias,
                              cell_clip=self._cell_clip, use_peephole=self._use_peephole)  # fmt: skip
        return parts[6], LSTMStateTuple(parts[1], parts[6])


class GRUBlockCell(LayerRNNCell):
    """A GRU whose step is one operation."""

    _names = ("w_ru", "b_ru", "w_c", "b_c")

    def __init__(
        self, num_units: int | None = None, cell_size: int | None = None, reuse: Any = None, name: str = "gru_cell"
    ) -> None:
        super().__init__(_reuse=reuse, name=name)
        if (cell_size is None) == (num_units is None):
            raise ValueError("Exactly one of num_units or cell_size must be provided.")
        self._cell_size: Any = cell_size if num_units is None else num_units
        self.input_spec = InputSpec(ndim=2)

    state_size = property(lambda self: self._cell_size)
    output_size = property(lambda self: self._cell_size)

    def build(self, input_shape: Any) -> None:
        rows, units = input_depth(input_shape) + self._cell_size, self._cell_size
        self._gate_kernel = self.add_variable(self._names[0], [rows, 2 * units])
        self._gate_bias = self.add_variable(self._names[1], [2 * units], initializer=initializers.Constant(1.0))
        self._candidate_kernel = self.add_variable(self._names[2], [rows, units])
        self._candidate_bias = self.add_variable(self._names[3], [units], initializer=initializers.Constant(0.0))
        self.built = True

    def call(self, inputs: Any, h_prev: Any) -> Any:
        new = building.make(
            "GRUBlockCell",
            inputs,
            h_prev,
            self._gate_kernel,
            self._candidate_kernel,
            self._gate_bias,
            self._candidate_bias,
        )[3]
        return new, new


class GRUBlockCellV2(GRUBlockCell):
    """`GRUBlockCell` with the variables' names of `GRUCell`."""

    _names = ("gates/kernel", "gates/bias", "candidate/kernel", "candidate/bias")


class CoupledInputForgetGateLSTMCell(RNNCell):
    """An LSTM whose input gate is 1 - forget gate, with peepholes, clipping and projection where asked for."""

    def __init__(self, num_units: int, use_peepholes: bool = False, initializer: Any = None, num_proj: int | None = None, proj_clip: Any = None, num_unit_shards: int = 1,
                 num_proj_shards: int = 1, forget_bias: float = 1.0, state_is_tuple: bool = True, activation: Any = math.tanh, reuse: Any = None) -> None:  # fmt: skip
        super().__init__(_reuse=reuse)
        self._num_units, self._use_peepholes, self._initializer = num_units, use_peepholes, initializer
        self._num_proj, self._proj_clip, self._forget_bias, self._activation = (
            num_proj,
            proj_clip,
            forget_bias,
            activation,
        )
        self._state_is_tuple = state_is_tuple

    output_size = property(lambda self: self._num_proj or self._num_units)

    @property
    def state_size(self) -> Any:
        sizes = LSTMStateTuple(self._num_units, self.output_size)
        return sizes if self._state_is_tuple else sum(sizes)

    def call(self, inputs: Any, state: Any) -> Any:
        units, kind = self._num_units, inputs.dtype
        c_prev, m_prev = state if self._state_is_tuple else joining.split(state, [units, self.output_size], 1)
        joined = joining.concat([inputs, m_prev], 1)
        with variable_scope.variable_scope(variable_scope.get_variable_scope(), initializer=self._initializer):
            kernel = variable_scope.get_variable("kernel", [joined.get_shape()[1].value, 3 * units], dtype=kind)
            bias = variable_scope.get_variable("bias", shape=[3 * units], dtype=kind, initializer=initializers.Zeros())
            j, f, o = joining.split(
                value=nn_normalization.bias_add(linalg.matmul(joined, kernel), bias), num_or_size_splits=3, axis=1
            )
            w_o: Any = None
            if self._use_peepholes:
                w_f, w_o = (
                    variable_scope.get_variable(f"w_{gate}_diag", shape=[units], dtype=kind) for gate in ("f", "o")
                )
                f = f + self._forget_bias + w_f * c_prev
            else:
                f = f + self._forget_bias
            f_act = math.sigmoid(f)
            c = f_act * c_prev + (1 - f_act) * self._activation(j)
            m = math.sigmoid(o + w_o * c if self._use_peepholes else o) * self._activation(c)
            if self._num_proj is not None:
                m = linalg.matmul(
                    m, variable_scope.get_variable("projection/kernel", [units, self._num_proj], dtype=kind)
                )
                if self._proj_clip is not None:
                    m = clip_ops.clip_by_value(m, -self._proj_clip, self._proj_clip)
        return m, LSTMStateTuple(c, m) if self._state_is_tuple else joining.concat([c, m], 1)


class ConvLSTMCell(RNNCell):
    """An LSTM whose gates are convolutions.

    Args:
      conv_ndims: over how many axes: 1, 2 or 3.
      input_shape: the shape of one example, [..., channels].
      output_channels: of memory and outputs.
      kernel_shape: of the filters.
      use_bias, skip_connection, forget_bias: a bias; inputs joined to the outputs; what is added to the forget gate.
    """

    def __init__(self, conv_ndims: int, input_shape: Any, output_channels: int, kernel_shape: Any, use_bias: bool = True, skip_connection: bool = False,
                 forget_bias: float = 1.0, initializers: Any = None, name: Any = "conv_lstm_cell") -> None:  # fmt: skip
        super().__init__(name=name)
        if conv_ndims != len(input_shape) - 1:
            raise ValueError(f"Invalid input_shape {input_shape} for conv_ndims={conv_ndims}.")
        self._conv_ndims, self._input_shape, self._output_channels = conv_ndims, list(input_shape), output_channels
        self._kernel_shape, self._use_bias, self._skip_connection, self._forget_bias = (
            list(kernel_shape),
            use_bias,
            skip_connection,
            forget_bias,
        )
        self._total_output_channels = output_channels + (self._input_shape[-1] if skip_connection else 0)

    @property
    def state_size(self) -> Any:
        size = shapes.TensorShape([*self._input_shape[:-1], self._output_channels])
        return LSTMStateTuple(size, size)

    output_size = property(lambda self: shapes.TensorShape([*self._input_shape[:-1], self._total_output_channels]))

    def call(self, inputs: Any, state: Any, scope: Any = None) -> Any:
        c, h = state
        joined = joining.concat([inputs, h], axis=self._conv_ndims + 1)
        channels, kind = 4 * self._output_channels, inputs.dtype
        kernel = variable_scope.get_variable(
            "kernel", [*self._kernel_shape, joined.get_shape()[-1].value, channels], dtype=kind
        )
        gates = nn_convolutions.convolution(joined, kernel, "SAME")
        if self._use_bias:
            gates = gates + variable_scope.get_variable(
                "biases", [channels], dtype=kind, initializer=initializers.Constant(0.0, dtype=kind)
            )
        i, new_input, f, o = joining.split(value=gates, num_or_size_splits=4, axis=self._conv_ndims + 1)
        new_c = math.sigmoid(f + self._forget_bias) * c
        new_c += math.sigmoid(i) * math.tanh(new_input)
        output = math.tanh(new_c) * math.sigmoid(o)
        if self._skip_connection:
            return joining.concat([output, inputs], axis=-1), LSTMStateTuple(new_c, output)
        return output, LSTMStateTuple(new_c, output)


class Conv1DLSTMCell(ConvLSTMCell):
    """`ConvLSTMCell` over one axis."""

    def __init__(self, name: str = "conv_1d_lstm_cell", **kwargs: Any) -> None:
        super().__init__(conv_ndims=1, name=name, **kwargs)


class Conv2DLSTMCell(ConvLSTMCell):
    """`ConvLSTMCell` over two axes."""

    def __init__(self, name: str = "conv_2d_lstm_cell", **kwargs: Any) -> None:
        super().__init__(conv_ndims=2, name=name, **kwargs)


class Conv3DLSTMCell(ConvLSTMCell):
    """`ConvLSTMCell` over three axes."""

    def __init__(self, name: str = "conv_3d_lstm_cell", **kwargs: Any) -> None:
        super().__init__(conv_ndims=3, name=name, **kwargs)
