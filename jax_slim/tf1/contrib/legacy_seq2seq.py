"""`tf.contrib.legacy_seq2seq`: decoders over lists of inputs, and the losses of sequences."""

from collections.abc import Callable
from typing import Any

from jax_slim.tf1.contrib.rnn_linear import EmbeddingWrapper, Linear, OutputProjectionWrapper
from jax_slim.tf1.graph import dtypes, graphs
from jax_slim.tf1.python import (
    array,
    constant_op,
    control_flow,
    joining,
    linalg,
    math,
    nn_activations,
    nn_convolutions,
    nn_embedding,
    nn_losses,
    nn_normalization,  # fmt: skip
    reductions,
    rnn,
    structures,
    variable_scope,
)


def _next_input(loop_function: Any, prev: Any, number: int, given: Any) -> Any:
    if loop_function is None or prev is None:
        return given
    with variable_scope.variable_scope("loop_function", reuse=True):
        return loop_function(prev, number)


def rnn_decoder(
    decoder_inputs: Any, initial_state: Any, cell: Any, loop_function: Any = None, scope: Any = None
) -> Any:
    """(list of outputs, last state) of a cell over a list of inputs; with `loop_function(output, number)` all but the first are made of the output before."""
    with variable_scope.variable_scope(scope or "rnn_decoder"):
        state, outputs, prev = initial_state, [], None
        for number, given in enumerate(decoder_inputs):
            given = _next_input(loop_function, prev, number, given)
            if number > 0:
                variable_scope.get_variable_scope().reuse_variables()
            output, state = cell(given, state)
            outputs.append(output)
            prev = output
    return outputs, state


def basic_rnn_seq2seq(
    encoder_inputs: Any, decoder_inputs: Any, cell: Any, dtype: Any = dtypes.float32, scope: Any = None
) -> Any:
    """A decoder that begins with the last state of an encoder; each has a copy of the cell."""
    import copy

    with variable_scope.variable_scope(scope or "basic_rnn_seq2seq"):
        _, state = rnn.static_rnn(copy.deepcopy(cell), encoder_inputs, dtype=dtype)
        return rnn_decoder(decoder_inputs, state, cell)


def tied_rnn_seq2seq(
    encoder_inputs: Any,
    decoder_inputs: Any,
    cell: Any,
    loop_function: Any = None,
    dtype: Any = dtypes.float32,
    scope: Any = None,
) -> Any:
    """`basic_rnn_seq2seq` with one cell for both."""
    with variable_scope.variable_scope("combined_tied_rnn_seq2seq"):
        name = scope or "tied_rnn_seq2seq"
        _, state = rnn.static_rnn(cell, encoder_inputs, dtype=dtype, scope=name)
        variable_scope.get_variable_scope().reuse_variables()
        return rnn_decoder(decoder_inputs, state, cell, loop_function=loop_function, scope=name)


def _extract_argmax_and_embed(
    embedding: Any, output_projection: Any = None, update_embedding: bool = True
) -> Callable[[Any, Any], Any]:
    def loop_function(prev: Any, _: Any) -> Any:
        if output_projection is not None:
            prev = nn_normalization.bias_add(linalg.matmul(prev, output_projection[0]), output_projection[1])
        embedded = nn_embedding.embedding_lookup(embedding, reductions.argmax(prev, 1))
        return embedded if update_embedding else array.stop_gradient(embedded)

    return loop_function


def embedding_rnn_decoder(decoder_inputs: Any, initial_state: Any, cell: Any, num_symbols: int, embedding_size: int, output_projection: Any = None,
                          feed_previous: bool = False, update_embedding_for_previous: bool = True, scope: Any = None) -> Any:  # fmt: skip
    """`rnn_decoder` of ids, embedded by the variable `embedding`; with `feed_previous` each input is the likeliest id of the output before."""
    with variable_scope.variable_scope(scope or "embedding_rnn_decoder") as opened:
        if output_projection is not None:
            kind = opened.dtype
            linalg_shape = getattr(output_projection[0], "get_shape", lambda: None)()
            if linalg_shape is not None:
                linalg_shape.assert_is_compatible_with([None, num_symbols])
            output_projection = [math.cast(p, kind) for p in output_projection]
        embedding = variable_scope.get_variable("embedding", [num_symbols, embedding_size])
        loop_function = (
            _extract_argmax_and_embed(embedding, output_projection, update_embedding_for_previous)
            if feed_previous
            else None
        )
        embedded = [nn_embedding.embedding_lookup(embedding, i) for i in decoder_inputs]
        return rnn_decoder(embedded, initial_state, cell, loop_function=loop_function)


