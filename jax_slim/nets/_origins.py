"""What `create_model` takes over from a checkpoint of timm's, torchvision's or Keras's: classes, options, images."""

import logging
from collections.abc import Mapping
from typing import Any

from jax_slim.checkpoints.native import CheckpointError
from jax_slim.checkpoints.peers.mapping import LAYERS, PeerCheckpoint

# What a table of peers says of means -> the preprocessing here.
_PREPARED = {"half": "inception", "imagenet": "imagenet", "vgg": "vgg"}

_log = logging.getLogger(__name__)


def adopted(
    name: str, checkpoint: Mapping[str, Any], num_classes: int | None, options: Mapping[str, Any]
) -> tuple[int | None, dict[str, Any]]:
    """The number of classes and the options of a net with the weights of a checkpoint.

    Args:
      name: of the net.
      checkpoint: the weights; of any other origin it changes nothing.
      num_classes, options: as given; what is not given is the checkpoint's.

    Raises:
      CheckpointError: it is of another net, or the options make another function of this one.
    """
    if not isinstance(checkpoint, PeerCheckpoint):
        return num_classes, dict(options)
    peer = checkpoint.peer
    if peer.net != name:
        raise CheckpointError(
            f"create_model: {checkpoint.path} is of {peer.origin}, which is {peer.net} here, got name={name!r}."
        )
    for option, value in peer.options.items():
        if option in options and options[option] != value and option not in LAYERS:
            raise CheckpointError(
                f"create_model: {option} must be {value!r} for {checkpoint.path}, got {options[option]!r}: without it "
                f"{name} is another function than {peer.origin}. Leave it out."
            )
    new = {option: value for option, value in peer.options.items() if option not in options}
    if new:
        told = ", ".join(f"{option}={value!r}" for option, value in new.items())
        _log.info("create_model: %s is %s with %s.", peer.origin, name, told)
    return checkpoint.classes if num_classes is None else num_classes, {**options, **new}


def trained_with(checkpoint: Any) -> tuple[int, str] | None:
    """The image size and the preprocessing that the weights were trained with; None of any other checkpoint."""
    if not isinstance(checkpoint, PeerCheckpoint):
        return None
    return checkpoint.peer.image["size"], _PREPARED[checkpoint.peer.image["mean"]]
