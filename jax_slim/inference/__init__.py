"""Models in use: what they compute for batches of inputs, once their variables are what they are to be."""

from jax_slim.inference.folding import fold_batch_norm as fold_batch_norm
from jax_slim.inference.predicting import predictor as predictor
from jax_slim.inference.quantizing import quantize as quantize
