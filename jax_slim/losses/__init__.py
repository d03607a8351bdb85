"""Losses, which a program lists as it computes them, and their total.

    slim.losses.softmax_cross_entropy(logits, onehot_labels)
    total_loss = slim.losses.get_total_loss()               # with every regularization loss

The functions here are TF-Slim's (tf.contrib.losses): predictions come first. Those of `slim.losses.tf` are TensorFlow's
own `tf.losses`: labels come first. `slim.losses.metric_learning` has losses of embeddings,
`slim.losses.segmentation` of pixels.
"""

from jax_slim.losses import metric_learning as metric_learning
from jax_slim.losses import segmentation as segmentation
from jax_slim.losses import tf as tf
from jax_slim.losses.accounts import add_loss as add_loss
from jax_slim.losses.accounts import apply_regularization as apply_regularization
from jax_slim.losses.accounts import get_losses as get_losses
from jax_slim.losses.accounts import get_regularization_loss as get_regularization_loss
from jax_slim.losses.accounts import get_regularization_losses as get_regularization_losses
from jax_slim.losses.accounts import get_total_loss as get_total_loss
from jax_slim.losses.averaging import compute_weighted_loss as compute_weighted_loss
from jax_slim.losses.classification import hinge_loss as hinge_loss
from jax_slim.losses.classification import log_loss as log_loss
from jax_slim.losses.classification import sigmoid_cross_entropy as sigmoid_cross_entropy
from jax_slim.losses.classification import softmax_cross_entropy as softmax_cross_entropy
from jax_slim.losses.classification import sparse_softmax_cross_entropy as sparse_softmax_cross_entropy
from jax_slim.losses.regression import absolute_difference as absolute_difference
from jax_slim.losses.regression import cosine_distance as cosine_distance
from jax_slim.losses.regression import mean_pairwise_squared_error as mean_pairwise_squared_error
from jax_slim.losses.regression import mean_squared_error as mean_squared_error
