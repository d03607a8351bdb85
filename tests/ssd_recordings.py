"""What the originals computed, recorded: the Object Detection API of 2018 and balancap/SSD-Tensorflow.

Both ran as they are by `jax_slim.tf1`, with variables and images that this file makes again. The API's nets are those
of `NETS`; the objects of its two images are `BOXES`, `CLASSES` and `COUNTS`. Of SSD on VGG every 97th anchor is kept.
"""

import ast
import zlib
from pathlib import Path

import numpy as np

import golden

NETS = {
    "ssd_mobilenet_v1": (96, {"num_classes": 5, "depth_multiplier": 0.25, "min_depth": 8}),
    "ssd_mobilenet_v2": (96, {"num_classes": 5, "depth_multiplier": 0.35, "min_depth": 8, "kernel_size": 3}),
    "ssdlite_mobilenet_v2": (64, {"num_classes": 3, "depth_multiplier": 0.35, "min_depth": 8}),
}
BOXES = np.zeros((2, 4, 4), np.float32)
BOXES[0, :3] = [[0.1, 0.2, 0.5, 0.6], [0.3, 0.1, 0.9, 0.95], [0.52, 0.55, 0.6, 0.61]]
BOXES[1, 0] = [0.05, 0.05, 0.4, 0.95]
CLASSES = np.array([[0, 3, 2, 0], [4, 0, 0, 0]])
COUNTS = np.array([3, 1])
EVERY = slice(None, None, 97)
VGG_ORDER = [1, 0, 3, 2]  # x, y, width, height there


def recorded(net):
    """What was recorded of a net, by name."""
    return golden.stored(Path(__file__).parent / "detection" / "recorded" / f"{net}.npz")


def shapes(net):
    """The variables of a net: name -> shape."""
    lines = (line.partition(" ") for line in recorded(net)["names"].tolist())
    return {name: ast.literal_eval(shape) for name, _, shape in lines}


def variables(net):
    """Their values, made of their names."""
    return {name: _value(name, shape) for name, shape in shapes(net).items()}


def images(size, count=2):
    """The images, from 0 to 255."""
    return np.random.default_rng(0).integers(0, 256, (count, size, size, 3)).astype(np.float32)


def _value(name, shape):
    draw = np.random.default_rng(zlib.crc32(name.encode())).standard_normal(shape)
    last = name.rpartition("/")[2]
    if last == "gamma":
        draw = 1 + 0.1 * draw
    elif last == "moving_variance":
        draw = np.exp(0.2 * draw)
    elif "weights" in last:
        draw *= np.sqrt(2 / np.prod(shape[:2] if last == "depthwise_weights" else shape[:-1]))
    else:
        draw *= 0.1
    return draw.astype(np.float32)
