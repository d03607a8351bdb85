"""Another library's file as what it is in TF-Slim: a lazy mapping under TF-Slim's names, with TF-Slim's layouts."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from jax_slim.checkpoints.native import CheckpointError
from jax_slim.checkpoints.peers.tables import Layer, Peer
from jax_slim.checkpoints.reader import Checkpoint, Entry

# Options that say which layers a net has. With another value it is the same function, and has more variables.
LAYERS = ("create_aux_logits",)
BACKGROUND = 1001  # classes of ImageNet with a first one for background, which the libraries' nets do not have

_DEPTHWISE = {
    "timm": ".depthwise_conv2d.weight",
    "torchvision": ".depthwise_conv2d.weight",
    "keras": "/depthwise_kernel",
}
_POINTWISE = {
    "timm": ".pointwise_conv2d.weight",
    "torchvision": ".pointwise_conv2d.weight",
    "keras": "/pointwise_kernel",
}
_TORCH = {"kernel": ".weight", "bias": ".bias", "gamma": ".weight", "beta": ".bias", "mean": ".running_mean",
          "variance": ".running_var"}  # fmt: skip
_KERAS = {"kernel": "/kernel", "bias": "/bias", "gamma": "/gamma", "beta": "/beta", "mean": "/moving_mean",
          "variance": "/moving_variance"}  # fmt: skip


class Axes(NamedTuple):
    """How an array becomes TF-Slim's: cut open to `opened`, then the axes in another order.

    Attributes:
      order: which axis each one was.
      split: the shape of an axis that is flattened there: (axis, sizes); sizes have one -1.
    """

    order: tuple[int, ...] | None = None
    split: tuple[int, tuple[int, ...]] | None = None

    def ours(self, array: Any) -> Any:
        """TF-Slim's of theirs."""
        if self.split is not None:
            axis, sizes = self.split
            array = array.reshape(*array.shape[:axis], *sizes, *array.shape[axis + 1 :])
        return array if self.order is None else array.transpose(self.order)

    def theirs(self, array: Any) -> Any:
        """Theirs of TF-Slim's."""
        if self.order is not None:
            array = array.transpose(np.argsort(self.order))
        if self.split is not None:
            axis, sizes = self.split
            array = array.reshape(*array.shape[:axis], -1, *array.shape[axis + len(sizes) :])
        return array

    def shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of TF-Slim's."""
        return self.ours(np.broadcast_to(np.float32(0), shape)).shape


_SAME = Axes()
_LAYOUTS = {  # of timm and torchvision; of Keras
    "conv": (Axes((2, 3, 1, 0)), _SAME),
    "depthwise": (Axes((2, 3, 0, 1)), _SAME),
    "grouped": (Axes((2, 3, 0, 1)), Axes((0, 1, 3, 2))),
    "matrix": (Axes((1, 0)), Axes((0, 1))),
    "dense": (Axes((2, 3, 1, 0), (1, (-1, 1, 1))), Axes(None, (0, (1, 1, -1)))),
    "dense7x7": (Axes((2, 3, 1, 0), (1, (-1, 7, 7))), Axes(None, (0, (7, 7, -1)))),
}


class Part(NamedTuple):
    """One variable of TF-Slim's, and the entry it is.

    Attributes:
      ours, theirs: the names.
      axes: the layouts.
      role: 'kernel', 'bias', 'gamma', 'beta', 'mean', 'variance', or 'array' for any other.
      layer: the layer it is of, in TF-Slim's names.
    """

    ours: str
    theirs: str
    axes: Axes
    role: str
    layer: str


def parts_of(peer: Peer) -> list[Part]:
    """What goes where. Of entries that TF-Slim has no variable for (scales that are folded), `ours` is ''."""
    return list(each_part(peer))


def each_part(peer: Peer) -> Iterator[Part]:
    """As `parts_of`, one by one."""
    for layer in peer.layers:
        yield from _parts(peer, layer)


