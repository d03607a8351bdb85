"""The way back: TF-Slim's variables as the file of timm's, torchvision's or Keras's net that is the same function."""

import logging
import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from jax_slim.checkpoints.native import CheckpointError
from jax_slim.checkpoints.opening import describe, opened
from jax_slim.checkpoints.peers.mapping import LAYERS, Part, PeerCheckpoint, parts_of, precise
from jax_slim.checkpoints.peers.tables import Peer, peers
from jax_slim.checkpoints.reader import PathLike, entries_of
from jax_slim.checkpoints.safetensors_files import save_safetensors
from jax_slim.core.names import hint

LIBRARIES = ("timm", "torchvision", "keras")
_BACKGROUND = 1001  # classes of ImageNet with a first one for background, which the peers' nets do not have

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

    Scales that TF-Slim's batch norm does not have become ones there. Of 1001 classes the first one, background, is left
    out, as those nets have 1000. Auxiliary heads, averages and optimizers stay behind.

    Args:
      source: as for `open_checkpoint`; or a mapping name -> array.
      target: the file: `.safetensors` for timm and torchvision.
      to: 'timm' or 'torchvision', or which of their nets: 'timm/tf_mobilenetv3_large_100'.
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
    known = {name for peer in peers().values() for name in (peer.origin, peer.library)} - {"keras"}
    if to not in known or to.startswith("keras"):
        raise ValueError(
            f"convert_to_peer: to must be 'timm', 'torchvision' or one of their nets, got {to!r}.{hint(str(to), known)}"
        )
    if not target.endswith(".safetensors"):
        raise ValueError(f"convert_to_peer: target must end in .safetensors for {to}, got {target!r}.")
    if os.path.exists(target) and not overwrite:
        raise CheckpointError(f"convert_to_peer: {target} exists. Pass overwrite=True to replace it.")
    with opened(source) as checkpoint:
        if options is None and isinstance(checkpoint, PeerCheckpoint):
            options = checkpoint.peer.options
        peer = _fitting(checkpoint, to, options)
        arrays = {part.theirs: _theirs(part, peer, checkpoint) for part in parts_of(peer)}
    counters = [name for name in arrays if name.endswith(".running_var")]
    arrays |= {name.replace("running_var", "num_batches_tracked"): np.zeros((), np.int64) for name in counters}
    os.makedirs(os.path.dirname(os.path.abspath(target)), exist_ok=True)
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
    same = [peer for peer in found if _same(peer, options)]
    if not same:
        needed = " or ".join(f"{peer.origin} with {_told(_needed(peer)) or 'the default options'}" for peer in found)
        ours = _told(options) or "the default options"
        raise CheckpointError(
            f"convert_to_peer: {describe(checkpoint)} is of a net with {ours}, which is another function than any net "
            f"of {to}. The same one would be {needed}."
        )
    return same[0]


def _needed(peer: Peer) -> dict[str, Any]:
    return {option: value for option, value in peer.options.items() if option not in LAYERS}


def _same(peer: Peer, options: Mapping[str, Any]) -> bool:
    """Whether options of functions are the peer's: each that either has, unless it is False, which is the default."""
    names = {"use_explicit_padding", *(name for other in peers().values() for name in _needed(other))}
    return all((peer.options.get(name) or None) == (options.get(name) or None) for name in names)


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
    if part.theirs.startswith(peer.head) and array.shape[-1] == _BACKGROUND:
        array = array[..., 1:]
    if part.role == "kernel" and part.layer == peer.bgr:
        array = array[:, :, ::-1]
    if part.role in ("kernel", "array"):
        array = part.axes.theirs(array)
    if part.role == "variance" and peer.epsilon != peer.our_epsilon:
        array = precise(lambda value: value - (peer.epsilon - peer.our_epsilon), array)
    return np.ascontiguousarray(array)
