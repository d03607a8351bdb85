"""What every layer, loss and metric says of arguments that it does not have, and of values that cannot be meant."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_slim as slim

X = np.ones((1, 4, 4, 2), np.float32)


def conv(**arguments):
    return slim.Model(lambda: slim.conv2d(X, 3, 1, **arguments)).specs()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: conv(activaton_fn=None),
            r"conv2d: got an unexpected keyword argument 'activaton_fn'\. Near names: act",
        ),
        (lambda: slim.conv2d(X, filters=3), "'filters'. Here it is called num_outputs"),
        (lambda: slim.conv2d(X), "conv2d: num_outputs and kernel_size must be given"),
        (lambda: slim.conv1d(X, kernel_size=3), "conv1d: num_outputs must be given"),
        (lambda: slim.fully_connected(X, units=3), "fully_connected: .*'units'. Here it is called num_outputs"),
        (lambda: conv(kernel_init=None), "Here it is called weights_initializer"),
        (lambda: conv(strides=2), "Here it is called stride"),
        (lambda: conv(use_bias=False), "Here biases_initializer=None leaves the biases out"),
        (lambda: slim.batch_norm(X, use_bias=False), "batch_norm: .*Here center=False"),
        (lambda: slim.batch_norm(X, training=True), "Here it is called is_training"),
        (lambda: slim.batch_norm(X, momentum=0.9), "Here it is called decay"),
        (lambda: slim.dropout(X, rate=0.1), "dropout: .*Here keep_prob is 1 - rate"),
        (lambda: slim.losses.softmax_cross_entropy(X, X, label_smothing=0.1), "Near names: label_smoothing"),
        (lambda: slim.metrics.streaming_mean(X, weight=1), "streaming_mean: .*Here it is called weights"),
        (lambda: conv(nothing_like_it=1), "The arguments are: activation_fn, "),
        (
            lambda: conv(activation_fn="relu"),
            r"activation_fn must be a function or None, got 'relu'\. .* jax\.nn\.relu",
        ),
        (lambda: conv(normalizer_fn=X), r"normalizer_fn must be a function .* got an array of .* not its result"),
        (
            lambda: conv(normalizer_fn=slim.batch_norm, normalizer_params=0.9),
            "normalizer_params must be a dict .* got 0.9",
        ),
        (
            lambda: conv(weights_regularizer=1e-4),
            r"weights_regularizer must be .* got 0.0001\. slim\.l2_regularizer\(0.0001",
        ),
        (
            lambda: conv(weights_regularizer=slim.l2_regularizer),
            r"got l2_regularizer itself\. Call it: .*=slim.l2_regul",
        ),
        (
            lambda: conv(weights_initializer="he_normal"),
            r"got 'he_normal'\. slim\.initializers\.he_normal\(\) makes one",
        ),
        (lambda: conv(weights_initializer=slim.xavier_initializer), r"got xavier_initializer itself.*call it"),
        (lambda: conv(weights_initializer=jax.nn.initializers.he_normal), "got he_normal itself.*call it"),
        (lambda: conv(biases_initializer=lambda shape: shape), "biases_initializer must be .*It takes other arguments"),
        (lambda: slim.conv2d(X, 3, 1, 1, "SAME", "NHWC", 1, "relu"), "activation_fn must be a function"),
        (
            lambda: slim.Model(lambda: slim.variable("v", [2], initializer="zeros")).specs(),
            r"variable: .*zeros_initializer\(\)",
        ),
        (
            lambda: slim.Model(lambda: slim.variable("v", [2], regularizer=0.1)).specs(),
            r"variable: .*l2_regularizer\(0.1",
        ),
        (lambda: slim.nets.create_model("lenet", num_class=3), "create_model: .*'num_class'. Near names: num_classes"),
        (
            lambda: slim.nets.create_model("mobilenet_v2", num_class=3),
            "create_model: .*'num_class'. Near names: num_class",
        ),
        (lambda: slim.nets.create_model("lenet", is_training=True), "is_training is an argument of model.apply"),
    ],
)
def test_refuses(call, message):
    with pytest.raises(TypeError, match=message):
        call()


def test_takes_what_is_meant():
    for initializer in (
        jax.nn.initializers.zeros,
        jax.nn.initializers.he_normal(),
        slim.xavier_initializer(),
        slim.zeros_initializer(),
        lambda key, shape, dtype: jnp.zeros(shape, dtype),
        np.zeros((1, 1, 2, 3), np.float32),
    ):
        assert conv(weights_initializer=initializer, weights_regularizer=lambda w: None, activation_fn=jnp.tanh)
    assert slim.nets.create_model("lenet", dropout_keep_prob=0.9).options == {"dropout_keep_prob": 0.9}
    assert slim.nets.create_model("mobilenet_v2", min_depth=16).options == {"min_depth": 16}


def test_a_scope_s_values_are_checked_in_the_call():
    with slim.arg_scope([slim.conv2d], activation_fn="relu"), pytest.raises(TypeError, match=r"jax\.nn\.relu"):
        conv()
