"""Summaries of many arrays at once: `summarize_tensors`, `summarize_collection` and their kin."""

from collections.abc import Callable, Iterable
from typing import Any

import jax.numpy as jnp

from jax_slim.core.aliases import known_name
from jax_slim.core.collections import GraphKeys, named_collection
from jax_slim.core.program import operation
from jax_slim.core.variables import Variable
from jax_slim.summary.recording import histogram, scalar

Summarizer = Callable[[Any], str | None]


@operation
def summarize_tensor(tensor: Any, tag: str | None = None) -> str | None:
    """Records a scalar as a number, any other array as a histogram, and a boolean one not at all.

        slim.summarize_tensor(slim.losses.get_total_loss(), "total_loss")

    Args:
      tensor: an array, or a variable's record.
      tag: the tag in TensorBoard; by default the array's name in the program and '_summary': 'conv1/weights_summary'.

    Returns:
      The tag, or None for booleans.

    Raises:
      ValueError: there is no `tag`, and the array has no name.
    """
    array = jnp.asarray(array_of(tensor))
    if array.dtype == jnp.bool_:
        return None
    tag = tag or f"{summary_name('summarize_tensor', tensor, argument='tag')}_summary"
    return scalar(tag, array) if array.ndim == 0 else histogram(tag, array)


@operation
def summarize_activation(op: Any) -> str:
    """Records a histogram of a layer's outputs, and which fraction of them is 0.

    The tags are the outputs' name and '/activation' or '/zeros'. (TF-Slim finds out which activation was used and
    records '/zeros' for those that cut at 0, and '/sixes' for `relu6`; an array does not tell.)

    Args:
      op: the outputs of a layer that was given `outputs_collections`, or any array that has a name in the program.

    Returns:
      The histogram's tag.
    """
    array = jnp.asarray(array_of(op))
    name = summary_name("summarize_activation", op, argument=None)
    scalar(f"{name}/zeros", jnp.mean(array == 0, dtype=jnp.float32))
    return histogram(f"{name}/activation", array)


@operation
def summarize_tensors(tensors: Iterable[Any], summarizer: Summarizer = summarize_tensor) -> list[str | None]:
    """Calls `summarizer` on each of several arrays; returns what it returns, the tags."""
    return [summarizer(tensor) for tensor in tensors]


@operation
def summarize_collection(
    collection: str, name_filter: str | None = None, summarizer: Summarizer = summarize_tensor
) -> list[str | None]:
    """Calls `summarizer` on what a collection lists: variables, and arrays that were added to it.

        slim.summarize_collection("end_points", name_filter="vgg_16/conv1", summarizer=slim.summarize_activation)

    Args:
      collection: its name.
      name_filter: a regular expression that names must match from their start; None means all.
      summarizer: called on each; returns a tag.

    Returns:
      The tags.
    """
    return summarize_tensors([value for _, value in named_collection(collection, name_filter)], summarizer)


@operation
def summarize_variables(name_filter: str | None = None, summarizer: Summarizer = summarize_tensor) -> list[str | None]:
    """Records the variables made so far.

        slim.summarize_variables()                         # 'conv1/weights_summary', 'conv1/biases_summary', ...

    Args:
      name_filter: a regular expression that names must match from their start; None means all.
      summarizer: called on each; returns a tag.

    Returns:
      The tags.
    """
    return summarize_collection(GraphKeys.GLOBAL_VARIABLES, name_filter, summarizer)


@operation
def summarize_weights(name_filter: str | None = None, summarizer: Summarizer = summarize_tensor) -> list[str | None]:
    """As `summarize_variables`, of the collection WEIGHTS: layers list theirs with `variables_collections`."""
    return summarize_collection(GraphKeys.WEIGHTS, name_filter, summarizer)


@operation
def summarize_biases(name_filter: str | None = None, summarizer: Summarizer = summarize_tensor) -> list[str | None]:
    """As `summarize_variables`, of the collection BIASES."""
    return summarize_collection(GraphKeys.BIASES, name_filter, summarizer)


@operation
def summarize_activations(
    name_filter: str | None = None, summarizer: Summarizer = summarize_activation
) -> list[str | None]:
    """Records the outputs of layers, of the collection ACTIVATIONS, by `summarize_activation`.

        with slim.arg_scope([slim.conv2d], outputs_collections=slim.GraphKeys.ACTIVATIONS):
            net = slim.conv2d(images, 4, 3, scope="conv1")
        slim.summarize_activations()                       # 'conv1/zeros', 'conv1/activation'

    Args, Returns: as `summarize_variables`.
    """
    return summarize_collection(GraphKeys.ACTIVATIONS, name_filter, summarizer)


def array_of(tensor: Any) -> Any:
    """The value of a variable's record; anything else as it is."""
    return tensor.value if isinstance(tensor, Variable) else tensor


def summary_name(function: str, tensor: Any, name: str | None = None, argument: str | None = "name") -> str:
    """`name`, or what the program calls the array."""
    known = name or (tensor.name if isinstance(tensor, Variable) else known_name(tensor))
    if not known:
        given = f"pass {argument}=" if argument else "use slim.utils.append_tensor_alias(array, name)"
        raise ValueError(
            f"{function}: the array (shape {getattr(tensor, 'shape', '?')}) has no name. Arrays have one when they are "
            f"variables, losses, or outputs of a layer with outputs_collections; for others {given}."
        )
    return known
