"""Keras's files of weights, `.weights.h5` and `.h5`, as Keras itself writes those of a net of `keras.applications`.

Keras finds weights by the place of their layer in the net, not by names: `keras_orders.toml` has these places.
"""

import functools
import os
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

ENDINGS = (".weights.h5", ".h5")
# Kind of a line in the tables -> Keras's class, as its files call it.
_CLASSES = {
    "conv": "conv2d",
    "biased": "conv2d",
    "merged": "conv2d",
    "depthwise": "depthwise_conv2d",
    "separable": "separable_conv2d",
    "dense": "dense",
    "dense7x7": "dense",
    "matrix": "dense",
    "norm": "batch_normalization",
}
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
    places = [int(number) for number in listed(order)]
    layers = [peer.layers[place] for place in places]
    return [(_CLASSES[layer.kind], layer.theirs) for layer in layers]


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
    layers = [(kind, name, list(_weights(kind, name, arrays))) for kind, name in keras_order(peer)]
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
    """A group for each layer, called after its class and counted among those."""
    counts: dict[str, int] = {}
    for kind, name, weights in layers:
        count = counts[kind] = counts.get(kind, -1) + 1
        group = file.create_group(f"layers/{kind}{f'_{count}' if count else ''}/vars")
        group.attrs["name"] = _called(name)
        for number, (_, array) in enumerate(weights):
            group[str(number)] = array


def _by_layer(file: Any, layers: list[Any]) -> None:
    """A group for each layer, called as the layer is, whose attribute lists its weights."""
    file.attrs["layer_names"] = [_called(name).encode() for _, name, _ in layers]
    file.attrs["backend"], file.attrs["keras_version"] = b"tensorflow", _VERSION.encode()
    for _, name, weights in layers:
        called = _called(name)
        group = file.create_group(called)
        group.attrs["weight_names"] = [f"{called}/{weight}:0".encode() for weight, _ in weights]
        for weight, array in weights:
            group[f"{called}/{weight}:0"] = array


def _called(name: str) -> str:
    """'conv2d#3' -> 'conv2d_3', as Keras numbers its layers."""
    kind, numbered, number = name.partition("#")
    return f"{kind}_{number}" if numbered and number != "0" else kind
