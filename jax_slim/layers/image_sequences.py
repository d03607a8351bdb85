"""Images as sequences of their columns, and back: what recurrent layers read images by."""

import jax
import jax.numpy as jnp

from jax_slim.core.arg_scope import add_arg_scope
from jax_slim.core.collections import NamesOfCollections, collect_named_outputs
from jax_slim.core.precision import to_compute
from jax_slim.core.program import operation
from jax_slim.core.scopes import name_scope
from jax_slim.layers import _args


@add_arg_scope
@operation
def images_to_sequence(
    inputs: jax.Array,
    data_format: str = "NHWC",
    outputs_collections: NamesOfCollections = None,
    scope: str | None = None,
) -> jax.Array:
    """Makes a sequence of each row of pixels: time goes along the width, and every row is an example.

        sequences = slim.images_to_sequence(images)                   # [N, 8, 20, 3] -> [20, 16, 3]

    Args:
      inputs: images [N, H, W, C], or [N, C, H, W] when `data_format` is "NCHW".
      data_format: "NHWC" or "NCHW".
      outputs_collections: where to list the outputs.
      scope: name of the operation; by default "ImagesToSequence", made unique.

    Returns:
      [W, N * H, C], time first. `sequence_to_images` is the way back.

    Raises:
      ValueError: `inputs` are not of rank 4, or `data_format` is none.
    """
    function = "images_to_sequence"
    data_format = _args.choice(function, "data_format", data_format, ("NHWC", "NCHW"))
    inputs = jnp.asarray(inputs)
    _args.rank(function, inputs, data_format)
    with name_scope(scope, "ImagesToSequence", [inputs]) as sc:
        order = (2, 0, 1, 3) if data_format == "NHWC" else (3, 0, 2, 1)
        columns = to_compute(inputs).transpose(order)
        width, images, height, depth = columns.shape
        return collect_named_outputs(outputs_collections, sc, columns.reshape(width, images * height, depth))


@add_arg_scope
@operation
def sequence_to_images(
    inputs: jax.Array,
    height: int,
    output_data_format: str = "channels_last",
    outputs_collections: NamesOfCollections = None,
    scope: str | None = None,
) -> jax.Array:
    """Makes images of sequences: each `height` sequences that follow one another are the rows of one.

        images = slim.sequence_to_images(sequences, 8)                # [20, 16, 3] -> [2, 8, 20, 3]

    Args:
      inputs: [W, N * H, C], as `images_to_sequence` gives them.
      height: of the images, in pixels.
      output_data_format: "channels_last" or "channels_first".
      outputs_collections: where to list the outputs.
      scope: name of the operation; by default "SequenceToImages", made unique.

    Returns:
      [N, H, W, C], or [N, C, H, W].

    Raises:
      ValueError: `inputs` are not of rank 3, or `height` does not divide their number of sequences.
    """
    function = "sequence_to_images"
    height = _args.count(function, "height", height)
    _args.choice(function, "output_data_format", output_data_format, ("channels_last", "channels_first"))
    inputs = jnp.asarray(inputs)
    _args.rank(function, inputs, "WNC")
    width, sequences, depth = inputs.shape
    images, rest = divmod(sequences, height)
    if rest:
        raise ValueError(f"{function}: height must divide the {sequences} sequences of inputs, got {height}.")
    with name_scope(scope, "SequenceToImages", [inputs]) as sc:
        order = (1, 2, 0, 3) if output_data_format == "channels_last" else (1, 3, 2, 0)
        outputs = to_compute(inputs).reshape(width, images, height, depth).transpose(order)
        return collect_named_outputs(outputs_collections, sc, outputs)
