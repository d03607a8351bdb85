"""`tf.contrib.seq2seq`: decoders in loops, and the helpers that choose their next inputs."""

from typing import Any, NamedTuple

from jax_slim.tf1.graph import conversion, dtypes, graphs, shapes
from jax_slim.tf1.python import (  # fmt: skip
    array,
    constant_op,
    control_flow,
    gathering,
    math,
    nn_embedding,
    random,
    reductions,
    rnn,
    structures,
    variable_scope,
)
from jax_slim.tf1.python.rnn_cell_base import assert_like_rnncell, join_shapes, join_static_shapes
from jax_slim.tf1.python.tensor_array import TensorArray


class Helper:
    """What a decoder asks: with what it begins, what id an output is, what comes next."""

    @property
    def batch_size(self) -> Any:
        raise NotImplementedError("batch_size has not been implemented")

    sample_ids_shape = property(lambda self: shapes.TensorShape([]))
    sample_ids_dtype = property(lambda self: dtypes.int32)

    def initialize(self, name: str | None = None) -> Any:
        """(finished [batch], the first inputs)."""
        raise NotImplementedError

    def sample(self, time: Any, outputs: Any, state: Any, name: str | None = None) -> Any:
        """The ids that outputs stand for."""
        raise NotImplementedError

    def next_inputs(self, time: Any, outputs: Any, state: Any, sample_ids: Any, name: str | None = None) -> Any:
        """(finished [batch], the next inputs, the next state)."""
        raise NotImplementedError


def _likeliest(outputs: Any) -> Any:
    return math.cast(reductions.argmax(outputs, axis=-1), dtypes.int32)


class CustomHelper(Helper):
    """A helper of three functions."""

    def __init__(
        self,
        initialize_fn: Any,
        sample_fn: Any,
        next_inputs_fn: Any,
        sample_ids_shape: Any = None,
        sample_ids_dtype: Any = None,
    ) -> None:
        self._initialize_fn, self._sample_fn, self._next_inputs_fn = initialize_fn, sample_fn, next_inputs_fn
        self._batch_size: Any = None
        self._shape, self._dtype = shapes.as_shape(sample_ids_shape or []), sample_ids_dtype or dtypes.int32

    @property
    def batch_size(self) -> Any:
        if self._batch_size is None:
            raise ValueError("batch_size accessed before initialize was called")
        return self._batch_size

    sample_ids_shape = property(lambda self: self._shape)
    sample_ids_dtype = property(lambda self: self._dtype)

    def initialize(self, name: str | None = None) -> Any:
        with graphs.name_scope(name, "CustomHelperInitialize"):
            finished, first = self._initialize_fn()
            if self._batch_size is None:
                self._batch_size = array.size(finished)
        return finished, first

    def sample(self, time: Any, outputs: Any, state: Any, name: str | None = None) -> Any:
        with graphs.name_scope(name, "CustomHelperSample", [time, outputs]):
            return self._sample_fn(time=time, outputs=outputs, state=state)

    def next_inputs(self, time: Any, outputs: Any, state: Any, sample_ids: Any, name: str | None = None) -> Any:
        with graphs.name_scope(name, "CustomHelperNextInputs", [time, outputs]):
            return self._next_inputs_fn(time=time, outputs=outputs, state=state, sample_ids=sample_ids)