def _decoded(decode: Callable[[bool], Any], feed_previous: Any) -> Any:
    """(outputs, state) with a Python bool or a boolean tensor that says whether outputs are fed back."""
    if isinstance(feed_previous, bool):
        return decode(feed_previous)
    structure: list[Any] = []

    def branch(feed: bool) -> Callable[[], Any]:
        def made() -> list[Any]:
            with variable_scope.variable_scope(variable_scope.get_variable_scope(), reuse=None if feed else True):
                outputs, state = decode(feed)
                structure[:] = [len(outputs), state]
                return list(outputs) + structures.flatten(state)

        return made

    found = control_flow.cond(feed_previous, branch(True), branch(False))
    count, state = structure
    return found[:count], structures.pack_sequence_as(state, found[count:])


def embedding_rnn_seq2seq(encoder_inputs: Any, decoder_inputs: Any, cell: Any, num_encoder_symbols: int, num_decoder_symbols: int, embedding_size: int,
                          output_projection: Any = None, feed_previous: Any = False, dtype: Any = None, scope: Any = None) -> Any:  # fmt: skip
    """Ids to ids: an encoder with an embedding, and `embedding_rnn_decoder` from its last state."""
    import copy

    with variable_scope.variable_scope(scope or "embedding_rnn_seq2seq") as opened:
        if dtype is not None:
            opened.set_dtype(dtype)
        else:
            dtype = opened.dtype
        encoder = EmbeddingWrapper(
            copy.deepcopy(cell), embedding_classes=num_encoder_symbols, embedding_size=embedding_size
        )
        _, state = rnn.static_rnn(encoder, encoder_inputs, dtype=dtype)
        if output_projection is None:
            cell = OutputProjectionWrapper(cell, num_decoder_symbols)
        return _decoded(
            lambda feed: embedding_rnn_decoder(
                decoder_inputs,
                state,
                cell,
                num_decoder_symbols,
                embedding_size,
                output_projection=output_projection,
                feed_previous=feed,
            ),
            feed_previous,
        )


