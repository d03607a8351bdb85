"""`Preparation`: how photographs become what a net takes, as a few facts that can be kept beside its weights."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from jax_slim.preprocessing.framing import SCALES, Framing, framed
from jax_slim.preprocessing.preprocessing_factory import get_preprocessing
from jax_slim.preprocessing.vgg_preprocessing import RESIZE_SIDE_MAX, RESIZE_SIDE_MIN


class Preparation(NamedTuple):
    """Which preprocessing, and for images of which size.

    Attributes:
      preprocessing: a name that `preprocessing_factory` knows.
      image_size: height and width of what is made, in pixels.
      channels: of what is made.
      framing: how photographs are cropped and resized for evaluation, where not as the preprocessing does it.
    """

    preprocessing: str
    image_size: int
    channels: int
    framing: Framing | None = None

    def preprocessing_fn(
        self, is_training: bool = False, use_grayscale: bool = False
    ) -> Callable[[Any, np.random.Generator | None], Any]:
        """A function (image, rng) -> prepared image, float32; `rng` is needed where `is_training`.

        With `framing`, and not in training, images must be uint8.
        """
        size = self.image_size
        if self.framing is not None and not (is_training or use_grayscale) and self.channels == 3:
            scaled, framing = SCALES[self.preprocessing], self.framing
            return lambda image, rng=None: scaled(framed(image, size, size, framing).astype(np.float32))
        function, options = get_preprocessing(self.preprocessing, is_training, use_grayscale), self.resizing()

        def prepare(image: Any, rng: np.random.Generator | None = None) -> Any:
            return function(image, size, size, **options, **({"rng": rng} if is_training else {}))

        return prepare

    def resizing(self) -> dict[str, int]:
        """Arguments of the preprocessing, so that the crop lies within the resized image."""
        if self.preprocessing not in ("vgg", "imagenet") or self.image_size <= RESIZE_SIDE_MIN:
            return {}
        return {"resize_side_min": self.image_size, "resize_side_max": max(self.image_size, RESIZE_SIDE_MAX)}
