"""`max_pool2d` and its kin, and `pool`: numbers against the definition, names, signatures."""

import inspect
import itertools

import numpy as np
import pytest

import jax_slim as slim


def normals(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def pooled(x, kind, window, strides, padding, rates=None):
    """The definition: the pixels of [N, spatial, C] that each window holds, one window at a time."""
    space = x.shape[1:-1]
    spans = [(k - 1) * r + 1 for k, r in zip(window, rates or [1] * len(window), strict=True)]
    if padding == "SAME":
        counts = [-(-n // s) for n, s in zip(space, strides, strict=True)]
        total = [max((c - 1) * s + k - n, 0) for c, s, k, n in zip(counts, strides, spans, space, strict=True)]
        lows = [t // 2 for t in total]
    else:
        counts = [(n - k) // s + 1 for n, k, s in zip(space, spans, strides, strict=True)]
        lows = [0] * len(counts)
    y = np.zeros((len(x), *counts, x.shape[-1]))
    for at in np.ndindex(*counts):
        held = [
            x[(slice(None), *pixel)].astype(np.float64)
            for pixel in itertools.product(
                *(
                    range(a * s - low, a * s - low + span, r)
                    for a, s, low, span, r in zip(at, strides, lows, spans, rates or [1] * len(at), strict=True)
                )
            )
            if all(0 <= p < n for p, n in zip(pixel, space, strict=True))
        ]
        y[(slice(None), *at)] = np.max(held, axis=0) if kind == "max" else np.mean(held, axis=0)
    return y


@pytest.mark.parametrize("first", [False, True])
@pytest.mark.parametrize("padding", ["SAME", "valid"])
@pytest.mark.parametrize("kind", ["max", "avg"])
@pytest.mark.parametrize(
    ("shape", "window", "strides"),
    [((2, 7, 6, 3), (3, 2), (2, 2)), ((2, 5, 6, 3), (2, 3), (1, 4)), ((2, 4, 3, 5, 2), (2, 1, 3), (2, 2, 1))],
)
def test_matches_the_definition(kind, shape, window, strides, padding, first):
    x, space = normals(*shape), "DHW"[5 - len(shape) :]
    layer = getattr(slim, f"{kind}_pool{len(space)}d")
    given = np.moveaxis(x, -1, 1) if first else x
    outputs = np.asarray(layer(given, window, strides, padding, f"NC{space}" if first else f"N{space}C"))
    expected = pooled(x, kind, window, strides, padding.upper())
    np.testing.assert_allclose(np.moveaxis(outputs, 1, -1) if first else outputs, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("kind", ["max", "avg"])
@pytest.mark.parametrize(
    ("shape", "window", "kwargs"),
    [
        ((2, 9, 3), (2,), {"stride": 2}),
        ((2, 9, 3), (3,), {"dilation_rate": 3}),
        ((2, 7, 6, 3), (3, 3), {"stride": (2, 1), "padding": "SAME"}),
        ((2, 7, 6, 3), (2, 3), {"dilation_rate": (3, 1)}),
        ((1, 4, 5, 3, 2), (2, 2, 2), {"dilation_rate": (1, 2, 1)}),
    ],
)
def test_pool(kind, shape, window, kwargs):
    x, axes = normals(*shape), len(shape) - 2
    strides, rates = (
        (v,) * axes if isinstance(v, int) else v for v in (kwargs.get("stride", 1), kwargs.get("dilation_rate", 1))
    )
    expected = pooled(x, kind, window, strides, kwargs.get("padding", "VALID"), rates)
    outputs = slim.pool(x, window, kind.upper(), **kwargs)
    np.testing.assert_allclose(outputs, expected, rtol=1e-5, atol=1e-6)


def test_pool_with_channels_first():
    x = normals(2, 3, 9)
    outputs = slim.pool(x, 2, "AVG", data_format="NCW")
    np.testing.assert_allclose(np.moveaxis(outputs, 1, -1), slim.pool(np.moveaxis(x, 1, -1), 2, "AVG"), rtol=1e-6)


def test_defaults_are_those_of_tf_slim():
    x = normals(1, 5, 5, 1)
    assert slim.max_pool2d(x, 2).shape == (1, 2, 2, 1)
    assert slim.pool(x, 2, "MAX").shape == (1, 4, 4, 1)
    for layer, data_format in ((slim.max_pool2d, "NHWC"), (slim.avg_pool2d, "NHWC"), (slim.max_pool3d, "NDHWC"),
                               (slim.avg_pool3d, "NDHWC")):  # fmt: skip
        parameters = inspect.signature(layer).parameters
        assert " ".join(parameters) == ("inputs kernel_size stride padding data_format outputs_collections scope")
        assert [p.default for p in parameters.values()][2:5] == [2, "VALID", data_format]
    assert " ".join(inspect.signature(slim.pool).parameters) == (
        "inputs kernel_size pooling_type padding data_format dilation_rate stride outputs_collections scope"
    )


def test_maxima_of_integers_but_no_means():
    x = np.arange(16).reshape(1, 4, 4, 1)
    np.testing.assert_array_equal(slim.max_pool2d(x, 2)[0, :, :, 0], [[5, 7], [13, 15]])
    with pytest.raises(TypeError, match="avg_pool2d: inputs must be floats, got int32"):
        slim.avg_pool2d(x, 2)


def test_names_of_the_results():
    def program(x):
        with slim.arg_scope([slim.max_pool2d, slim.avg_pool2d, slim.pool], outputs_collections="ends"):
            with slim.variable_scope("net"):
                slim.max_pool2d(x, 2)
                slim.max_pool2d(x, 2)
                slim.avg_pool2d(x, 2, scope="last")
            slim.pool(x, 2, "AVG")
            slim.pool(x, 2, "MAX")
        return x

    _, collected = slim.Model(program).collect({}, normals(1, 4, 4, 1))
    expected = ["net/MaxPool2D", "net/MaxPool2D_1", "net/last", "avg_pool", "max_pool"]
    assert list(collected.end_points) == expected


@pytest.mark.parametrize(
    ("args", "kwargs", "message"),
    [
        ((2, "MEDIAN"), {}, "pool: pooling_type must be one of 'AVG', 'MAX', got 'MEDIAN'"),
        (([2, 2, 2], "AVG"), {}, r"pool: kernel_size must be an integer of 1 or more or 2 of them, got \[2, 2, 2\]"),
        ((2, "AVG"), {"data_format": "NWC"}, "pool: data_format must be one of 'NHWC', 'NCHW', got 'NWC'"),
        ((9, "AVG"), {}, r"pool: windows must fit into the inputs"),
    ],
)
def test_pool_refuses(args, kwargs, message):
    with pytest.raises(ValueError, match=message):
        slim.pool(normals(2, 7, 6, 3), *args, **kwargs)


@pytest.mark.parametrize("padding", ["VALID", "SAME"])
@pytest.mark.parametrize("forms", ["fastest", "exact", "lax"])
def test_a_nan_shows_in_the_maximum_and_minus_infinity_stays(forms, padding):
    x = np.zeros((1, 4, 4, 2), np.float32)
    x[0, 0, 0, 0], x[0, :2, 2:] = np.nan, -np.inf
    with slim.kernel_forms(forms):
        y = np.asarray(slim.max_pool2d(x, 2, padding=padding))
    np.testing.assert_array_equal(y[0, ..., 0], [[np.nan, -np.inf], [0, 0]])
    np.testing.assert_array_equal(y[0, ..., 1], [[0, -np.inf], [0, 0]])
