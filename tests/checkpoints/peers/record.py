"""Records `tests/goldens/peers`: what nets of timm, torchvision and Keras make of given weights.

    python record.py nets timm/inception_v4 1 160 139      # adds a line to nets.json
    python record.py files                                 # small files of torch.save, Keras

Run with timm, torchvision and Keras, and without jax-slim. A line has a checksum of the names of all entries, the
logits of the first 10 classes at two sizes of images, and how large logits are: weights and images are `peer_arrays`'s.
"""

import json
import os
import re
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))
import peer_arrays

FOLDER = Path(__file__).parents[2] / "goldens" / "peers"


def torch_logits(library, name, sizes, gain):
    import torch

    if library == "timm":
        import timm

        net = timm.create_model(name, **({"dynamic_img_size": True} if name.startswith("vit_") else {}))
    else:
        from torchvision import models

        heads = {"aux_logits": False, "init_weights": False} if name in ("inception_v3", "googlenet") else {}
        net = getattr(models, name)(**heads)
    state = {key: tuple(value.shape) for key, value in net.state_dict().items() if "num_batches_tracked" not in key}
    with torch.no_grad():
        net.load_state_dict(
            {key: torch.from_numpy(peer_arrays.array(key, shape, gain)) for key, shape in state.items()}, strict=False
        )
        net.eval()
        logits = {
            size: net(torch.from_numpy(peer_arrays.image(size).transpose(0, 3, 1, 2).copy())).numpy() for size in sizes
        }
    return state, logits


def every_layer(net):
    """Those with weights, of models within the model too."""
    for layer in net.layers:
        if hasattr(layer, "layers"):
            yield from every_layer(layer)
        elif layer.weights:
            yield layer


def keras_layers(net):
    """The layers with weights by the names of a file, in which numbers are counted from 0."""
    layers = {layer.name: layer for layer in every_layer(net) if not layer.name.startswith("normalization")}
    for kind in ("conv2d", "batch_normalization"):
        numbered = [
            (int(found[1] or 0), name) for name in layers if (found := re.fullmatch(rf"{kind}(?:_(\d+))?", name))
        ]
        for place, (_, name) in enumerate(sorted(numbered)):
            layers[f"{kind}#{place}"] = layers.pop(name)
    return layers


def keras_logits(name, sizes, gain):
    os.environ.setdefault("KERAS_BACKEND", "jax" if "NASNet" in name else "torch")
    import keras

    function, _, told = name.partition("(")
    options = eval(f"dict({told}") if told else {}
    if function.startswith(("MobileNetV3", "ConvNeXt")):
        options["include_preprocessing"] = False
    scale = 255 if function.startswith("EfficientNet") else 1  # which divides by it
    state, logits = {}, {}
    for size in sizes:
        keras.backend.clear_session()
        net = getattr(keras.applications, function)(
            weights=None, classifier_activation=None, input_shape=(size, size, 3), **options
        )
        for layer, of in keras_layers(net).items():
            for weight in of.weights:
                key = f"{layer}/{'gamma' if weight.name.startswith('variable') else weight.name}"
                state[key] = tuple(weight.shape)
                weight.assign(peer_arrays.array(key, state[key], gain))
        logits[size] = keras.ops.convert_to_numpy(net(scale * peer_arrays.image(size), training=False))
    return state, logits


def nets(origin, gain, sizes):
    library, _, name = origin.partition("/")
    state, logits = keras_logits(name, sizes, gain) if library == "keras" else torch_logits(library, name, sizes, gain)
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
    for layer, of in keras_layers(net).items():
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