def attention_decoder(decoder_inputs: Any, initial_state: Any, attention_states: Any, cell: Any, output_size: int | None = None, num_heads: int = 1,
                      loop_function: Any = None, dtype: Any = None, scope: Any = None, initial_state_attention: bool = False) -> Any:  # fmt: skip
    """`rnn_decoder` whose inputs and outputs are joined with what an attention reads from `attention_states` [batch, length, size].

    Args:
      output_size: of the outputs; by default the cell's.
      num_heads: how many attentions read.
      initial_state_attention: whether the first step reads by the initial state, not zeros.

    Raises:
      ValueError: no inputs, no heads, or sizes that are not known.
    """
    if not decoder_inputs:
        raise ValueError("Must provide at least 1 input to attention decoder.")
    if num_heads < 1:
        raise ValueError("With less than 1 heads, use a non-attention decoder.")
    size = attention_states.get_shape()[2].value
    if size is None:
        raise ValueError(f"Shape[2] of attention_states must be known: {attention_states.get_shape()}")
    output_size = cell.output_size if output_size is None else output_size
    with variable_scope.variable_scope(scope or "attention_decoder", dtype=dtype) as opened:
        kind = opened.dtype
        batch_size = array.shape(decoder_inputs[0])[0]
        length = attention_states.get_shape()[1].value or array.shape(attention_states)[1]
        hidden = array.reshape(attention_states, [-1, length, 1, size])
        features, weights = [], []
        for head in range(num_heads):
            kernel = variable_scope.get_variable(f"AttnW_{head}", [1, 1, size, size], dtype=kind)
            features.append(nn_convolutions.conv2d(hidden, kernel, [1, 1, 1, 1], "SAME"))
            weights.append(variable_scope.get_variable(f"AttnV_{head}", [size], dtype=kind))

        def read(query: Any) -> list[Any]:
            found = []
            if structures.is_nested(query):
                query = joining.concat(structures.flatten(query), 1)
            for head in range(num_heads):
                with variable_scope.variable_scope(f"Attention_{head}"):
                    y = math.cast(array.reshape(Linear(query, size, True)(query), [-1, 1, 1, size]), kind)
                    scores = reductions.reduce_sum(weights[head] * math.tanh(features[head] + y), [2, 3])
                    shares = math.cast(nn_activations.softmax(math.cast(scores, dtypes.float32)), kind)
                    summed = reductions.reduce_sum(array.reshape(shares, [-1, length, 1, 1]) * hidden, [1, 2])
                    found.append(array.reshape(summed, [-1, size]))
            return found

        state, outputs, prev = initial_state, [], None
        blank = joining.stack([batch_size, size])
        attentions = [constant_op.zeros(blank, dtype=kind) for _ in range(num_heads)]
        for attention in attentions:
            attention.set_shape([None, size])
        if initial_state_attention:
            attentions = read(initial_state)
        for number, given in enumerate(decoder_inputs):
            if number > 0:
                variable_scope.get_variable_scope().reuse_variables()
            given = _next_input(loop_function, prev, number, given)
            columns = given.get_shape().with_rank(2)[1].value
            if columns is None:
                raise ValueError(f"Could not infer input size from input: {given.name}")
            joined = [math.cast(e, kind) for e in [given, *attentions]]
            cell_output, state = cell(Linear(joined, columns, True)(joined), state)
            if number == 0 and initial_state_attention:
                with variable_scope.variable_scope(variable_scope.get_variable_scope(), reuse=True):
                    attentions = read(state)
            else:
                attentions = read(state)
            with variable_scope.variable_scope("AttnOutputProjection"):
                joined = [math.cast(cell_output, kind), *attentions]
                output = Linear(joined, output_size, True)(joined)
            prev = output
            outputs.append(output)
    return outputs, state


def embedding_attention_decoder(decoder_inputs: Any, initial_state: Any, attention_states: Any, cell: Any, num_symbols: int, embedding_size: int, num_heads: int = 1,
                                output_size: int | None = None, output_projection: Any = None, feed_previous: bool = False,
                                update_embedding_for_previous: bool = True, dtype: Any = None, scope: Any = None, initial_state_attention: bool = False) -> Any:  # fmt: skip
    """`attention_decoder` of ids, embedded by the variable `embedding`."""
    output_size = cell.output_size if output_size is None else output_size
    with variable_scope.variable_scope(scope or "embedding_attention_decoder", dtype=dtype):
        embedding = variable_scope.get_variable("embedding", [num_symbols, embedding_size])
        loop_function = (
            _extract_argmax_and_embed(embedding, output_projection, update_embedding_for_previous)
            if feed_previous
            else None
        )
        embedded = [nn_embedding.embedding_lookup(embedding, i) for i in decoder_inputs]
        return attention_decoder(embedded, initial_state, attention_states, cell, output_size=output_size, num_heads=num_heads, loop_function=loop_function,
                                 initial_state_attention=initial_state_attention)  # fmt: skip


def embedding_attention_seq2seq(encoder_inputs: Any, decoder_inputs: Any, cell: Any, num_encoder_symbols: int, num_decoder_symbols: int, embedding_size: int,
                                num_heads: int = 1, output_projection: Any = None, feed_previous: Any = False, dtype: Any = None, scope: Any = None,
                                initial_state_attention: bool = False) -> Any:  # fmt: skip
    """Ids to ids with attention over all outputs of the encoder."""
    import copy

    with variable_scope.variable_scope(scope or "embedding_attention_seq2seq", dtype=dtype) as opened:
        dtype = opened.dtype
        encoder = EmbeddingWrapper(
            copy.deepcopy(cell), embedding_classes=num_encoder_symbols, embedding_size=embedding_size
        )
        encoded, state = rnn.static_rnn(encoder, encoder_inputs, dtype=dtype)
        attention_states = joining.concat([array.reshape(e, [-1, 1, cell.output_size]) for e in encoded], 1)
        output_size = None
        if output_projection is None:
            cell = OutputProjectionWrapper(cell, num_decoder_symbols)
            output_size = num_decoder_symbols

        def decode(feed: bool) -> Any:
            return embedding_attention_decoder(
                decoder_inputs, state, attention_states, cell, num_decoder_symbols, embedding_size, num_heads=num_heads, output_size=output_size,
                output_projection=output_projection, feed_previous=feed, initial_state_attention=initial_state_attention,
            )  # fmt: skip

        return _decoded(decode, feed_previous)


