"""The product with weights that cells and decoders of `tf.contrib` make where they stand, and cells around it."""

from typing import Any

from jax_slim.tf1.graph import dtypes, graphs
from jax_slim.tf1.python import (
    array,
    initializers,
    joining,
    linalg,
    nn_embedding,
    nn_normalization,
    structures,
    variable_scope,
)
from jax_slim.tf1.python.rnn_cell_base import RNNCell, assert_like_rnncell


class Linear:
    """outputs = [inputs joined] . kernel + bias, with the variables `kernel` and `bias` of the current variable scope.

    Args:
      args: a tensor [batch, size] or a list of them: what it will be called with.
      output_size: columns of the kernel.
      build_bias: whether there is a bias.
    """

    def __init__(
        self,
        args: Any,
        output_size: Any,
        build_bias: bool,
        bias_initializer: Any = None,
        kernel_initializer: Any = None,
    ) -> None:
        if args is None or (structures.is_nested(args) and not args):
            raise ValueError("`args` must be specified")
        given = args if structures.is_nested(args) else [args]
        total = 0
        for tensor in given:
            shape = tensor.get_shape()
            if shape.ndims != 2:
                raise ValueError(f"linear is expecting 2D arguments: {[t.get_shape() for t in given]}")
            if shape[1].value is None:
                raise ValueError(f"linear expects shape[1] to be provided for shape {shape}, but saw {shape[1]}")
            total += shape[1].value
        kind = given[0].dtype.base_dtype
        with variable_scope.variable_scope(variable_scope.get_variable_scope()) as outer:
            self._weights = variable_scope.get_variable(
                "kernel", [total, output_size], dtype=kind, initializer=kernel_initializer
            )
            self._biases = None
            if build_bias:
                with variable_scope.variable_scope(outer) as inner:
                    inner.set_partitioner(None)
                    if bias_initializer is None:
                        bias_initializer = initializers.Constant(0.0, dtype=kind)
                    self._biases = variable_scope.get_variable(
                        "bias", [output_size], dtype=kind, initializer=bias_initializer
                    )

    def __call__(self, args: Any) -> Any:
        given = list(args) if structures.is_nested(args) else [args]
        result = linalg.matmul(given[0] if len(given) == 1 else joining.concat(given, 1), self._weights)
        return result if self._biases is None else nn_normalization.bias_add(result, self._biases)


class _Around(RNNCell):
    """A cell around another one, with variables of its own."""

    def __init__(self, cell: Any, reuse: Any) -> None:
        super().__init__(_reuse=reuse)
        assert_like_rnncell("cell", cell)
        self._cell = cell
        self._linear: Any = None

    state_size = property(lambda self: self._cell.state_size)
    output_size = property(lambda self: self._cell.output_size)

    def zero_state(self, batch_size: Any, dtype: Any) -> Any:
        with graphs.name_scope(f"{type(self).__name__}ZeroState", None, [batch_size]):
            return self._cell.zero_state(batch_size, dtype)


class OutputProjectionWrapper(_Around):
    """A cell whose outputs go through a matrix to `output_size`, and through `activation`."""

    def __init__(self, cell: Any, output_size: int, activation: Any = None, reuse: Any = None) -> None:
        super().__init__(cell, reuse)
        if output_size < 1:
            raise ValueError(f"Parameter output_size must be > 0: {output_size}.")
        self._output_size, self._activation = output_size, activation

    output_size = property(lambda self: self._output_size)

    def call(self, inputs: Any, state: Any) -> Any:
        output, new = self._cell(inputs, state)
        if self._linear is None:
            self._linear = Linear(output, self._output_size, True)
        projected = self._linear(output)
        return self._activation(projected) if self._activation else projected, new


class InputProjectionWrapper(_Around):
    """A cell whose inputs go through a matrix to size `num_proj`, and through `activation`, first."""

    def __init__(
        self, cell: Any, num_proj: int, activation: Any = None, input_size: Any = None, reuse: Any = None
    ) -> None:
        super().__init__(cell, reuse)
        self._num_proj, self._activation = num_proj, activation

    def call(self, inputs: Any, state: Any) -> Any:
        if self._linear is None:
            self._linear = Linear(inputs, self._num_proj, True)
        projected = self._linear(inputs)
        return self._cell(self._activation(projected) if self._activation else projected, state)


class EmbeddingWrapper(_Around):
    """A cell that gets ids: rows of the variable `embedding` [embedding_classes, embedding_size] are its inputs."""

    def __init__(
        self, cell: Any, embedding_classes: int, embedding_size: int, initializer: Any = None, reuse: Any = None
    ) -> None:
        super().__init__(cell, reuse)
        if embedding_classes <= 0 or embedding_size <= 0:
            raise ValueError(
                f"Both embedding_classes and embedding_size must be > 0: {embedding_classes}, {embedding_size}."
            )
        self._classes, self._size, self._initializer = embedding_classes, embedding_size, initializer
        self._embedding: Any = None

    def call(self, inputs: Any, state: Any) -> Any:
        with graphs.device("/cpu:0"):
            initializer = self._initializer or variable_scope.get_variable_scope().initializer
            initializer = initializer or initializers.RandomUniform(-(3.0**0.5), 3.0**0.5)
            if self._embedding is None:
                kind = dtypes.as_dtype(structures.flatten(state)[0].dtype).base_dtype
                self._embedding = variable_scope.get_variable(
                    "embedding", [self._classes, self._size], initializer=initializer, dtype=kind
                )
            embedded = nn_embedding.embedding_lookup(self._embedding, array.reshape(inputs, [-1]))
            return self._cell(embedded, state)
