"""The way back: TF-Slim's variables as the file of timm's, torchvision's or Keras's net that is the same function."""

import logging
import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from jax_slim.checkpoints.native import CheckpointError
from jax_slim.checkpoints.opening import describe, opened
from jax_slim.checkpoints.peers.keras_writing import ENDINGS, save_keras
from jax_slim.checkpoints.peers.mapping import BACKGROUND, LAYERS, Part, PeerCheckpoint, parts_of, precise
from jax_slim.checkpoints.peers.tables import Peer, peers
from jax_slim.checkpoints.reader import PathLike, entries_of
from jax_slim.checkpoints.safetensors_files import save_safetensors
from jax_slim.core.names import hint

# Options that change no logits of a finished net, and the default values of the others where these are not None.
_HARMLESS = (*LAYERS, "dropout_keep_prob", "spatial_squeeze", "reuse")
_DEFAULTS = {"unit_strides": "last"}

_log = logging.getLogger(__name__)


def convert_to_peer(
    source: PathLike | Mapping[str, Any],
    target: PathLike,
    to: str,
    options: Mapping[str, Any] | None = None,
    overwrite: bool = False,
) -> str:
    """Writes a net's variables as another library's file of the same net, with that library's names and layouts.

        slim.checkpoints.convert_to_peer("/tmp/run", "mobilenetv2.safetensors", "timm")
        timm.create_model("mobilenetv2_100", checkpoint_path="mobilenetv2.safetensors")         # in PyTorch

        slim.checkpoints.convert_to_peer("/tmp/run", "mobilenetv2.weights.h5", "keras")
        keras.applications.MobileNetV2(weights="mobilenetv2.weights.h5")

    Scales that TF-Slim's batch norm does not have become ones there. Of 1001 classes the first one, background, is left
    out, as those nets have 1000. Auxiliary heads, averages and optimizers stay behind.

    Args:
      source: as for `open_checkpoint`; or a mapping name -> array.
      target: the file: `.safetensors` for timm and torchvision; `.weights.h5` (of Keras 3) or `.h5` (of Keras 2, which
        3 reads, too) for Keras.
      to: 'timm', 'torchvision' or 'keras'; or which of their nets: 'timm/tf_mobilenetv3_large_100'. Where the library's
        net only comes close, as it is a port of TF-Slim's, the net must be named, and how they differ is logged.
      options: what the net of `source` was created with (`model.options`); None where that is not known, which is
        logged if the net is the same function with some options alone.
      overwrite: whether what is at `target` may be replaced.

    Returns:
      The path of what was written.

    Raises:
      ValueError: there is no such library or net.
      CheckpointError: `source` cannot be read or is of no net that they have, or the options make it another function
        than theirs; or `target` cannot be written, or is there. Nothing was written then.
    """
    target = os.path.expanduser(os.fspath(target))
    known = {name for peer in peers().values() for name in (peer.origin, peer.library)}
    if to not in known:
        raise ValueError(
            f"convert_to_peer: to must be 'timm', 'torchvision', 'keras' or one of their nets, got {to!r}."
            f"{hint(str(to), known)}"
        )
    endings = ENDINGS if to.startswith("keras") else (".safetensors",)
    if not target.endswith(endings):
        why = " A .keras file holds the net as well: load the weights in Keras and save it there."
        raise ValueError(
            f"convert_to_peer: target must end in {' or '.join(endings)} for {to}, got {target!r}."
            f"{why if target.endswith('.keras') else ''}"
        )
    if os.path.exists(target) and not overwrite:
        raise CheckpointError(f"convert_to_peer: {target} exists. Pass overwrite=True to replace it.")
    with opened(source) as checkpoint:
        if options is None and isinstance(checkpoint, PeerCheckpoint):
            options = checkpoint.peer.options
        peer = _fitting(checkpoint, to, options)
        arrays = {part.theirs: _theirs(part, peer, checkpoint) for part in parts_of(peer)}
    os.makedirs(os.path.dirname(os.path.abspath(target)), exist_ok=True)
    if peer.library == "keras":
        save_keras(os.path.abspath(target), peer, arrays)
        return target
    counters = [name for name in arrays if name.endswith(".running_var")]
    arrays |= {name.replace("running_var", "num_batches_tracked"): np.zeros((), np.int64) for name in counters}
    save_safetensors(target, arrays, {"format": "pt", "origin": peer.origin})
    return target


