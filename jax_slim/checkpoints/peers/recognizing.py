"""Whose net a file is: told by the names in it, by shapes, and where these are the same by what the file is called."""

import contextlib
import json
import logging
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jax_slim.checkpoints.native import CheckpointError
from jax_slim.checkpoints.peers.mapping import Part, PeerCheckpoint, each_part
from jax_slim.checkpoints.peers.tables import Peer, peers
from jax_slim.checkpoints.reader import Checkpoint, Entry
from jax_slim.core.names import hint

# Counters, auxiliary heads, and what Keras's nets prepare images with.
_LEFT = re.compile(r".*\.num_batches_tracked|(?:AuxLogits|aux1|aux2)\..*|normalization(?:_\d+)?/.*")
_CONFIG = "config.json"  # beside timm's files
_MEANS = {"half": ([0.5] * 3, [0.5] * 3), "imagenet": ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])}

_log = logging.getLogger(__name__)


def as_slim(source: Checkpoint, origin: str | None = None) -> Checkpoint:
    """A file under TF-Slim's names where it is of a net that is one of TF-Slim's; else as it is.

    Args:
      source: the file under its own names.
      origin: whose net it is, 'timm/mobilenetv3_large_100', where that is to be said; None finds out.

    Raises:
      ValueError: there is no such origin.
      CheckpointError: it is not of the net that `origin` says, or nothing tells which of several it is of.
    """
    entries = source.entries()
    if origin is not None:
        if origin not in peers():
            raise ValueError(
                f"open_checkpoint: origin must be a net of timm's, torchvision's or Keras's that is one of TF-Slim's, "
                f"got {origin!r}.{hint(str(origin), peers(), 'origins')}"
            )
        if (why := _unlike(peers()[origin], entries)) is not None:
            raise CheckpointError(f"{source.path} is not of {origin}: {why}.")
        return PeerCheckpoint(source, peers()[origin], _images(source.path, peers()[origin]))
    if any(name.endswith("/weights") for name in entries):
        return source  # TF-Slim's own names, which no other library has: the tables need not be read
    found = [peer for peer in peers().values() if _unlike(peer, entries) is None]
    if not found:
        return source
    called = _called(source.path)
    # 'mobilenetv3_large_100' also begins a name that goes on: the longest one is meant.
    fits = {
        peer.origin: max((len(name) for name in peer.names if _is_called(name, called)), default=0) for peer in found
    }
    best = max(fits.values())
    chosen = [peer for peer in found if (fits[peer.origin] == best if best else not peer.told)]
    if not chosen or any(_function(peer) != _function(chosen[0]) for peer in chosen):
        origins = " or ".join(peer.origin for peer in found)
        raise CheckpointError(
            f"{source.path} may be of {origins}: their arrays have the same names and shapes, but the nets compute "
            f"different things. Keep the {_CONFIG} that was beside it, call the file as the net "
            f"({found[0].names[0]}.safetensors), or say open_checkpoint(path, origin={found[0].origin!r})."
        )
    return PeerCheckpoint(source, chosen[0], _images(source.path, chosen[0]))


def _unlike(peer: Peer, entries: Mapping[str, Entry]) -> str | None:
    """Why these cannot be entries of a peer's; None when they can."""
    for name, shape in peer.where.items():
        if name not in entries or tuple(entries[name].shape) != shape:
            return f"it has no {name} of shape {list(shape)}"
    parts = []
    for part in each_part(peer):  # most peers differ in the first one
        parts.append(part)
        if part.theirs not in entries and not part.theirs.startswith(peer.head):
            return f"it has no {part.theirs}"
    known = {part.theirs for part in parts}
    for name in entries:
        if name not in known and not _LEFT.fullmatch(name):
            return f"it has {name}"
    for part in parts:
        if part.theirs in entries and len(entries[part.theirs].shape) not in _ranks(part):
            return f"its {part.theirs} is of shape {list(entries[part.theirs].shape)}"
    return None


def _ranks(part: Part) -> tuple[int, ...]:
    if part.axes.split is not None or len(part.axes.order or ()) == 2:
        return (2,)
    return {"kernel": (4,), "array": (1, 2, 3, 4)}.get(part.role, (1,))


def _function(peer: Peer) -> Any:
    return peer.net, sorted(peer.options.items()), peer.epsilon


def _called(path: str) -> list[str]:
    """What a file is called: the description beside it, its own name, that of its folder."""
    architecture, settings = _described(path)
    if architecture:
        return [f"{architecture}.{settings.get('tag', '')}"]
    # The cache of the Hugging Face Hub: models--timm--<net>.<tag>/snapshots/<commit>/model.safetensors.
    return [part.rpartition("--")[2] for part in Path(path).parts[-4:]]


def _is_called(name: str, called: list[str]) -> bool:
    return any(re.match(re.escape(name) + r"(?![a-z0-9])", text, re.IGNORECASE) for text in called)


def _described(path: str) -> tuple[str, Mapping[str, Any]]:
    """The net and the settings in the description beside a file of timm's; '' and {} without one."""
    config = Path(path).with_name(_CONFIG)
    with contextlib.suppress(OSError, ValueError, AttributeError, RecursionError):
        if config.stat().st_size < 1 << 20:
            said = json.loads(config.read_text(encoding="utf-8"))
            architecture, settings = said.get("architecture"), said.get("pretrained_cfg") or {}
            if isinstance(architecture, str) and isinstance(settings, dict):
                return architecture, settings
    return "", {}


def _images(path: str, peer: Peer) -> dict[str, Any]:
    """What a file's name, or the description beside it, says of images other than the table."""
    found: dict[str, Any] = {}
    for name, image in peer.files.items():
        if _is_called(name, _called(path)):
            found |= image
    architecture, settings = _described(path)
    if not architecture:
        return found
    size, crop = settings.get("input_size"), settings.get("crop_pct")
    if isinstance(size, list) and len(size) == 3 and size[1] == size[2] and isinstance(size[1], int) and size[1] > 0:
        found["size"] = size[1]
    if isinstance(crop, int | float) and 0 < crop <= 1:
        found["crop"] = crop
    if settings.get("interpolation") in ("bilinear", "bicubic", "nearest"):
        found["interpolation"] = settings["interpolation"]
    mean, deviation = settings.get("mean"), settings.get("std")
    for kind, known in _MEANS.items():
        if (mean, deviation) == known:
            found["mean"] = kind
            break
    else:
        if mean is not None:
            _log.warning(
                "open_checkpoint: %s says of images mean=%s and std=%s, which no preprocessing here has; they are "
                "prepared as for %r.", Path(path).with_name(_CONFIG), mean, deviation, peer.image["mean"],
            )  # fmt: skip
    return found