def _parts(peer: Peer, layer: Layer) -> Iterator[Part]:
    keras = peer.library == "keras"
    called = _KERAS if keras else _TORCH
    kind, theirs, ours = layer
    if kind in ("array", "turned"):
        yield Part(ours, theirs, Axes((1, 0)) if kind == "turned" else _SAME, "array", ours.rpartition("/")[0])
        return
    if kind == "layernorm":
        for name in ("gamma", "beta"):
            yield Part(f"{ours}/{name}", theirs + called[name], _SAME, name, ours)
        return
    if kind == "norm":
        scope = ours.rpartition("/")[0]
        if peer.gamma:
            yield Part(f"{ours}/gamma" if peer.our_gamma else "", theirs + called["gamma"], _SAME, "gamma", scope)
        yield Part(f"{ours}/beta", theirs + called["beta"], _SAME, "beta", scope)
        yield Part(f"{ours}/moving_mean", theirs + called["mean"], _SAME, "mean", scope)
        yield Part(f"{ours}/moving_variance", theirs + called["variance"], _SAME, "variance", scope)
        return
    if kind == "separable":
        for name, where, form in (("depthwise", _DEPTHWISE, "depthwise"), ("pointwise", _POINTWISE, "conv")):
            yield Part(f"{ours}/{name}_weights", theirs + where[peer.library], _LAYOUTS[form][keras], "kernel", ours)
        return
    form = "conv" if kind in ("biased", "merged", "pointwise") else kind.removesuffix("_biased")
    name = "depthwise_weights" if form in ("depthwise", "grouped") else "weights"
    name = "pointwise_weights" if kind == "pointwise" else name
    weights, biases = (peer.variables.get(each, each) for each in (name, "biases"))
    yield Part(f"{ours}/{weights}", theirs + called["kernel"], _LAYOUTS[form][keras], "kernel", ours)
    if kind == "merged":
        yield Part("", theirs + called["bias"], _SAME, "bias", ours)
    elif kind not in ("conv", "depthwise", "pointwise"):
        yield Part(f"{ours}/{biases}", theirs + called["bias"], _SAME, "bias", ours)


class PeerCheckpoint(Checkpoint):
    """A file of timm's, torchvision's or Keras's net under TF-Slim's names: what `open_checkpoint` makes of it.

    Folded where TF-Slim's net has no place for it, exactly: scales of batch norm into the convolution before and the
    moving mean, biases before a batch norm into the moving mean, another epsilon into the moving variance, images of
    blue, green, red into the first convolution. Auxiliary heads and counters are left behind.

    Attributes:
      peer: whose it is: `origin`, `net`, `options`, `image`.
      source: the file under its own names.
      image: what the weights want of images, as `peer.image`, and as a description beside the file says.
      classes: how many classes its head has; None without one.
      heads: the variables that depend on the classes.
    """

    def __init__(self, source: Checkpoint, peer: Peer, image: Mapping[str, Any] | None = None) -> None:
        self.path, self.source, self.peer = source.path, source, peer
        self.image = {**peer.image, **(image or {})}
        self.format = f"{source.format}, {peer.origin}"
        there = source.entries()
        parts = [part for part in parts_of(peer) if part.theirs in there]
        self._parts = {part.ours: part for part in parts if part.ours}
        self._of_layer = {(part.layer, part.role): part.theirs for part in parts if part.role in ("gamma", "bias")}
        self._entries = {}
        for name, part in self._parts.items():
            dtype, shape = there[part.theirs]
            try:
                self._entries[name] = Entry(dtype, part.axes.shape(tuple(shape)))
            except ValueError:
                raise CheckpointError(
                    f"{self.path} is no file of {peer.origin}: its {part.theirs} is of shape {list(shape)}."
                ) from None
        self.heads = tuple(part.ours for part in parts if part.ours and part.theirs.startswith(peer.head))
        self.classes = self._entries[self.heads[-1]].shape[-1] if self.heads else None

    @property
    def needed(self) -> dict[str, Any]:
        """The options without which TF-Slim's net is another function; not those that only say which layers it has."""
        return {option: value for option, value in self.peer.options.items() if option not in LAYERS}

    def entries(self) -> Mapping[str, Entry]:
        return self._entries

    def close(self) -> None:
        self.source.close()

    def _read(self, name: str) -> np.ndarray:
        part, peer = self._parts[name], self.peer
        array = np.asarray(self.source[part.theirs])
        if part.role in ("kernel", "array"):
            array = part.axes.ours(array)
            if part.layer == peer.bgr:
                array = array[:, :, ::-1]
        if part.role == "variance" and peer.epsilon != peer.our_epsilon:
            array = precise(lambda value: value + (peer.epsilon - peer.our_epsilon), array)
        bias, gamma = (self._of_layer.get((part.layer, role)) for role in ("bias", "gamma"))
        if part.role == "mean" and bias is not None and f"{part.layer}/biases" not in self._parts:
            array = precise(lambda value, bias: value - bias, array, self.source[bias])
        if part.role in ("kernel", "mean") and gamma is not None and not peer.our_gamma:
            array = precise(lambda value, gamma: value * gamma, array, self.source[gamma])
        return np.ascontiguousarray(array)


def precise(function: Callable[..., Any], array: np.ndarray, *others: np.ndarray) -> np.ndarray:
    """Computed in float64 and rounded once."""
    return np.asarray(function(*(np.asarray(value, np.float64) for value in (array, *others))), array.dtype)
