"""Traced programs in jax2onnx's operations: the same numbers, channels first in between."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_slim as slim
from jax_slim.exporting import onnx_programs

RNG = np.random.default_rng(0)


def rewritten(function, *arguments):
    """The program of `function` as it is rewritten, its results and those of `function`."""
    with slim.kernel_forms("lax"):
        closed = jax.make_jaxpr(function)(*arguments)
    program = jax.make_jaxpr(lambda *given: onnx_programs.evaluated(closed, *given))(*arguments)

    @jax.jit
    def both(*given):
        return [jax.core.eval_jaxpr(one.jaxpr, one.consts, *given) for one in (program, closed)]

    return program, *both(*arguments)


def pooled(pool, primitive):
    """A pool that JAX computes by `primitive`, in the form of lax: rewritten, its result, and what is right."""
    images = RNG.normal(size=(2, 9, 8, 3)).astype(np.float32)
    model = slim.Model(pool)

    def plain(x):
        with slim.kernel_forms("lax"):
            return jax.nn.relu6(model.apply({}, x))

    closed = jax.make_jaxpr(plain)(images)
    assert primitive in str(closed)
    program = jax.make_jaxpr(lambda x: onnx_programs.evaluated(closed, x))(images)
    return program, onnx_programs.evaluated(closed, jnp.asarray(images))[0], plain(images)


def names(program):
    return [equation.primitive.name for equation in program.jaxpr.eqns]


def net(images):
    """A bit of everything that the zoo does to images."""
    one = slim.conv2d(images * 2 - 1, 6, 3, stride=2, normalizer_fn=slim.batch_norm)
    one = jnp.pad(one, ((0, 0), (1, 1), (0, 2), (0, 0)))
    two = slim.separable_conv2d(jax.nn.relu6(one), 6, 3, depth_multiplier=2, rate=2)
    pools = [slim.max_pool2d(two, 3, 1, "SAME"), slim.avg_pool2d(two, 3, 1, "SAME"), two[:, :, ::-1] * jnp.tanh(two)]
    joined = jnp.concatenate(pools, axis=-1)[:, 1:, ::2]
    gate = jax.nn.sigmoid(jnp.mean(joined, (1, 2), keepdims=True))
    joined = jnp.where(joined > 0.1, joined * gate, 0) + jnp.max(joined, axis=3, keepdims=True)
    joined = slim.conv2d(joined, 8, [1, 3], padding="VALID", activation_fn=jax.nn.silu)
    return slim.fully_connected(slim.flatten(joined), 4, activation_fn=None), jnp.sum(joined, (1, 2)), joined


def test_a_net_has_the_same_results_with_one_transpose_where_it_enters():
    images = RNG.normal(size=(2, 12, 13, 3)).astype(np.float32)
    with slim.arg_scope([slim.batch_norm], is_training=False):
        model = slim.Model(net)
        specs = model.specs(jax.ShapeDtypeStruct(images.shape, images.dtype))
        drawn = {name: RNG.normal(size=spec.shape).astype(np.float32) for name, spec in specs.items()}
        drawn = {name: np.abs(value) if "variance" in name else value for name, value in drawn.items()}
        program, results, wanted = rewritten(lambda images: model.apply(drawn, images), images)
    for result, expected in zip(results, wanted, strict=True):
        np.testing.assert_allclose(result, expected, rtol=1e-4, atol=1e-4)
    convolutions = [equation for equation in program.jaxpr.eqns if equation.primitive.name == "conv_general_dilated"]
    assert len(convolutions) == 5  # the average is one
    assert all(equation.params["dimension_numbers"].lhs_spec == (0, 1, 2, 3) for equation in convolutions)
    first = names(program).index("conv_general_dilated")
    assert names(program)[:first].count("transpose") == 1
    # The largest of all channels, the flattened map and the map itself are taken with the channels last.
    assert names(program).count("transpose") <= 7


def test_operations_of_our_kernels_become_those_of_lax():
    images = RNG.normal(size=(2, 6, 7, 3)).astype(np.float32)

    def net(images):
        return slim.avg_pool2d(slim.max_pool2d(slim.conv2d(images, 4, 3), 2, 1), 2, 1)

    model = slim.Model(net)
    folded, variables = slim.fold_batch_norm(model, model.init(jax.random.key(0), images), images)
    closed = jax.make_jaxpr(lambda images: folded.apply(variables, images))(images)
    assert any(name.startswith("slim_") for name in names(closed))
    program = jax.make_jaxpr(lambda images: onnx_programs.evaluated(closed, images))(images)
    assert not any(name.startswith("slim_") for name in names(program))
    (found,) = jax.core.eval_jaxpr(program.jaxpr, program.consts, images)
    np.testing.assert_allclose(found, folded.apply(variables, images), rtol=1e-5, atol=1e-6)


def test_what_depends_on_variables_alone_is_computed():
    scale = np.array([4.0, 9.0, 16.0], np.float32)
    images = RNG.normal(size=(2, 5, 5, 3)).astype(np.float32)
    program, (result,), _ = rewritten(lambda x: x * jax.lax.rsqrt(jnp.asarray(scale) + 0.5) + jnp.exp(1.0), images)
    assert names(program) == ["mul", "add"]
    np.testing.assert_allclose(result, images / np.sqrt(scale + 0.5) + np.e, rtol=1e-6)


@pytest.mark.parametrize("padding", ["SAME", "VALID"])
@pytest.mark.parametrize(("window", "stride"), [(2, 2), (3, 2), ((3, 1), (1, 2)), (3, 1)])
def test_maxima_over_windows_have_the_channels_first(window, stride, padding):
    program, found, wanted = pooled(lambda x: slim.max_pool2d(x, window, stride, padding), "reduce_window_max")
    (pool,) = (equation for equation in program.jaxpr.eqns if equation.primitive.name == "reduce_window_max")
    assert pool.params["window_dimensions"][:2] == (1, 1)
    np.testing.assert_array_equal(found, wanted)


def test_maxima_over_windows_of_integers_and_rows_become_maxima_of_slices():
    def pool(x):
        windows = jax.lax.reduce_window(x, np.iinfo(np.int32).min, jax.lax.max, (1, 3, 2, 1), (1, 2, 1, 1), "SAME")
        return windows, jax.lax.reduce_window(x[0] * 0.5, -np.inf, jax.lax.max, (2, 1, 1), (2, 1, 1), "VALID")

    program, found, wanted = rewritten(pool, RNG.integers(-8, 9, (2, 9, 8, 3)).astype(np.int32))
    assert not any("window" in name for name in names(program))
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(("join", "start"), [(jax.lax.max, -np.inf), (jax.lax.add, 0.0)])
def test_dilated_windows_become_slices_or_stay_maxima(join, start):
    images = RNG.normal(size=(2, 9, 8, 3)).astype(np.float32)

    def pool(x):
        windows = ((1, 3, 2, 1), (1, 2, 1, 1), ((0, 0), (1, 2), (0, 1), (0, 0)))
        return jax.lax.reduce_window(x, np.float32(start), join, *windows, window_dilation=(1, 2, 3, 1))

    program, (found,), (wanted,) = rewritten(pool, images)
    assert ("reduce_window_max" in names(program)) == (join is jax.lax.max)
    assert "reduce_window_sum" not in names(program)
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("padding", ["SAME", "VALID"])
@pytest.mark.parametrize(
    ("window", "stride", "made"),
    [
        ((9, 8), 1, {"SAME": "conv_general_dilated", "VALID": "reduce_sum"}),
        (3, 2, "conv_general_dilated"),
        ((3, 1), 1, "conv_general_dilated"),
    ],
)
def test_sums_over_windows_become_sums_or_convolutions_by_channel(window, stride, padding, made):
    program, found, wanted = pooled(lambda x: slim.avg_pool2d(x, window, stride, padding), "reduce_window_sum")
    assert "reduce_window" not in str(program)
    assert (made if isinstance(made, str) else made[padding]) in names(program)
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "sides", [((0, 0), (1, 2), (0, 3), (0, 0)), ((0, 0), (-1, 2), (0, -2), (0, 0)), ((0, 0), (0, 0), (0, 0), (0, 0))]
)
def test_padding_asks_for_no_size_of_the_batch(sides, monkeypatch):
    images = RNG.normal(size=(2, 5, 6, 3)).astype(np.float32)
    padding = [(before, after, 0) for before, after in sides]

    def plain(x):
        return jax.lax.pad(x, jnp.asarray(np.float32(0.5)) * 2, padding) + 1

    asked = []
    pad = jnp.pad
    monkeypatch.setattr(jnp, "pad", lambda x, widths, **more: asked.append(more) or pad(x, widths, **more))
    closed = jax.make_jaxpr(plain)(images)
    rewritten = jax.make_jaxpr(lambda x: onnx_programs.evaluated(closed, x))(images)
    assert asked in ([], [{"constant_values": 1.0}])
    np.testing.assert_array_equal(jax.core.eval_jaxpr(rewritten.jaxpr, rewritten.consts, images)[0], plain(images))


def test_halves_are_rounded_away_from_zero():
    numbers = np.array([0.5, 1.5, 2.5, -0.5, 0.49999997, 8388609, np.inf, np.nan], np.float32)
    program, (result,), (wanted,) = rewritten(jax.lax.round, numbers)
    np.testing.assert_array_equal(result, wanted)
    np.testing.assert_array_equal(result[:4], [1, 2, 3, -1])
    assert "round" not in names(program)  # ONNX has one to the even number alone


@pytest.mark.parametrize(("start", "wanted"), [(1, [2, 3, 4]), (4, [3, 4, 5]), (-9, [1, 2, 3])])
def test_windows_at_the_edge_are_moved_into_the_array(start, wanted):
    numbers = np.array([1, 2, 3, 4, 5], np.float32)
    program, (result,), (expected,) = rewritten(
        lambda numbers, start: jax.lax.dynamic_slice(numbers, (start,), (3,)), numbers, np.int32(start)
    )
    np.testing.assert_array_equal(result, expected)
    np.testing.assert_array_equal(result, wanted)
    moved = names(program)
    assert moved.index("min") < moved.index("max") < moved.index("dynamic_slice")  # ONNX cuts them short