def sequence_loss_by_example(
    logits: Any,
    targets: Any,
    weights: Any,
    average_across_timesteps: bool = True,
    softmax_loss_function: Any = None,
    name: str | None = None,
) -> Any:
    """The weighted cross entropy of lists of logits [batch, classes] and targets [batch], a number for each example.

    Raises:
      ValueError: lists of different lengths.
    """
    if len(targets) != len(logits) or len(weights) != len(logits):
        raise ValueError(
            f"Lengths of logits, weights, and targets must be the same {len(logits)}, {len(weights)}, {len(targets)}."
        )
    with graphs.name_scope(name, "sequence_loss_by_example", [*logits, *targets, *weights]):
        losses = []
        for logit, target, weight in zip(logits, targets, weights, strict=True):
            if softmax_loss_function is None:
                target = array.reshape(target, [-1])
                loss = nn_losses.sparse_softmax_cross_entropy_with_logits(labels=target, logits=logit)
            else:
                loss = softmax_loss_function(labels=target, logits=logit)
            losses.append(loss * weight)
        total = math.add_n(losses)
        if average_across_timesteps:
            size = math.add_n(weights)
            size += 1e-12  # all weights may be zero
            total /= size
        return total


def sequence_loss(logits: Any, targets: Any, weights: Any, average_across_timesteps: bool = True, average_across_batch: bool = True, softmax_loss_function: Any = None,
                  name: str | None = None) -> Any:  # fmt: skip
    """The sum of `sequence_loss_by_example`, divided by the number of examples with `average_across_batch`."""
    with graphs.name_scope(name, "sequence_loss", [*logits, *targets, *weights]):
        by_example = sequence_loss_by_example(
            logits,
            targets,
            weights,
            average_across_timesteps=average_across_timesteps,
            softmax_loss_function=softmax_loss_function,
        )
        cost = reductions.reduce_sum(by_example)
        if not average_across_batch:
            return cost
        return cost / math.cast(array.shape(targets[0])[0], cost.dtype)


def model_with_buckets(encoder_inputs: Any, decoder_inputs: Any, targets: Any, weights: Any, buckets: Any, seq2seq: Any, softmax_loss_function: Any = None,
                       per_example_loss: bool = False, name: str | None = None) -> Any:  # fmt: skip
    """(outputs, losses) of a model for each bucket (input length, output length); all share their variables.

    Raises:
      ValueError: fewer inputs, targets or weights than the last bucket needs.
    """
    for label, given, place in (
        ("encoder_inputs", encoder_inputs, 0),
        ("targets", targets, 1),
        ("weights", weights, 1),
    ):
        if len(given) < buckets[-1][place]:
            raise ValueError(
                f"Length of {label} ({len(given)}) must be at least that of last bucket ({buckets[-1][place]})."
            )
    outputs, losses = [], []
    with graphs.name_scope(name, "model_with_buckets", [*encoder_inputs, *decoder_inputs, *targets, *weights]):
        for number, (rows, columns) in enumerate(buckets):
            with variable_scope.variable_scope(variable_scope.get_variable_scope(), reuse=True if number > 0 else None):
                found, _ = seq2seq(encoder_inputs[:rows], decoder_inputs[:columns])
                outputs.append(found)
                loss = sequence_loss_by_example if per_example_loss else sequence_loss
                losses.append(
                    loss(found, targets[:columns], weights[:columns], softmax_loss_function=softmax_loss_function)
                )
    return outputs, losses
