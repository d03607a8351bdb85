"""A graph of eight-bit layers, against what TensorFlow 2.21 computes (`quantized.npz`, without oneDNN)."""

from pathlib import Path

import numpy as np

import golden
from jax_slim import graphs

HERE = Path(__file__).parent


def test_eight_bit_layers():
    values = golden.stored(HERE / "quantized.npz")
    feeds, wanted = ({k.split("|")[1]: values[k] for k in values if k.startswith(part)} for part in ("in", "out"))
    net = graphs.load(HERE / "quantized.pb", inputs=list(feeds), outputs=list(wanted))
    for (name, want), got in zip(wanted.items(), net({}, feeds), strict=True):
        # Integers next to a tie may be one of 255 steps off; sums of products and what is rounded once are not.
        atol = 1e-4 if name.startswith(("conv_", "conv2_", "d_", "q_")) else 0.01 * np.abs(want).max()
        np.testing.assert_allclose(got, want, rtol=1e-4, atol=atol, err_msg=name)
        assert np.mean(np.abs(got - want) > 0.002 * np.abs(want).max()) < 0.02, name
