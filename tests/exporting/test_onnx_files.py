"""`export_onnx`: the rewriting that needs no onnx, and, where jax2onnx is installed, the file itself."""

import importlib.util
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_slim as slim
from jax_slim.exporting import onnx_files
from jax_slim.exporting.archives import ExportError

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("padding", ["SAME", "VALID"])
@pytest.mark.parametrize(("window", "stride"), [(2, 2), (3, 2), ((3, 1), (1, 2)), (3, 1)])
def test_maxima_over_windows_become_maxima_of_slices(window, stride, padding):
    images = RNG.normal(size=(2, 9, 8, 3)).astype(np.float32)
    model = slim.Model(lambda x: slim.max_pool2d(x, window, stride, padding))

    def plain(x):
        with slim.kernel_forms("lax"):
            return jax.nn.relu6(model.apply({}, x))

    closed = jax.make_jaxpr(plain)(images)
    assert "reduce_window_max" in str(closed)
    rewritten = jax.make_jaxpr(lambda x: onnx_files._evaluated(closed, x))(images)
    assert "reduce_window_max" not in str(rewritten)
    np.testing.assert_array_equal(onnx_files._evaluated(closed, jnp.asarray(images))[0], plain(images))


def test_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "jax2onnx", None)
    with pytest.raises(ExportError, match=r"pip install 'jax-slim\[onnx\]'"):
        onnx_files.export_onnx(tmp_path / "x.onnx", lambda v, x: x, {}, ("batch", 2))
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("jax2onnx") is None, reason="needs jax2onnx and onnxruntime")
def test_onnxruntime_gives_the_same_logits(tmp_path):
    import onnxruntime

    model = slim.nets.create_model("cifarnet", 4)
    variables = model.init(jax.random.key(0))
    path = onnx_files.export_onnx(
        tmp_path / "net.onnx",
        lambda v, images: model.apply(v, images)[0],
        variables,
        ("batch", *model.input_shape),
        list("abcd"),
    )
    images = RNG.normal(size=(3, 32, 32, 3)).astype(np.float32)
    session = onnxruntime.InferenceSession(str(path))
    (logits,) = session.run(None, {session.get_inputs()[0].name: images})
    np.testing.assert_allclose(logits, model.apply(variables, images)[0], rtol=1e-4, atol=1e-5)
    assert "labels" in session.get_modelmeta().custom_metadata_map
