"""`multi_head_attention` against its definition, head by head, in float64."""

import jax
import jax.numpy as jnp
import numpy as np

import golden
import jax_slim as slim

RNG = np.random.default_rng(0)
TOKENS = RNG.normal(size=(2, 5, 6)).astype(np.float32)
MEMORY = RNG.normal(size=(2, 4, 3)).astype(np.float32)


def values(model, *inputs):
    return {name: golden.det_value(name, spec.shape) for name, spec in model.specs(*inputs).items()}


def defined(queries, keys, values, heads, mask=None):
    size = queries.shape[-1] // heads
    results = []
    for head in range(heads):
        part = slice(head * size, (head + 1) * size)
        scores = queries[..., part] @ keys[..., part].transpose(0, 2, 1) / np.sqrt(size)
        scores = scores if mask is None else np.where(mask, scores, -np.inf)
        weights = np.exp(scores - scores.max(-1, keepdims=True))
        results.append(weights / weights.sum(-1, keepdims=True) @ values[..., part])
    return np.concatenate(results, -1)


def layer(variables, name, inputs):
    weights, biases = (variables[f"attention/{name}/{kind}"].astype(np.float64) for kind in ("weights", "biases"))
    return inputs.astype(np.float64) @ weights + biases


def test_of_a_sequence_to_itself():
    mask = np.tril(np.ones((5, 5), bool))
    for given in (None, mask):
        model = slim.Model(lambda x, given=given: slim.multi_head_attention(x, 3, mask=given, is_training=False))
        variables = values(model, TOKENS)
        queries, keys, told = np.split(layer(variables, "qkv", TOKENS), 3, -1)
        expected = layer(variables, "output", defined(queries, keys, told, 3, given))
        np.testing.assert_allclose(jax.jit(model.apply)(variables, TOKENS), expected, rtol=1e-5, atol=1e-6)
    later = TOKENS.copy()
    later[:, 3:] += 1
    np.testing.assert_array_equal(
        jax.jit(model.apply)(variables, later)[:, :3], jax.jit(model.apply)(variables, TOKENS)[:, :3]
    )


def test_of_a_sequence_to_another():
    model = slim.Model(lambda x, y: slim.multi_head_attention(x, 2, memory=y, num_outputs=4, is_training=False))
    variables = values(model, TOKENS, MEMORY)
    keys, told = np.split(layer(variables, "key_value", MEMORY), 2, -1)
    mixed = defined(layer(variables, "query", TOKENS), keys, told, 2)
    np.testing.assert_allclose(
        jax.jit(model.apply)(variables, TOKENS, MEMORY), layer(variables, "output", mixed), rtol=1e-5, atol=1e-6
    )


def test_scopes_of_dense_layers_and_of_dropout_do_not_reach_it():
    def net(x):
        with (
            slim.arg_scope([slim.fully_connected], activation_fn=jax.nn.relu, normalizer_fn=slim.layer_norm),
            slim.arg_scope([slim.dropout], keep_prob=0.1),
        ):
            return slim.multi_head_attention(x, 2)

    assert set(slim.Model(net).specs(TOKENS)) == {
        f"attention/{name}/{kind}" for name in ("qkv", "output") for kind in ("weights", "biases")
    }
    variables = values(slim.Model(net), TOKENS)
    plain = slim.Model(lambda x: slim.multi_head_attention(x, 2, is_training=False))
    np.testing.assert_array_equal(
        jax.jit(slim.Model(net).apply)(variables, TOKENS, rng=jax.random.key(0)),
        jax.jit(plain.apply)(variables, TOKENS),
    )


def test_weights_of_the_mixture_are_dropped_in_training():
    model = slim.Model(lambda x: slim.multi_head_attention(x, 2, keep_prob=0.5))
    variables = values(model, TOKENS)
    one, same, other = (jax.jit(model.apply)(variables, TOKENS, rng=jax.random.key(seed)) for seed in (0, 0, 1))
    np.testing.assert_array_equal(one, same)
    assert float(jnp.abs(one - other).max()) > 1e-3