class TrainingHelper(Helper):
    """Reads inputs [batch, time, ...] up to each entry's length."""

    def __init__(self, inputs: Any, sequence_length: Any, time_major: bool = False, name: str | None = None) -> None:
        with graphs.name_scope(name, "TrainingHelper", [inputs, sequence_length]):
            inputs = structures.map_structure(conversion.convert_to_tensor, inputs)
            self._inputs = inputs
            if not time_major:
                inputs = structures.map_structure(rnn.transpose_batch_time, inputs)
            self._rows = structures.flatten(inputs)
            self._arrays = [
                TensorArray(t.dtype, size=array.shape(t)[0], element_shape=t.get_shape()[1:]).unstack(t)
                for t in self._rows
            ]
            self._structure = inputs
            self._sequence_length = conversion.convert_to_tensor(sequence_length, name="sequence_length")
            if self._sequence_length.get_shape().ndims != 1:
                raise ValueError(
                    f"Expected sequence_length to be a vector, but received shape: {self._sequence_length.get_shape()}"
                )
            self._zero_inputs = structures.map_structure(lambda t: constant_op.zeros_like(t[0, :]), inputs)
            self._batch_size = array.size(self._sequence_length)

    inputs = property(lambda self: self._inputs)
    sequence_length = property(lambda self: self._sequence_length)
    batch_size = property(lambda self: self._batch_size)

    def _read(self, finished: Any, time: Any) -> Any:
        flat = control_flow.cond(
            reductions.reduce_all(finished),
            lambda: structures.flatten(self._zero_inputs),
            lambda: [a.read(time) for a in self._arrays],
            strict=True,
        )
        return structures.pack_sequence_as(self._structure, flat)

    def initialize(self, name: str | None = None) -> Any:
        with graphs.name_scope(name, "TrainingHelperInitialize"):
            finished = math.equal(0, self._sequence_length)
            return finished, self._read(finished, 0)

    def sample(self, time: Any, outputs: Any, state: Any, name: str | None = None, **unused: Any) -> Any:
        with graphs.name_scope(name, "TrainingHelperSample", [time, outputs]):
            return _likeliest(outputs)

    def next_inputs(
        self, time: Any, outputs: Any, state: Any, sample_ids: Any = None, name: str | None = None, **unused: Any
    ) -> Any:
        with graphs.name_scope(name, "TrainingHelperNextInputs", [time, outputs]):
            following = time + 1
            finished = following >= self._sequence_length
            return finished, self._read(finished, following), state


class GreedyEmbeddingHelper(Helper):
    """Feeds the embedding of the likeliest id of the output before, until `end_token`.

    Args:
      embedding: a matrix, or a function of ids.
      start_tokens: int32 vector [batch].
      end_token: the id that ends an entry.
    """

    def __init__(self, embedding: Any, start_tokens: Any, end_token: Any) -> None:
        self._embedding_fn = (
            embedding if callable(embedding) else (lambda ids: nn_embedding.embedding_lookup(embedding, ids))
        )
        self._start_tokens = conversion.convert_to_tensor(start_tokens, dtype=dtypes.int32, name="start_tokens")
        self._end_token = conversion.convert_to_tensor(end_token, dtype=dtypes.int32, name="end_token")
        if self._start_tokens.get_shape().ndims != 1:
            raise ValueError("start_tokens must be a vector")
        if self._end_token.get_shape().ndims != 0:
            raise ValueError("end_token must be a scalar")
        self._batch_size = array.size(self._start_tokens)
        self._start_inputs = self._embedding_fn(self._start_tokens)

    batch_size = property(lambda self: self._batch_size)

    def initialize(self, name: str | None = None) -> Any:
        return array.tile([False], [self._batch_size]), self._start_inputs

    def sample(self, time: Any, outputs: Any, state: Any, name: str | None = None) -> Any:
        return _likeliest(outputs)

    def next_inputs(self, time: Any, outputs: Any, state: Any, sample_ids: Any, name: str | None = None) -> Any:
        finished = math.equal(sample_ids, self._end_token)
        following = control_flow.cond(
            reductions.reduce_all(finished), lambda: self._start_inputs, lambda: self._embedding_fn(sample_ids)
        )
        return finished, following, state


class SampleEmbeddingHelper(GreedyEmbeddingHelper):
    """`GreedyEmbeddingHelper` that draws ids by the outputs' softmax, divided by `softmax_temperature` before."""

    def __init__(
        self,
        embedding: Any,
        start_tokens: Any,
        end_token: Any,
        softmax_temperature: float | None = None,
        seed: int | None = None,
    ) -> None:
        super().__init__(embedding, start_tokens, end_token)
        self._temperature, self._seed = softmax_temperature, seed

    def sample(self, time: Any, outputs: Any, state: Any, name: str | None = None) -> Any:
        logits = outputs if self._temperature is None else outputs / self._temperature
        drawn = random.multinomial(logits, 1, seed=self._seed)
        return math.cast(array.reshape(drawn, [-1]), dtypes.int32)


