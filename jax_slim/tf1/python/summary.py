"""`tf.summary`: operations that make summaries. What writes them is in `summary_writer`."""

import contextlib
import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from jax_slim.tf1.files import protos
from jax_slim.tf1.graph import building, conversion, dtypes, graphs
from jax_slim.tf1.graph.collections import GraphKeys
from jax_slim.tf1.python import logging


def _clean(name: Any) -> Any:
    """A tag of letters, digits and `_ . - /` alone, which does not begin with '/'."""
    if name is None:
        return None
    cleaned = re.sub(r"[^-/\w.]", "_", name).lstrip("/")
    if cleaned != name:
        logging.info("Summary name %s is illegal; using %s instead.", name, cleaned)
    return cleaned


@contextlib.contextmanager
def _scope(name: Any, family: Any = None, default_name: Any = None, values: Any = None) -> Iterator[tuple[str, str]]:
    """The tag of a summary, and the scope that is its operation's name. A family stands twice in the tag."""
    name, family = _clean(name), _clean(family)
    with graphs.name_scope(name if family is None else f"{family}/{name}", default_name, values) as scope:
        tag = scope.rstrip("/")
        yield (tag if family is None else f"{family}/{tag}"), scope


def _collected(summary: Any, collections: Any, default: Any = (GraphKeys.SUMMARIES,)) -> Any:
    for key in default if collections is None else collections:
        graphs.add_to_collection(key, summary)
    return summary


def scalar(name: Any, tensor: Any, collections: Any = None, family: Any = None) -> Any:
    """A summary of one number: a serialized `Summary`. `collections` is what it is added to: SUMMARIES by default."""
    with _scope(name, family, values=[tensor]) as (tag, scope):
        return _collected(building.make("ScalarSummary", tag, tensor, name=scope), collections)


def histogram(name: Any, values: Any, collections: Any = None, family: Any = None) -> Any:
    """A summary of how values are distributed. NaN and infinity are an error when it is run."""
    with _scope(name, family, "HistogramSummary", [values]) as (tag, scope):
        return _collected(building.make("HistogramSummary", tag, values, name=scope), collections)


def image(name: Any, tensor: Any, max_outputs: int = 3, collections: Any = None, family: Any = None) -> Any:
    """A summary of the first images of a batch [n, height, width, 1, 3 or 4]; floats are scaled image by image."""
    with _scope(name, family, values=[tensor]) as (tag, scope):
        bad = np.array([255, 0, 0, 255], np.uint8)
        made = building.make("ImageSummary", tag, tensor, max_images=max_outputs, bad_color=bad, name=scope)
        return _collected(made, collections)


def audio(
    name: Any, tensor: Any, sample_rate: Any, max_outputs: int = 3, collections: Any = None, family: Any = None
) -> Any:
    """A summary of the first clips of a batch [n, frames] or [n, frames, channels], from -1 to 1."""
    with _scope(name, family, values=[tensor]) as (tag, scope):
        rate = conversion.convert_to_tensor(sample_rate, dtypes.float32, "sample_rate")
        made = building.make("AudioSummaryV2", tag, tensor, rate, max_outputs=max_outputs, name=scope)
        return _collected(made, collections)


def text(name: Any, tensor: Any, collections: Any = None) -> Any:
    """A summary of a tensor of strings, shown as Markdown.

    Raises:
      ValueError: it is no tensor of strings.
    """
    if tensor.dtype != dtypes.string:
        raise ValueError(f"Expected tensor {tensor.name} to have dtype string, got {tensor.dtype}")
    metadata = protos.SummaryMetadata(plugin_data=protos.SummaryMetadata.PluginData(plugin_name="text"))
    return tensor_summary(name, tensor, collections=collections, summary_metadata=metadata)


def tensor_summary(
    name: Any,
    tensor: Any,
    summary_description: Any = None,
    collections: Any = None,
    summary_metadata: Any = None,
    family: Any = None,
    display_name: Any = None,
) -> Any:
    """A summary that holds a whole tensor, and what a plugin of TensorBoard is to do with it."""
    metadata = protos.SummaryMetadata()
    if summary_metadata is not None:
        metadata.CopyFrom(summary_metadata)
    if summary_description is not None:
        metadata.summary_description = summary_description
    if display_name is not None:
        metadata.display_name = display_name
    with _scope(name, family, values=[tensor]) as (tag, scope):
        made = building.make("TensorSummaryV2", tag, tensor, metadata.SerializeToString(), name=scope)
        return _collected(made, collections)


def merge(inputs: Any, collections: Any = None, name: Any = None) -> Any:
    """One summary with the values of several."""
    name = _clean(name)
    with graphs.name_scope(name, "Merge", inputs):
        return _collected(building.make("MergeSummary", list(inputs), name=name), collections, ())


def merge_all(key: Any = GraphKeys.SUMMARIES, scope: Any = None, name: Any = None) -> Any:
    """One summary with the values of all in a collection; None where there are none."""
    found = graphs.get_collection(key, scope)
    return merge(found, name=name) if found else None


def get_summary_description(node_def: Any) -> Any:
    """The description in the node of a `TensorSummary`.

    Raises:
      ValueError: it is another node.
    """
    from google.protobuf import json_format

    if node_def.op != "TensorSummary":
        raise ValueError(f"Can't get_summary_description on {node_def.op}")
    description = protos.SummaryDescription()
    json_format.Parse(node_def.attr["description"].s.decode(), description)
    return description
