"""Keras's files of weights, `.weights.h5` and `.h5`, as Keras itself writes those of a net of `keras.applications`.

Keras finds weights by the place of their layer in the net, not by names: `keras_orders.toml` has these places.
"""

import functools
import itertools
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from jax_slim.checkpoints._manifest import sync_directory
from jax_slim.checkpoints.native import CheckpointError
from jax_slim.checkpoints.peers.keras_files import CLASS_WEIGHTS, h5py_for
from jax_slim.checkpoints.peers.tables import Peer, listed
from jax_slim.preprocessing.imagenet_preprocessing import DEVIATION, MEAN

ENDINGS = (".weights.h5", ".h5")
# Kind of a line in the tables -> Keras's class, as its files call it.
_CLASSES = {
    "conv": "conv2d",
    "biased": "conv2d",
    "merged": "conv2d",
    "depthwise": "depthwise_conv2d",
    "grouped": "conv2d",
    "separable": "separable_conv2d",
    "dense": "dense",
    "dense7x7": "dense",
    "matrix": "dense",
    "norm": "batch_normalization",
    "layernorm": "layer_normalization",
    "array": "layer_scale",
}
# EfficientNet's first layer, which no line of a table stands for: its net scales images itself.
_SCALING = "normalization"
_SCALES = {
    f"{_SCALING}/mean": np.asarray(MEAN, np.float32),
    f"{_SCALING}/variance": np.square(np.asarray(DEVIATION, np.float32)),
    f"{_SCALING}/count": np.zeros((), np.int32),
}
# Layers that ConvNeXt keeps in models within the model.
_WITHIN = re.compile(r"(?P<net>convnext_\w+?)_(?:(?P<stem>stem)_\w+|downsampling_(?:layernorm|conv)_(?P<number>\d))")
_VERSION = "3.0.0"  # of Keras: older readers turn the weights of files before 2


def keras_order(peer: Peer) -> list[tuple[str, str]]:
    """The layers of a net of Keras's in its own order: (class, name as the tables have it).

    Raises:
      CheckpointError: the order of this net is not known.
    """
    orders = _orders()
    # Nets of another width, 'MobileNet(alpha=0.5)', are in the order of the one without.
    order = orders.get(peer.origin) or orders.get(peer.origin.partition("(")[0])
    if order is None:
        raise CheckpointError(
            f"convert_to_peer: {peer.origin} cannot be written: in which order Keras has its layers is not known here."
        )
    found = []
    for place in listed(order):
        if place == _SCALING:
            found.append((_SCALING, _SCALING))
        else:
            kind, theirs, _ = peer.layers[int(place)]
            found.append((_CLASSES[kind], theirs.rpartition("/")[0] if kind == "array" else theirs))
    return found


def save_keras(path: str, peer: Peer, arrays: Mapping[str, np.ndarray]) -> None:
    """Writes a file that `keras.applications.<net>(weights=path)` and `load_weights` read, whole or not at all.

    Args:
      path: ends in `.weights.h5` for Keras 3's form, in `.h5` for the older one, which Keras 2 and 3 read.
      peer: the net.
      arrays: '<layer>/<weight>' as the tables have them -> array.

    Raises:
      CheckpointError: h5py is not installed, or the file cannot be written; one that was there stays.
    """
    h5py = h5py_for(path)
    temporary = f"{path}.tmp-{os.getpid()}"
    layers = [(kind, name, list(_weights(kind, name, {**_SCALES, **arrays}))) for kind, name in keras_order(peer)]
    try:
        with h5py.File(temporary, "w") as file:
            (_by_class if path.endswith(".weights.h5") else _by_layer)(file, layers)
        with Path(temporary).open("rb") as written:
            os.fsync(written.fileno())
        os.replace(temporary, path)
        sync_directory(Path(path).parent)
    except OSError as error:
        raise CheckpointError(f"convert_to_peer: {path} cannot be written: {error.strerror or error}.") from error
    finally:
        if os.path.exists(temporary):
            os.unlink(temporary)


@functools.cache
def _orders() -> Mapping[str, str]:
    return tomllib.loads(
        resources.files(__name__.rpartition(".")[0]).joinpath("keras_orders.toml").read_text(encoding="utf-8")
    )


def _weights(kind: str, layer: str, arrays: Mapping[str, np.ndarray]) -> Iterator[tuple[str, np.ndarray]]:
    for weight in CLASS_WEIGHTS[kind]:
        if (array := arrays.get(f"{layer}/{weight}")) is not None:
            yield weight, array


def _by_class(file: Any, layers: list[Any]) -> None:
    """A group for each layer, called after its class and counted among those; within the group of its model."""
    counts: dict[tuple[str, str], int] = {}
    models: dict[str, str] = {}

    def place(folder: str, kind: str) -> str:
        count = counts[folder, kind] = counts.get((folder, kind), -1) + 1
        return f"{folder}/{kind}{f'_{count}' if count else ''}"

    for kind, name, weights in layers:
        folder = "layers"
        if model := _model_of(name):
            if model not in models:
                models[model] = place("layers", "sequential")
                file.create_group(f"{models[model]}/vars").attrs["name"] = model
            folder = f"{models[model]}/layers"
        group = file.create_group(f"{place(folder, kind)}/vars")
        group.attrs["name"] = _called(name)
        for number, (_, array) in enumerate(weights):
            group[str(number)] = array


def _by_layer(file: Any, layers: list[Any]) -> None:
    """A group for each layer or model within the model, called as it is, whose attribute lists the weights."""
    owned = [(_model_of(name), _called(name), weights) for _, name, weights in layers]
    groups = [(owner, list(those)) for owner, those in itertools.groupby(owned, lambda layer: layer[0] or layer[1])]
    file.attrs["layer_names"] = [owner.encode() for owner, _ in groups]
    file.attrs["backend"], file.attrs["keras_version"] = b"tensorflow", _VERSION.encode()
    for owner, those in groups:
        group = file.create_group(owner)
        named = {
            f"{f'{model}/' if model else ''}{called}/{weight}:0": array
            for model, called, weights in those
            for weight, array in weights
        }
        group.attrs["weight_names"] = [name.encode() for name in named]
        for name, array in named.items():
            group[name] = array


def _model_of(layer: str) -> str:
    """The model within the model that a layer is in; '' where it is in none."""
    if (found := _WITHIN.fullmatch(layer)) is None:
        return ""
    return f"{found['net']}_{found['stem'] or 'downsampling_block_' + found['number']}"


def _called(name: str) -> str:
    """'conv2d#3' -> 'conv2d_3', as Keras numbers its layers."""
    kind, numbered, number = name.partition("#")
    return f"{kind}_{number}" if numbered and number != "0" else kind