class InferenceHelper(Helper):
    """Feeds back what `sample_fn(outputs)` gives, through `next_inputs_fn` if given, until `end_fn(samples)` holds."""

    def __init__(
        self,
        sample_fn: Any,
        sample_shape: Any,
        sample_dtype: Any,
        start_inputs: Any,
        end_fn: Any,
        next_inputs_fn: Any = None,
    ) -> None:
        self._sample_fn, self._end_fn, self._next_inputs_fn = sample_fn, end_fn, next_inputs_fn
        self._shape, self._dtype = shapes.as_shape(sample_shape), sample_dtype
        self._start_inputs = conversion.convert_to_tensor(start_inputs, name="start_inputs")
        self._batch_size = array.shape(start_inputs)[0]

    batch_size = property(lambda self: self._batch_size)
    sample_ids_shape = property(lambda self: self._shape)
    sample_ids_dtype = property(lambda self: self._dtype)

    def initialize(self, name: str | None = None) -> Any:
        return array.tile([False], [self._batch_size]), self._start_inputs

    def sample(self, time: Any, outputs: Any, state: Any, name: str | None = None) -> Any:
        return self._sample_fn(outputs)

    def next_inputs(self, time: Any, outputs: Any, state: Any, sample_ids: Any, name: str | None = None) -> Any:
        following = sample_ids if self._next_inputs_fn is None else self._next_inputs_fn(sample_ids)
        return self._end_fn(sample_ids), following, state


class Decoder:
    """What `dynamic_decode` runs: `initialize`, `step`, and what the outputs look like."""

    tracks_own_finished = False

    def finalize(self, outputs: Any, final_state: Any, sequence_lengths: Any) -> Any:
        """What is given back for all outputs."""
        raise NotImplementedError


class BasicDecoderOutput(NamedTuple):
    """A step's outputs and the ids that they stand for."""

    rnn_output: Any
    sample_id: Any


class BasicDecoder(Decoder):
    """A cell whose inputs a helper chooses; outputs go through `output_layer` if given."""

    def __init__(self, cell: Any, helper: Any, initial_state: Any, output_layer: Any = None) -> None:
        assert_like_rnncell("cell", cell)
        if not isinstance(helper, Helper):
            raise TypeError(f"helper must be a Helper, received: {type(helper)}")
        self._cell, self._helper, self._initial_state, self._output_layer = cell, helper, initial_state, output_layer

    batch_size = property(lambda self: self._helper.batch_size)

    def _rnn_output_size(self) -> Any:
        size = self._cell.output_size
        if self._output_layer is None:
            return size
        whole = structures.map_structure(lambda s: join_static_shapes(None, s), size)
        return structures.map_structure(lambda s: s[1:], self._output_layer.compute_output_shape(whole))

    @property
    def output_size(self) -> Any:
        return BasicDecoderOutput(self._rnn_output_size(), self._helper.sample_ids_shape)

    @property
    def output_dtype(self) -> Any:
        kind = structures.flatten(self._initial_state)[0].dtype
        return BasicDecoderOutput(
            structures.map_structure(lambda _: kind, self._rnn_output_size()), self._helper.sample_ids_dtype
        )

    def initialize(self, name: str | None = None) -> Any:
        """(finished, first inputs, first state)."""
        return (*self._helper.initialize(), self._initial_state)

    def step(self, time: Any, inputs: Any, state: Any, name: str | None = None, training: Any = None) -> Any:
        """(outputs, next state, next inputs, finished)."""
        with graphs.name_scope(name, "BasicDecoderStep", [time, inputs]):
            outputs, after = self._cell(inputs, state)
            if self._output_layer is not None:
                outputs = self._output_layer(outputs)
            ids = self._helper.sample(time=time, outputs=outputs, state=after)
            finished, following, after = self._helper.next_inputs(
                time=time, outputs=outputs, state=after, sample_ids=ids
            )
        return BasicDecoderOutput(outputs, ids), after, following, finished


