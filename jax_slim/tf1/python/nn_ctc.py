"""`tf.nn`: connectionist temporal classification: sequences of labels for longer sequences of inputs."""

from typing import Any

from jax_slim.tf1.graph import building
from jax_slim.tf1.graph.composites import SparseTensor
from jax_slim.tf1.graph.tensors import Tensor
from jax_slim.tf1.python import arguments, array


def ctc_loss(labels: Any, inputs: Any = None, sequence_length: Any = None, preprocess_collapse_repeated: bool = False, ctc_merge_repeated: bool = True,
             ignore_longer_outputs_than_inputs: bool = False, time_major: bool = True, logits: Any = None) -> Tensor:  # fmt: skip
    """The negative log probability of each sequence of labels.

    Args:
      labels: a SparseTensor [N, longest], int32.
      inputs: logits [time, N, classes + 1], the last class is the blank; [N, time, ...] unless `time_major`.
      sequence_length: int32 [N].

    Returns:
      [N].
    """
    if not isinstance(labels, SparseTensor):
        raise TypeError("Expected labels (first argument) to be a SparseTensor")
    inputs = arguments.either("logits", logits, "inputs", inputs)
    if not time_major:
        inputs = array.transpose(inputs, [1, 0, 2])
    return building.make(
        "CTCLoss", inputs, labels.indices, labels.values, sequence_length, preprocess_collapse_repeated=preprocess_collapse_repeated,
        ctc_merge_repeated=ctc_merge_repeated, ignore_longer_outputs_than_inputs=ignore_longer_outputs_than_inputs,
    )[0]  # fmt: skip


def ctc_greedy_decoder(
    inputs: Any, sequence_length: Any, merge_repeated: bool = True
) -> tuple[list[SparseTensor], Tensor]:
    """The best class of each step, without blanks and, with `merge_repeated`, repetitions.

    Returns:
      ([labels, a SparseTensor [N, longest]], the negative sum of the best logits [N, 1]).
    """
    indices, values, shape, scores = building.make(
        "CTCGreedyDecoder", inputs, sequence_length, merge_repeated=merge_repeated
    )
    return [SparseTensor(indices, values, shape)], scores


def ctc_beam_search_decoder(
    inputs: Any, sequence_length: Any, beam_width: int = 100, top_paths: int = 1, merge_repeated: bool = True
) -> tuple[list[SparseTensor], Tensor]:
    """The most probable sequences of labels, found by keeping `beam_width` beginnings.

    Returns:
      (a SparseTensor [N, longest] for each of `top_paths`, their log probabilities [N, top_paths]).
    """
    indices, values, sizes, scores = building.make(
        "CTCBeamSearchDecoder",
        inputs,
        sequence_length,
        beam_width=beam_width,
        top_paths=top_paths,
        merge_repeated=merge_repeated,
    )
    return [SparseTensor(i, v, s) for i, v, s in zip(indices, values, sizes, strict=True)], scores


def ctc_beam_search_decoder_v2(
    inputs: Any, sequence_length: Any, beam_width: int = 100, top_paths: int = 1
) -> tuple[list[SparseTensor], Tensor]:
    """`ctc_beam_search_decoder` that keeps repetitions."""
    return ctc_beam_search_decoder(inputs, sequence_length, beam_width, top_paths, merge_repeated=False)