def _fitting(checkpoint: Mapping[str, Any], to: str, options: Mapping[str, Any] | None) -> Peer:
    """The net there that has these variables, and is the same function with these options."""
    entries = entries_of(checkpoint)
    found = [peer for peer in peers().values() if to in (peer.origin, peer.library) and _has(peer, entries)]
    if not found:
        raise CheckpointError(f"convert_to_peer: {describe(checkpoint)} is of no net that {to} has and TF-Slim, too.")
    if options is None:
        if any(_needed(peer) for peer in found):
            _log.warning(
                "convert_to_peer: %s does not tell its net's options. It is the same function as %s if they are %s.",
                describe(checkpoint), found[0].origin, _told(_needed(found[0])) or "the default ones",
            )  # fmt: skip
        return found[0]
    if same := [peer for peer in found if _same(_needed(peer), options)]:
        return same[0]
    # Ports of TF-Slim's weights: TF-Slim's own function, which the library's is not quite.
    close = [peer for peer in found if _same(_ported(peer), options)]
    if close and _is_of(checkpoint, close[0]):
        return close[0]
    if close and to == close[0].origin:
        _log.warning(
            "convert_to_peer: %s is not quite the function that %s was trained as: it would be with %s.",
            close[0].origin, describe(checkpoint), _told(close[0].exactly),
        )  # fmt: skip
        return close[0]
    ours = _told(options) or "the default options"
    needed = " or ".join(f"{peer.origin} with {_told(_needed(peer)) or 'the default options'}" for peer in found)
    port = f" {close[0].origin} comes close: say to={close[0].origin!r} to have its file all the same." if close else ""
    raise CheckpointError(
        f"convert_to_peer: {describe(checkpoint)} is of a net with {ours}, which is another function than any net "
        f"of {to}. The same one would be {needed}.{port}"
    )


def _is_of(checkpoint: Mapping[str, Any], peer: Peer) -> bool:
    return isinstance(checkpoint, PeerCheckpoint) and checkpoint.peer.origin == peer.origin


def _needed(peer: Peer) -> dict[str, Any]:
    """The options of TF-Slim's net with which it is the library's function."""
    return {**_ported(peer), **peer.exactly}


def _ported(peer: Peer) -> dict[str, Any]:
    """Those that the library's published weights want, which may be ports of TF-Slim's."""
    return {option: value for option, value in peer.options.items() if option not in LAYERS}


def _same(needed: Mapping[str, Any], options: Mapping[str, Any]) -> bool:
    """Whether options make the function that `needed` ones make: whatever is left out has its default value."""
    names = {*needed, *options} - {*_HARMLESS}
    return all(_value(name, needed) == _value(name, options) for name in names)


def _value(name: str, options: Mapping[str, Any]) -> Any:
    value = options.get(name)
    return None if not value or value == _DEFAULTS.get(name) else value


def _told(options: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in options.items())


def _has(peer: Peer, entries: Mapping[str, Any]) -> bool:
    for part in parts_of(peer):
        if part.ours and part.ours not in entries:
            return False
        if part.theirs in peer.where:
            shape = part.axes.theirs(np.broadcast_to(np.float32(0), entries[part.ours].shape)).shape
            if shape != peer.where[part.theirs]:
                return False
    return True


def _theirs(part: Part, peer: Peer, checkpoint: Mapping[str, Any]) -> np.ndarray:
    """The array that the peer's file has for a part."""
    if not part.ours:  # scales, and biases before a batch norm, that went into other variables
        beta = next(name for name in checkpoint if name == f"{part.layer}/BatchNorm/beta")
        return np.full(np.shape(checkpoint[beta]), 1 if part.role == "gamma" else 0, np.float32)
    array = np.asarray(checkpoint[part.ours])
    if part.theirs.startswith(peer.head) and array.shape[-1] == BACKGROUND:
        array = array[..., 1:]
    if part.role == "kernel" and part.layer == peer.bgr:
        array = array[:, :, ::-1]
    if part.role in ("kernel", "array"):
        array = part.axes.theirs(array)
    if part.role == "variance" and peer.epsilon != peer.our_epsilon:
        array = precise(lambda value: value - (peer.epsilon - peer.our_epsilon), array)
    return np.ascontiguousarray(array)
