"""Records `tests/goldens/peers`: what nets of timm, torchvision and Keras make of given weights.

    python record.py nets timm/inception_v4 1 160 139      # adds a line to nets.json
    python record.py files                                 # small files of torch.save, Keras

Run with timm, torchvision and Keras, and without jax-slim. A line has a checksum of the names of all entries, the
logits of the first 10 classes at two sizes of images, in float64, and how large logits are: weights and images are
`peer_arrays`'s.
"""

import json
import os
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))
import peer_arrays
import peer_libraries

FOLDER = Path(__file__).parents[2] / "goldens" / "peers"


def nets(origin, gain, sizes):
    os.environ.setdefault("KERAS_BACKEND", "jax" if "NASNet" in origin else "torch")
    state, logits = {}, {}
    for size in sizes:
        net = peer_libraries.opened(origin, size, double=True)
        state |= net.shapes()
        net.fill(lambda name, shape: peer_arrays.array(name, shape, gain))
        logits[size] = net.logits(peer_arrays.image(size))
    file = FOLDER / "nets.json"
    lines = json.loads(file.read_text()) if file.exists() else {}
    lines[origin] = {
        "names": peer_arrays.digest(state),
        "entries": len(state),
        "gain": gain,
        "logits": {
            str(size): {"largest": float(np.abs(found).max()), "first": [float(x) for x in found.ravel()[:10]]}
            for size, found in logits.items()
        },
    }
    text = ",\n".join(f"{json.dumps(key)}: {json.dumps(line)}" for key, line in sorted(lines.items()))
    file.write_text(f"{{\n{text}\n}}\n")
    print(origin, {size: float(np.abs(found).max()) for size, found in logits.items()}, flush=True)


def tensors():
    """What the files hold: every dtype, strides, an offset, a scalar, no elements, shared numbers."""
    import torch

    numbers = torch.arange(24, dtype=torch.float32)
    kinds = ("float16", "bfloat16", "float64", "int64", "int32", "int16", "int8", "uint8", "bool")
    return {
        "plain.weight": numbers.reshape(2, 3, 4).clone(),
        "turned.weight": numbers.reshape(4, 6).t(),
        "part.weight": numbers.reshape(4, 6)[1:3, 2:5],
        "scalar": torch.tensor(2.5),
        "empty": torch.zeros(0, 3),
        "parameter": torch.nn.Parameter(torch.ones(2)),
        **{kind: torch.tensor([0, 1, 2, 3]).to(getattr(torch, kind)) for kind in kinds},
    }


def files():
    import torch

    state = tensors()
    for form, zipped in (("zip", True), ("old", False)):
        torch.save(state, FOLDER / f"{form}.pth", _use_new_zipfile_serialization=zipped)
        wrapped = {"epoch": 3, "best": 0.5, "state_dict": {f"module.{name}": value for name, value in state.items()}}
        torch.save(wrapped, FOLDER / f"{form}_wrapped.pth", _use_new_zipfile_serialization=zipped)
    torch.save(torch.nn.Linear(2, 3).state_dict(), FOLDER / "module.pth")
    torch.save(torch.nn.Linear(2, 3), FOLDER / "whole_module.pth")
    os.environ.setdefault("KERAS_BACKEND", "torch")
    import keras

    net = keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            keras.layers.Conv2D(2, 3, name="first"),
            keras.layers.BatchNormalization(scale=False),
            keras.layers.DepthwiseConv2D(3, use_bias=False, name="deep"),
            keras.layers.BatchNormalization(),
            keras.layers.SeparableConv2D(2, 1, use_bias=False, name="apart"),
            keras.layers.Flatten(),
            keras.layers.Dense(2, name="last"),
        ]
    )
    for layer, of in peer_libraries.keras_layers(net).items():
        for weight in of.weights:
            weight.assign(peer_arrays.array(f"{layer}/{weight.name}", tuple(weight.shape)))
    net.save_weights(FOLDER / "net.weights.h5")
    net.save(FOLDER / "net.h5")
    net.save(FOLDER / "net.keras")


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    if sys.argv[1] == "files":
        files()
    else:
        nets(sys.argv[2], float(sys.argv[3]), [int(size) for size in sys.argv[4:]])
