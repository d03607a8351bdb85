"""Summaries: what a program records for TensorBoard, and the files it is written to."""

from jax_slim.summary.curves import read_scalars as read_scalars
from jax_slim.summary.media import image as image
from jax_slim.summary.media import text as text
from jax_slim.summary.recording import Buckets as Buckets
from jax_slim.summary.recording import Histogram as Histogram
from jax_slim.summary.recording import histogram as histogram
from jax_slim.summary.recording import scalar as scalar
