"""Framing in a traced program against what the host does by Pillow."""

import jax
import numpy as np
import pytest
from jax import export

import quick_compiling
from jax_slim.exporting.any_framing import framed
from jax_slim.preprocessing import framing as host
from jax_slim.preprocessing.framing import Framing


@pytest.mark.parametrize(
    "framing",
    [Framing(0.875, "bicubic"), Framing(0.9655, "bilinear"), Framing(None, "nearest"), Framing(None, "bilinear")],
)
def test_levels_of_every_size(framing):
    def prepare(images):
        return framed(images, 24, 24, framing, "vgg")

    shape = jax.ShapeDtypeStruct(export.symbolic_shape("batch, height, width, 3"), np.uint8)
    # Levels between two are rounded by the last bit: with less effort of the compiler, 7 % instead of 1 % differ.
    call = jax.jit(export.export(jax.jit(prepare))(shape).call, compiler_options=quick_compiling.AS_USERS_DO)
    for rows, columns in ((61, 90), (33, 27), (13, 19), (24, 24)):
        image = np.random.default_rng(rows).integers(0, 256, (rows, columns, 3)).astype(np.uint8)
        expected = host.SCALES["vgg"](host.framed(image, 24, 24, framing).astype(np.float32))
        difference = np.abs(np.asarray(call(image[None])[0]) - expected)
        assert difference.max() <= 1.001
        first_rows = framing.crop is None and (rows, columns) == (33, 27)  # by Pillow 13
        assert (difference > 0.001).mean() < (0.3 if first_rows else 0.05)
