"""`tf.contrib.layers.summarize_*` and `slim.summaries`: summaries of tensors, activations and variables."""

import re
from typing import Any

from jax_slim.tf1.graph import graphs
from jax_slim.tf1.graph.collections import GraphKeys
from jax_slim.tf1.python import checks, math, nn_normalization, reductions, summary


def _scalar(tensor: Any, tag: str | None = None) -> Any:
    tensor.get_shape().assert_has_rank(0)
    tag = tag or f"{tensor.op.name}_summary"
    return summary.scalar(tag, tensor)


def _histogram(tensor: Any, tag: str | None = None) -> Any:
    return summary.histogram(tag or f"{tensor.op.name}_summary", tensor)


def summarize_tensor(tensor: Any, tag: str | None = None) -> Any:
    """A scalar or a histogram summary of a tensor."""
    return _scalar(tensor, tag) if tensor.get_shape().ndims == 0 else _histogram(tensor, tag)


def summarize_activation(op: Any) -> Any:
    """A histogram of an activation; of a ReLU or softplus also how many of its inputs are below 0, of a ReLU6 how many above 6."""
    if op.op.type in ("Relu", "Softplus", "Relu6"):
        _fraction(op, math.less, 0.0, "zeros")
    if op.op.type == "Relu6":
        _fraction(op, math.greater, 6.0, "sixes")
    return _histogram(op, f"{op.op.name}/activation")


def _fraction(op: Any, comparison: Any, bound: float, name: str) -> None:
    features = op.op.inputs[0]
    beyond = comparison(features, math.cast(bound, features.dtype))
    _scalar(reductions.reduce_mean(math.cast(beyond, "float32", name="ToFloat")), f"{op.op.name}/{name}")


def summarize_tensors(tensors: Any, summarizer: Any = summarize_tensor) -> list[Any]:
    """Summaries of several tensors."""
    return [summarizer(tensor) for tensor in tensors]


def summarize_collection(
    collection: Any, name_filter: str | None = None, summarizer: Any = summarize_tensor
) -> list[Any]:
    """Summaries of a collection, of those whose name the regular expression matches."""
    found = graphs.get_collection(collection)
    if name_filter is not None:
        found = [t for t in found if re.match(name_filter, t.op.name)]
    return summarize_tensors(found, summarizer)


def summarize_variables(name_filter: str | None = None, summarizer: Any = summarize_tensor) -> list[Any]:
    """Summaries of all global variables."""
    return summarize_collection(GraphKeys.GLOBAL_VARIABLES, name_filter, summarizer)


def summarize_weights(name_filter: str | None = None, summarizer: Any = summarize_tensor) -> list[Any]:
    """Summaries of the collection WEIGHTS."""
    return summarize_collection(GraphKeys.WEIGHTS, name_filter, summarizer)


def summarize_biases(name_filter: str | None = None, summarizer: Any = summarize_tensor) -> list[Any]:
    """Summaries of the collection BIASES."""
    return summarize_collection(GraphKeys.BIASES, name_filter, summarizer)


def summarize_activations(name_filter: str | None = None, summarizer: Any = summarize_activation) -> list[Any]:
    """Summaries of the collection ACTIVATIONS."""
    return summarize_collection(GraphKeys.ACTIVATIONS, name_filter, summarizer)


# slim.summaries


def _name(tensor: Any, name: str | None, prefix: str | None, postfix: str | None = None) -> str:
    whole = str(name or tensor.op.name)
    if prefix:
        whole = prefix + "/" + whole
    return whole + "/" + postfix if postfix else whole


def _printed(made: Any, tensor: Any, name: str) -> Any:
    printed = checks.Print(made, [tensor], name)
    graphs.add_to_collection(GraphKeys.SUMMARIES, printed)
    return printed


def add_histogram_summary(tensor: Any, name: str | None = None, prefix: str | None = None) -> Any:
    """A histogram summary; the tag is the tensor's name, with the prefix."""
    return summary.histogram(_name(tensor, name, prefix), tensor)


def add_image_summary(
    tensor: Any, name: str | None = None, prefix: str | None = None, print_summary: bool = False
) -> Any:
    """An image summary, of up to three images."""
    name = _name(tensor, name, prefix)
    if print_summary:
        return _printed(summary.image(name, tensor, collections=[]), tensor, name)
    return summary.image(name, tensor)


def add_scalar_summary(
    tensor: Any, name: str | None = None, prefix: str | None = None, print_summary: bool = False
) -> Any:
    """A scalar summary, with `print_summary` also printed when it is computed."""
    name = _name(tensor, name, prefix)
    if print_summary:
        return _printed(summary.scalar(name, tensor, collections=[]), tensor, name)
    return summary.scalar(name, tensor)


def add_zero_fraction_summary(
    tensor: Any, name: str | None = None, prefix: str | None = None, print_summary: bool = False
) -> Any:
    """A scalar summary of how much of a tensor is zero."""
    return add_scalar_summary(
        nn_normalization.zero_fraction(tensor),
        _name(tensor, name, prefix or "Fraction_of_Zero_Values"),
        None,
        print_summary,
    )


def add_histogram_summaries(tensors: Any, prefix: str | None = None) -> list[Any]:
    """Histogram summaries of several tensors."""
    return [add_histogram_summary(t, prefix=prefix) for t in tensors]


def add_image_summaries(tensors: Any, prefix: str | None = None) -> list[Any]:
    """Image summaries of several tensors."""
    return [add_image_summary(t, prefix=prefix) for t in tensors]


def add_scalar_summaries(tensors: Any, prefix: str | None = None, print_summary: bool = False) -> list[Any]:
    """Scalar summaries of several tensors."""
    return [add_scalar_summary(t, prefix=prefix, print_summary=print_summary) for t in tensors]


def add_zero_fraction_summaries(tensors: Any, prefix: str | None = None) -> list[Any]:
    """`add_zero_fraction_summary` of several tensors."""
    return [add_zero_fraction_summary(t, prefix=prefix) for t in tensors]