def dynamic_decode(decoder: Any, output_time_major: bool = False, impute_finished: bool = False, maximum_iterations: Any = None, parallel_iterations: int = 32,
                   swap_memory: bool = False, training: Any = None, scope: Any = None, **kwargs: Any) -> Any:  # fmt: skip
    """Runs a decoder until all entries of the batch have finished.

    Args:
      output_time_major: outputs are [time, batch, ...].
      impute_finished: entries that have finished give zeros and keep their state.
      maximum_iterations: a limit for the number of steps.

    Returns:
      (outputs [batch, time, ...] in the decoder's structure, last state, lengths [batch]).
    """
    with variable_scope.variable_scope(scope, "decoder"):
        if maximum_iterations is not None:
            maximum_iterations = conversion.convert_to_tensor(
                maximum_iterations, dtype=dtypes.int32, name="maximum_iterations"
            )
            if maximum_iterations.get_shape().ndims != 0:
                raise ValueError("maximum_iterations must be a scalar")
        finished, inputs, state = decoder.initialize(**kwargs)
        sizes, kinds = decoder.output_size, decoder.output_dtype
        zeros = structures.pack_sequence_as(kinds, [
            constant_op.zeros(join_shapes(decoder.batch_size, size), kind)
            for size, kind in zip(_leaves(sizes, kinds), structures.flatten(kinds), strict=True)
        ])  # fmt: skip
        if maximum_iterations is not None:
            finished = math.logical_or(finished, maximum_iterations <= 0)
        lengths = constant_op.zeros_like(finished, dtype=dtypes.int32)
        arrays = structures.pack_sequence_as(kinds, [
            TensorArray(kind, size=0, dynamic_size=True, element_shape=join_static_shapes(decoder.batch_size, size))
            for size, kind in zip(_leaves(sizes, kinds), structures.flatten(kinds), strict=True)
        ])  # fmt: skip

        def goes_on(time: Any, arrays: Any, state: Any, inputs: Any, finished: Any, lengths: Any) -> Any:
            return math.logical_not(reductions.reduce_all(finished))

        def body(time: Any, arrays: Any, state: Any, inputs: Any, finished: Any, lengths: Any) -> Any:
            outputs, after, following, over = _step(decoder, time, inputs, state, training)
            over = over if decoder.tracks_own_finished else math.logical_or(over, finished)
            if maximum_iterations is not None:
                over = math.logical_or(over, time + 1 >= maximum_iterations)
            new_lengths = gathering.where(
                math.logical_not(finished), constant_op.fill(array.shape(lengths), time + 1), lengths
            )
            emitted = outputs
            if impute_finished:
                emitted = structures.map_structure(
                    lambda out, zero: gathering.where(finished, zero, out), outputs, zeros
                )
                after = structures.map_structure(lambda new, old: _kept(finished, new, old), after, state)
            written = structures.map_structure(lambda a, out: a.write(time, out), arrays, emitted)
            return time + 1, written, after, following, over, new_lengths

        found = control_flow.while_loop(
            goes_on, body, (constant_op.constant(0, dtype=dtypes.int32), arrays, state, inputs, finished, lengths), parallel_iterations=parallel_iterations,
            maximum_iterations=maximum_iterations, swap_memory=swap_memory,
        )  # fmt: skip
        outputs = structures.map_structure(lambda a: a.stack(), found[1])
        state, lengths = found[2], found[5]
        try:
            outputs, state = decoder.finalize(outputs, state, lengths)
        except NotImplementedError:
            pass
        if not output_time_major:
            outputs = structures.map_structure(rnn.transpose_batch_time, outputs)
    return outputs, state, lengths


def _leaves(sizes: Any, kinds: Any) -> list[Any]:
    return structures.flatten_up_to(kinds, sizes)


def _step(decoder: Any, time: Any, inputs: Any, state: Any, training: Any) -> Any:
    return (
        decoder.step(time, inputs, state) if training is None else decoder.step(time, inputs, state, training=training)
    )


def _kept(finished: Any, new: Any, old: Any) -> Any:
    if isinstance(old, TensorArray):
        return new
    new.set_shape(old.shape)
    return new if new.shape.ndims == 0 else gathering.where(finished, old, new)
