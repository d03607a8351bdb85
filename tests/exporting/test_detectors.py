"""`export_detector`: pixels of any size in, boxes out."""

import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

from jax_slim import exporting
from jax_slim.detection.suppression import Detections
from jax_slim.exporting import loader


def find(variables, images):
    """Two boxes; the score of the first is the mean of the image, from 0 to 1."""
    count = images.shape[0]
    means = (images.mean((1, 2, 3)) + 1) / 2
    boxes = jnp.broadcast_to(variables["boxes"], (count, 2, 4))
    scores = jnp.stack([means, jnp.zeros_like(means)], -1)
    return Detections(boxes, scores, jnp.zeros((count, 2), jnp.int32), jnp.ones((count,), jnp.int32))


VARIABLES = {"boxes": np.float32([[0, 0.25, 0.5, 1], [0, 0, 0, 0]])}


def test_takes_pixels_and_gives_boxes(tmp_path, capsys):
    path = exporting.export_detector(
        tmp_path / "net.zip", find, VARIABLES, 8, preprocessing="ssd", labels=["cat"], platforms=["cpu"]
    )
    model = exporting.load_exported(path)
    for size in ((5, 9), (16, 12)):
        results = model(image=np.full((2, *size, 3), 204, np.uint8))
        np.testing.assert_allclose(results["scores"][:, 0], 0.8, rtol=1e-5)
        np.testing.assert_array_equal(results["boxes"][1], VARIABLES["boxes"])
        np.testing.assert_array_equal(results["num_detections"], [1, 1])
    Image.new("RGB", (7, 5), (255, 255, 255)).save(tmp_path / "white.png")
    rows = loader.look_at(model, str(tmp_path / "white.png"), 5)
    assert rows == [{"label": "cat", "class": 0, "score": 1.0, "box": [0.0, 0.25, 0.5, 1.0]}]
    loader.show({"white.png": rows}, False)
    assert "100.00 %  cat top 0.000 left 0.250 bottom 0.500 right 1.000" in capsys.readouterr().out


def test_refuses(tmp_path):
    with pytest.raises(ValueError, match=r"export_detector: preprocessing must be one of \['ssd', 'ssd_vgg'\] or None"):
        exporting.export_detector(tmp_path / "x.zip", find, VARIABLES, 8, preprocessing="inception")
