"""What `create_model` takes over from a checkpoint of timm's, torchvision's or Keras's: classes, options, images."""

import logging
from collections.abc import Collection, Mapping
from typing import Any

from jax_slim.checkpoints.native import CheckpointError
from jax_slim.checkpoints.peers.backgrounds import with_background
from jax_slim.checkpoints.peers.mapping import BACKGROUND, LAYERS, PeerCheckpoint
from jax_slim.checkpoints.tensorflow.opening import TensorFlowCheckpoint
from jax_slim.datasets.imagenet_classes import imagenet_names
from jax_slim.nets.published import PUBLISHED
from jax_slim.preprocessing.framing import Framing

# What a table of peers says of means -> the preprocessing here.
PREPARED = {"half": "inception", "imagenet": "imagenet", "vgg": "vgg"}
IMAGENET = 1000  # classes

_log = logging.getLogger(__name__)


def adopted(
    name: str,
    checkpoint: Mapping[str, Any],
    num_classes: int | None,
    options: Mapping[str, Any],
    below: Collection[str] = (),
) -> tuple[int | None, dict[str, Any]]:
    """The number of classes and the options of a net with the weights of a checkpoint.

    Of a classifier's, for what lies below a net for segmentation or detection, it takes neither: what that classifier
    does in another way than TF-Slim's is only said, since training goes on.

    Args:
      name: of the net.
      checkpoint: the weights; of any other origin it changes nothing.
      num_classes, options: as given; what is not given is the checkpoint's.
      below: the nets whose weights may be the beginning of this one.

    Raises:
      CheckpointError: it is of another net, or the options make another function of this one.
    """
    if not isinstance(checkpoint, PeerCheckpoint):
        return num_classes, dict(options)
    peer = checkpoint.peer
    if peer.net in below:
        if peer.options:
            _log.warning(
                "create_model: %s is %s with %s, which %s has not: its weights are a beginning to train from.",
                peer.origin, peer.net, _told(peer.options), name,
            )  # fmt: skip
        return num_classes, dict(options)
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
        _log.info("create_model: %s is %s with %s.", peer.origin, name, _told(new))
    return checkpoint.classes if num_classes is None else num_classes, {**options, **new}


def _told(options: Mapping[str, Any]) -> str:
    return ", ".join(f"{option}={value!r}" for option, value in options.items())


def with_classes(name: str, checkpoint: Any, num_classes: int | None) -> Any:
    """The checkpoint with a first class for background, where the net has ImageNet's 1001 classes and the weights 1000.

    The way back is no loss of weights that anyone has asked for, and is only said: 1000 may be classes of one's own.
    """
    if isinstance(checkpoint, PeerCheckpoint) and (checkpoint.classes, num_classes) == (IMAGENET, BACKGROUND):
        _log.info("create_model: %s has 1000 classes: class 0 is background here, and theirs follow.", checkpoint.path)
        return with_background(checkpoint)
    return checkpoint


def say_background(name: str, path: Any, new: bool, classes: int | None, theirs: int | None) -> None:
    """Says that a new last layer of 1000 classes takes the place of 1001, which may have been a mistake."""
    if new and (classes, theirs) == (IMAGENET, BACKGROUND):
        _log.warning(
            "create_model: the last layers of %s are new: %s has 1001 classes, the first one for background, and "
            "num_classes=1000 was asked for. Leave it out for ImageNet's classes: class i there is class i + 1.",
            name, path,
        )  # fmt: skip


def trained_with(name: str, checkpoint: Any) -> tuple[int, str, Framing] | None:
    """The image size, the preprocessing and the framing that the weights were trained with; None of any other
    checkpoint, and of one of a classifier below the net."""
    ours = isinstance(checkpoint, PeerCheckpoint) and checkpoint.peer.net == name
    return images_of(checkpoint) if ours else None


def images_of(checkpoint: PeerCheckpoint) -> tuple[int, str, Framing]:
    """As `trained_with`, of a net of another library."""
    image = checkpoint.image
    keras = checkpoint.peer.library == "keras"
    framing = Framing(image.get("crop"), image.get("interpolation", "nearest" if keras else "bilinear"))
    return image["size"], PREPARED[image["mean"]], framing


def class_names_of(name: str, checkpoint: Any, classes: int | None) -> list[str] | None:
    """ImageNet's names of the classes of published weights; None where it may be other classes."""
    published = isinstance(checkpoint, TensorFlowCheckpoint) and any(
        (row.net, row.classes) == (name, classes) for row in PUBLISHED
    )
    if classes in (IMAGENET, BACKGROUND) and (published or isinstance(checkpoint, PeerCheckpoint)):
        return imagenet_names(background=classes == BACKGROUND)
    return None
