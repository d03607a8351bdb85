"""`slim.summaries`: TF-Slim's helpers, which name a summary after its array and can print it as well."""

import functools
import sys
from collections.abc import Iterable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jax_slim.core.program import operation
from jax_slim.summary.media import image
from jax_slim.summary.recording import histogram, scalar
from jax_slim.summary.summarizing import array_of, summary_name


@operation
def add_histogram_summary(tensor: Any, name: str | None = None, prefix: str | None = None) -> str:
    """Records the distribution of an array's values.

        for end_point in end_points.values():
            slim.summaries.add_histogram_summary(end_point, prefix="activations")

    Args:
      tensor: an array, or a variable's record.
      name: its name; by default what the program calls the array: the variable's, that of the layer whose output it
        is (given `outputs_collections`), the loss's.
      prefix: comes before the name, with a '/'.

    Returns:
      The tag in TensorBoard.

    Raises:
      ValueError: there is no `name`, and the array has none.
    """
    return histogram(_tag("add_histogram_summary", tensor, name, prefix), array_of(tensor))


@operation
def add_image_summary(
    tensor: Any, name: str | None = None, prefix: str | None = None, print_summary: bool = False
) -> str:
    """Records the first three images of a batch [N, H, W, C].

    Args:
      tensor, name, prefix: as `add_histogram_summary`.
      print_summary: whether to print name and values too, at every step.
    """
    tag = _tag("add_image_summary", tensor, name, prefix)
    _print_if(print_summary, tag, tensor)
    return image(tag, array_of(tensor))


@operation
def add_scalar_summary(
    tensor: Any, name: str | None = None, prefix: str | None = None, print_summary: bool = False
) -> str:
    """Records one number.

        slim.summaries.add_scalar_summary(accuracy, "accuracy", prefix="train", print_summary=True)

    Args:
      tensor, name, prefix: as `add_histogram_summary`.
      print_summary: whether to print name and value too, at every step: prints come out of compiled code.
    """
    tag = _tag("add_scalar_summary", tensor, name, prefix)
    _print_if(print_summary, tag, tensor)
    return scalar(tag, array_of(tensor))


@operation
def add_zero_fraction_summary(
    tensor: Any, name: str | None = None, prefix: str | None = None, print_summary: bool = False
) -> str:
    """As `add_scalar_summary`, of the fraction of an array's elements that is 0: '<name>/Fraction_of_Zero_Values'."""
    tag = f"{_tag('add_zero_fraction_summary', tensor, name, prefix)}/Fraction_of_Zero_Values"
    fraction = jnp.mean(jnp.asarray(array_of(tensor)) == 0, dtype=jnp.float32)
    return add_scalar_summary(fraction, tag, print_summary=print_summary)


@operation
def add_histogram_summaries(tensors: Iterable[Any], prefix: str | None = None) -> list[str]:
    """`add_histogram_summary` for each of several arrays; returns the tags."""
    return [add_histogram_summary(tensor, prefix=prefix) for tensor in tensors]


@operation
def add_image_summaries(tensors: Iterable[Any], prefix: str | None = None) -> list[str]:
    """`add_image_summary` for each of several batches of images; returns the tags."""
    return [add_image_summary(tensor, prefix=prefix) for tensor in tensors]


@operation
def add_scalar_summaries(tensors: Iterable[Any], prefix: str | None = None, print_summary: bool = False) -> list[str]:
    """`add_scalar_summary` for each of several numbers; returns the tags."""
    return [add_scalar_summary(tensor, prefix=prefix, print_summary=print_summary) for tensor in tensors]


@operation
def add_zero_fraction_summaries(tensors: Iterable[Any], prefix: str | None = None) -> list[str]:
    """`add_zero_fraction_summary` for each of several arrays; returns the tags."""
    return [add_zero_fraction_summary(tensor, prefix=prefix) for tensor in tensors]


def _tag(function: str, tensor: Any, name: str | None, prefix: str | None) -> str:
    name = summary_name(f"summaries.{function}", tensor, name)
    return f"{prefix}/{name}" if prefix else name


def _print_if(wanted: bool, tag: str, tensor: Any) -> None:
    if wanted:  # not jax.debug.print: a tag is no format
        jax.debug.callback(functools.partial(_show, tag), array_of(tensor))


def _show(tag: str, value: Any) -> None:
    sys.stdout.write(f"{tag}: {np.asarray(value)}\n")
