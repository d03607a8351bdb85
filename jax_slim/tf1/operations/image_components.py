"""Components of images: pixels of one value that touch. On the host."""

from typing import Any

import numpy as np

from jax_slim.tf1.graph import op_defs, rows

op_defs.register("ImageConnectedComponents(image: dtype) -> (components: int64) | dtype: type")


@rows.row("ImageConnectedComponents", host=True, shape=lambda op: [op._inputs[0].shape], gradient=rows.NONE)
def image_connected_components(image: Any) -> Any:
    """For each pixel that is not 0 a number from 1 on that its component alone has, int64 [images, height, width]."""
    image = np.asarray(image)
    filled = image != (b"" if image.dtype == object else np.zeros((), image.dtype))
    labels = np.where(filled, np.arange(1, image.size + 1).reshape(image.shape), 0)
    neighbours = (np.s_[:, 1:], np.s_[:, :-1]), (np.s_[:, :, 1:], np.s_[:, :, :-1])
    sides = [(pair, image[pair[0]] == image[pair[1]]) for pair in neighbours]
    while True:
        before = labels.copy()
        for (one, other), same in sides:
            least = np.minimum(labels[one], labels[other])
            labels[one] = np.where(same, least, labels[one])
            labels[other] = np.where(same, np.minimum(least, labels[other]), labels[other])
        # Who has the number of a pixel takes the number that this pixel has by now.
        labels = np.where(filled, np.append(0, labels.reshape(-1))[labels], 0)
        if np.array_equal(before, labels):
            return labels.astype(np.int64)
