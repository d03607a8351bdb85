"""Graphs that TensorFlow wrote, with native kernels and without."""

import shutil

import jax
import numpy as np
import pytest

import jax_slim.tf1 as tf
from frozen_nets import IMAGES, frozen_net
from jax_slim import graphs
from jax_slim.inference import fusing
from jax_slim.kernels import native

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not any(map(shutil.which, ("c++", "g++", "clang++"))), reason="there is no C++ compiler"),
]


@pytest.mark.parametrize("precision", [None, "bfloat16"])
@pytest.mark.parametrize("data_format", ["NHWC", "NCHW"])
def test_a_loaded_graph_computes_what_xla_does(library, monkeypatch, precision, data_format):
    definition, want = frozen_net(data_format)
    asked = []
    for name in ("fused_convolution", "convolution_of_bfloat16"):
        function = getattr(native, name)
        monkeypatch.setattr(fusing, name, lambda *a, f=function, n=name, **k: asked.append(n) or f(*a, **k))
    loaded = graphs.load(definition, outputs="out")
    with jax.default_matmul_precision(precision):
        got = np.asarray(loaded({}, IMAGES))
        close = {"rtol": 1e-5, "atol": 1e-6} if precision is None or not native.has_bfloat16() else {"atol": 1e-2}
        np.testing.assert_allclose(got, want, **close)
        np.testing.assert_allclose(loaded({}, IMAGES[:1]), want[:1], **close)
    narrow = precision == "bfloat16" and native.has_bfloat16()
    assert set(asked) == {"convolution_of_bfloat16" if narrow else "fused_convolution"}


def test_a_session_computes_what_xla_does(library):
    definition, want = frozen_net()
    with tf.Graph().as_default() as graph, tf.Session() as session:
        tf.import_graph_def(definition, name="net")
        out = graph.get_tensor_by_name("net/out:0")
        for images in (IMAGES, IMAGES[:1]):
            got = session.run(out, {"net/images:0": images})
            np.testing.assert_allclose(got, want[: len(images)], rtol=1e-5, atol=1e-6)
