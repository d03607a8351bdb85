"""`embed_sequence`, `bow_encoder` and `embedding_lookup_unique` against loops."""

import jax
import numpy as np
import pytest

import jax_slim as slim


def table(rows=6, size=3):
    return np.random.default_rng(0).normal(size=(rows, size)).astype(np.float32)


IDS = np.array([[1, 5, 0], [2, 2, 4]])


@pytest.mark.parametrize("unique", [False, True])
def test_embed_sequence(unique):
    model = slim.Model(lambda ids: slim.embed_sequence(ids, 6, 3, unique))
    found = jax.jit(model.apply)({"EmbedSequence/embeddings": table()}, IDS)
    np.testing.assert_array_equal(found, [[table()[i] for i in row] for row in IDS])


@pytest.mark.parametrize("sizes", [{}, {"vocab_size": 6}, {"embed_dim": 3}])
def test_shared_embeddings_need_no_sizes(sizes):
    def program(ids):
        return slim.embed_sequence(ids, 6, 3, scope="e"), slim.embed_sequence(ids, **sizes, scope="e", reuse=True)

    model = slim.Model(program)
    assert list(model.specs(IDS)) == ["e/embeddings"]
    first, second = jax.jit(model.apply)({"e/embeddings": table()}, IDS)
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("stray", [-1, 6])
def test_ids_without_a_vector_show(stray):
    """JAX would take the last vector for both."""
    ids = np.array([[1, stray]])
    embedded = jax.jit(slim.Model(lambda ids: slim.embed_sequence(ids, 6, 3)).apply)(
        {"EmbedSequence/embeddings": table()}, ids
    )
    for found in (embedded, slim.embedding_lookup_unique(table(), ids), slim.embedding_lookup_unique([*split()], ids)):
        np.testing.assert_array_equal(found[0, 0], table()[1])
        assert np.isnan(found[0, 1]).all()


def bags(ids, **kwargs):
    model = slim.Model(lambda ids: slim.bow_encoder(ids, 6, 3, **kwargs))
    return jax.jit(lambda table: model.apply({"bow_encoder/embeddings": table}, ids))(table())


def test_bow_encoder_leaves_out_zeros_and_negative_ids():
    ids = np.array([[1, 5, 0], [2, 2, -1], [0, 0, 0], [-1, -7, 0], [4, 0, 3]])
    t = table().astype(np.float64)
    expected = [(t[1] + t[5]) / 2, t[2], t[0], t[0], (t[4] + t[3]) / 2]
    np.testing.assert_allclose(bags(ids), expected, rtol=1e-6)
    np.testing.assert_allclose(bags(ids.reshape(5, 1, 3))[:, 0], expected, rtol=1e-6)
    np.testing.assert_allclose(bags(ids[0]), expected[0], rtol=1e-6)


def test_bow_encoder_over_all_ids():
    t = table().astype(np.float64)
    expected = [(t[1] + t[5] + t[0]) / 3, (2 * t[2] + t[4]) / 3]
    np.testing.assert_allclose(bags(IDS, sparse_lookup=False), expected, rtol=1e-6)


def test_bow_encoder_of_a_sparse_tensor():
    """Zeros that are listed count; a document of nothing gets the vector of id 0; places outside hold nothing."""
    indices = np.array([[0, 0], [0, 2], [2, 1], [2, 0], [3, 3]])
    ids = slim.metrics.SparseTensor(indices, np.array([0, 5, 4, -1, 2]), (3, 3))
    t = table().astype(np.float64)
    np.testing.assert_allclose(bags(ids), [(t[0] + t[5]) / 2, t[0], t[4]], rtol=1e-6)


@pytest.mark.parametrize("compiled", [False, True])
def test_bow_encoder_of_dense_to_sparse(compiled):
    model = slim.Model(lambda ids: slim.bow_encoder(slim.dense_to_sparse(ids), 6, 3))
    apply = jax.jit(model.apply) if compiled else model.apply
    np.testing.assert_allclose(apply({"bow_encoder/embeddings": table()}, IDS), bags(IDS), rtol=1e-6)


def test_bow_encoder_shows_ids_without_a_vector():
    found = bags(np.array([[1, 6], [1, 2]]))
    assert np.isnan(found[0]).all()
    assert np.isfinite(found[1]).all()


def test_bow_encoder_has_a_gradient_where_nothing_counts():
    """And nothing on the way is 0 / 0, which users who look for NaNs would have to rule out."""
    model = slim.Model(lambda ids: slim.bow_encoder(ids, 6, 3).sum())
    values = {"bow_encoder/embeddings": table()}
    with jax.debug_nans(True):
        grads = jax.jit(jax.grad(lambda values: model.apply(values, np.array([[0, 0], [2, -1]]))))(values)
    expected = np.zeros((6, 3))
    expected[[0, 2]] = 1
    np.testing.assert_array_equal(grads["bow_encoder/embeddings"], expected)


def test_bow_encoder_refuses_sparse_tensors_that_it_cannot_take():
    ids = slim.metrics.SparseTensor(np.array([[0, 0]]), np.array([1]), np.array([1, 2]))
    with pytest.raises(TypeError, match=r"ids must be an array with sparse_lookup=False, got a SparseTensor"):
        bags(ids, sparse_lookup=False)
    with pytest.raises(ValueError, match=r"ids.dense_shape must be known, got an array traced by jit"):
        jax.jit(bags)(ids)


def split(strategy="mod", parts=4):
    """The table in parts: 2, 2, 1 and 1 rows."""
    if strategy == "mod":
        return [table()[i::parts] for i in range(parts)]
    return np.array_split(table(), parts)


@pytest.mark.parametrize("strategy", ["mod", "div"])
@pytest.mark.parametrize("parts", [1, 3, 4])
def test_embedding_lookup_unique_of_parts(strategy, parts):
    found = slim.embedding_lookup_unique(split(strategy, parts), IDS, strategy)
    np.testing.assert_array_equal(found, table()[IDS])


@pytest.mark.parametrize("dtype", [np.uint8, np.int8])
def test_embedding_lookup_unique_of_ids_of_few_bits(dtype):
    rows = np.arange(256, dtype=np.float32)[:, None]
    np.testing.assert_array_equal(slim.embedding_lookup_unique(rows, np.array([1, 100], dtype))[:, 0], [1, 100])


def test_embedding_lookup_unique_of_other_ranks():
    cube = np.random.default_rng(1).normal(size=(4, 2, 3)).astype(np.float32)
    np.testing.assert_array_equal(slim.embedding_lookup_unique(cube, np.int32(3)), cube[3])
    assert slim.embedding_lookup_unique(cube, IDS % 4).shape == (2, 3, 2, 3)


@pytest.mark.parametrize("parts", [[], [table(2), table(3)], [table(4), table(1)]])
def test_embedding_lookup_unique_refuses_other_parts(parts):
    with pytest.raises(ValueError, match=r"params must be parts of one table, .* got lengths \["):
        slim.embedding_lookup_unique(parts, IDS)
