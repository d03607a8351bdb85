"""The table of operation types: what each computes on arrays, a file for each family."""

from jax_slim.tf1.operations import gathering, joining, padding, quantizing, shaping, slicing, sparse, sparse_structure  # noqa: F401
from jax_slim.tf1.operations import decoding, file_io, parsing, strings, tables, text_forms  # noqa: F401
from jax_slim.tf1.operations import state  # noqa: F401
from jax_slim.tf1.operations import checkpoint_ops, summary_ops, training_ops  # noqa: F401
from jax_slim.tf1.operations import arithmetic, casts, comparisons, constants, elementwise, reductions  # noqa: F401
from jax_slim.tf1.operations import checking, control, tensor_arrays  # noqa: F401
from jax_slim.tf1.operations import diagonals, linear_algebra  # noqa: F401
from jax_slim.tf1.operations import (
    activations,
    candidate_samplers,
    convolutions,
    cross_entropy,
    ctc,
    morphology,
    normalization,
    pooling,
)  # noqa: F401
from jax_slim.tf1.operations import (
    fractional_pooling,
    image_boxes,
    image_codecs,
    image_colors,
    image_resizing,
    non_max_suppression,
)  # noqa: F401
from jax_slim.tf1.operations import datasets, queues, readers  # noqa: F401
from jax_slim.tf1.operations import gradient_rules  # noqa: F401, E402  (last: it adds to rows of the others)
from jax_slim.tf1.operations import segments, selection  # noqa: F401
from jax_slim.tf1.operations import random  # noqa: F401
from jax_slim.tf1.operations import fourier  # noqa: F401
from jax_slim.tf1.operations import nn_gradients  # noqa: F401, E402
