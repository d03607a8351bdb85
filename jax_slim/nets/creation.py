"""`create_model`: a net by name as a `Model` that knows what its images must be."""

import contextlib
import inspect
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jax_slim.checkpoints.native import CheckpointError
from jax_slim.checkpoints.opening import open_checkpoint
from jax_slim.checkpoints.reader import Checkpoint
from jax_slim.checkpoints.restoring import assign_from_checkpoint
from jax_slim.core import names
from jax_slim.core.arguments import unexpected
from jax_slim.core.collections import GraphKeys
from jax_slim.core.model import Model
from jax_slim.core.tracebacks import shortened
from jax_slim.core.values import Variables
from jax_slim.layers.recomputation import check_kept_dtype, check_what, recompute_grad
from jax_slim.nets._origins import adopted, class_names_of, say_background, trained_with, with_classes
from jax_slim.nets.nets_factory import get_network_fn, networks_map
from jax_slim.nets.pretrained import Pretrained, fetched_path, pretrained_of
from jax_slim.nets.published import PUBLISHED
from jax_slim.nets.registry import Row, row_of
from jax_slim.preprocessing.device_preprocessing import DevicePreprocessing, on_device
from jax_slim.preprocessing.framing import SCALES, Framing, check_framing
from jax_slim.preprocessing.preparation import Preparation
from jax_slim.preprocessing.preprocessing_factory import LIKE_VGG, kind_of


class NetModel(Model):
    """A net of the zoo as a `Model`: (images, is_training=False) -> (logits, end points).

    Attributes:
      name: of the net.
      num_classes: how many classes; None when the net has no last layer.
      image_size: height and width, in pixels, of the images it takes.
      channels: of the images.
      preprocessing: which preprocessing its images have: "cifarnet", "deeplab", "imagenet", "inception", "lenet",
        "ssd", "ssd_vgg" or "vgg"; None for nets of video, which have none.
      framing: how photographs are cropped and resized for evaluation, where the library of the weights does that in
        another way than the preprocessing; else None.
      class_names: what the classes are called, where the weights are published ones of ImageNet.
      options: further arguments of the net, as given to `create_model`.
      head: the scopes of its last layers, which depend on the classes.
      variables: the values of its checkpoint, or None.
    """

    name: str
    num_classes: int | None
    image_size: int
    channels: int
    preprocessing: str | None
    framing: Framing | None = None
    class_names: list[str] | None = None
    options: dict[str, Any]
    head: tuple[str, ...]
    variables: Variables | Any = None  # Any for None: whoever named a checkpoint need not ask whether it was read

    def __repr__(self) -> str:
        facts = [repr(self.name), f"num_classes={self.num_classes}", f"images {list(self.input_shape)}"]
        facts += [
            f"preprocessing={self.preprocessing!r}",
            *(f"{name}={value!r}" for name, value in self.options.items()),
        ]
        weights = "no variables yet" if self.variables is None else f"{len(self.variables)} variables of a checkpoint"
        return f"NetModel({', '.join(facts)}: {weights})"

    @property
    def input_shape(self) -> tuple[int, ...]:
        """The shape of one example: [height, width, channels], for nets of video with the frames before."""
        frames = row_of("NetModel", self.name).frames
        return (*([] if frames is None else [frames]), self.image_size, self.image_size, self.channels)

    @property
    def task(self) -> str:
        """What it is for: "classification", "detection" or "segmentation", a class for each pixel."""
        return row_of("NetModel", self.name).task

    @property
    def background(self) -> int:
        """How many classes come before the first one of the data: 1 where class 0 is ImageNet's background, else 0."""
        return 1 if self.num_classes == 1001 else 0

    def preprocess(self, image: Any, is_training: bool = False, rng: np.random.Generator | None = None) -> Any:
        """Prepares one photograph as the net was trained with it.

        Args:
          image: [height, width, channels] of any size: uint8, as `slim.data.decode_image` returns it.
          is_training: whether to distort it at random.
          rng: decides the distortion; needed where `is_training`.

        Returns:
          float32 [image_size, image_size, channels].
        """
        return self.preprocessing_fn(is_training)(image, rng)

    def preprocessing_fn(
        self, is_training: bool = False, use_grayscale: bool = False
    ) -> Callable[[Any, np.random.Generator | None], Any]:
        """What `preprocess` does, as a function (image, rng) -> prepared image, for the threads of a pipeline.

        With `framing`, and not in training, images must be uint8.

        Raises:
          ValueError: it is a net of video, which has no preprocessing.
        """
        return self.preparation.preprocessing_fn(is_training, use_grayscale)

    @property
    def preparation(self) -> Preparation:
        """How photographs become its images.

        Raises:
          ValueError: it is a net of video, which has no preprocessing.
        """
        if self.preprocessing is None:
            raise ValueError(f"{self.name}: nets of video have no preprocessing of their own.")
        return Preparation(self.preprocessing, self.image_size, self.channels, self.framing)

    def device_preprocessing(
        self, is_training: bool = False, use_grayscale: bool = False, frame: tuple[int, int] | None = None
    ) -> DevicePreprocessing:
        """What `preprocess` does, in a part for the host and one for the device: `slim.preprocessing.on_device`.

        Raises:
          ValueError: its preprocessing is not in two parts, as that of nets of video and of those that find boxes or
            masks; or `framing` says that Pillow resizes.
        """
        if self.preprocessing is None:
            raise ValueError(f"{self.name}: nets of video have no preprocessing of their own.")
        if self.framing is not None and not is_training:
            raise ValueError(
                f"{self.name}: framing must be None for preprocessing on the device, got {self.framing}: Pillow "
                "resizes, on the host. Use preprocess."
            )
        size, resizing = self.image_size, self.preparation.resizing()
        return on_device(self.preprocessing, size, size, is_training, use_grayscale, frame=frame, **resizing)

    def init(self, key: jax.Array, *args: Any, **kwargs: Any) -> Variables:
        """As `Model.init`; images need not be given. What the model's checkpoint holds is taken from there."""
        if not args and "images" not in kwargs:
            args = (self.example(),)
        drawn = super().init(key, *args, **kwargs)
        if self.variables is None:
            return drawn
        return drawn | {name: value for name, value in self.variables.items() if name in drawn}

    def example(self) -> jax.ShapeDtypeStruct:
        """One prepared image, as a shape: what `init` and `specs` need to know of the inputs."""
        return jax.ShapeDtypeStruct((1, *self.input_shape), jnp.float32)


@shortened
def create_model(
    name: str,
    num_classes: int | None = None,
    checkpoint: str | os.PathLike[str] | Mapping[str, Any] | None = None,
    weight_decay: float = 0.0,
    image_size: int | None = None,
    channels: int | None = None,
    preprocessing: str | None = None,
    moving_average: bool = False,
    exclude: Sequence[str] | str | None = None,
    ignore_missing_vars: bool = False,
    batch_norm_decay: float | None = None,
    pretrained: bool | str = False,
    framing: Mapping[str, Any] | None = None,
    recompute: str | None = None,
    kept_dtype: Any = None,
    **options: Any,
) -> NetModel:
    """Makes a net of the zoo as a `Model` that carries its image size, its preprocessing and, if given, its weights.

        model = slim.nets.create_model("resnet_v1_50", checkpoint="resnet_v1_50.ckpt")
        image = model.preprocess(slim.data.decode_image(data))                      # any photograph -> [224, 224, 3]
        logits = slim.predictor(model)(image[None])
        logits, end_points = model.apply(model.variables, image[None])

        model = slim.nets.create_model("mobilenet_v1_025", num_classes=5, checkpoint="mobilenet_v1_0.25_128.ckpt")
        variables = model.init(jax.random.key(0))        # the last layer is new, the others come from the checkpoint

    Args:
      name: one of `slim.nets.list_models()`.
      num_classes: how many classes; by default those of the published checkpoint; 0 leaves out the last layer.
      checkpoint: where to take the variables from: any file or directory that `slim.checkpoints.open_checkpoint`
        reads, or a mapping name -> array. The last layers are left out where theirs has another number of classes;
        all layers above the classifier's where it is a classifier's and the net one for segmentation or detection.
        Of a net of timm's, torchvision's or Keras's it also gives the number of classes, image size, preprocessing, and
        the options that make this net the same function, where they are not given.
      weight_decay: the scale of the L2 loss on weights.
      image_size: height and width in pixels; by default the size of the published checkpoint of this net, or the
        net's own.
      channels: of the images; by default those the net was made for.
      preprocessing: a name that `preprocessing_factory` knows; by default as the net was trained.
      moving_average: whether to take the checkpoint's moving averages.
      exclude: regular expressions for the beginning of names: variables that are not taken from the checkpoint.
      ignore_missing_vars: whether variables that the checkpoint lacks are drawn anew, which is logged, or are an error.
      pretrained: which published weights to fetch, in the place of `checkpoint`: a name of `list_pretrained`, or True
        for TF-Slim's (or the first where TF-Slim published none). Of a net for segmentation or detection also those of
        the classifier below it: "mobilenet_v2.slim". They are kept in $JAX_SLIM_CACHE, by default in the user's folder
        for caches, and can be put there by hand. Classes, image size and the net's options come with them.
      framing: how photographs are cropped and resized for evaluation, by Pillow: {"crop": 0.875, "interpolation":
        "bicubic"}, where crop is the net's size as a part of the shorter side, or None to squeeze the whole photograph.
        By default as the library of the checkpoint does it; and as TF-Slim does without one, or with another
        `preprocessing` than the checkpoint's.
      recompute: what training computes a second time instead of keeping it for the gradient, for less memory: "cheap",
        "blocks" or a regular expression for scopes, as `what` of `recompute_grad`; None keeps everything.
      kept_dtype: the dtype in which training keeps arrays for the gradient, such as jnp.bfloat16 for half of the bytes,
        as for `recompute_grad`; with `recompute` or without. None: that in which they are computed.
      batch_norm_decay: as for `get_network_fn`: a run of few steps needs a smaller one than the net's.
      **options: further arguments of the net: `output_stride`, `depth_multiplier`, `dropout_keep_prob`, ...

    Returns:
      The model.

    Raises:
      ValueError: there is no such net or preprocessing, or a number is out of range.
      TypeError: `options` has what is no argument of the net.
      CheckpointError: there is no checkpoint, or it cannot be fetched, it is damaged, it is of another net, or
        `options` make another function of this one than its weights were trained for.
    """
    row = row_of("create_model", name)
    for argument, value, least in (("num_classes", num_classes, 0), ("image_size", image_size, 1),
                                   ("channels", channels, 1)):  # fmt: skip
        if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < least):
            raise ValueError(f"create_model: {argument} must be an int of at least {least}, got {value!r}.")
    if recompute is not None:
        check_what("create_model", "recompute", recompute)
    check_kept_dtype("create_model", kept_dtype)
    _check_options(name, options)
    whole: Pretrained | None = None  # published weights of all of this net, which say what it takes
    if pretrained:
        if checkpoint is not None:
            raise ValueError(f"create_model: pretrained must be False with a checkpoint, got {pretrained!r}.")
        weights = pretrained_of(name, pretrained)
        checkpoint = fetched_path(weights.net, weights.name)
        if weights.labels is not None and weights.net == name:
            whole = weights
            num_classes = whole.num_classes if num_classes is None else num_classes
            options = {**whole.options, **options}
    with contextlib.ExitStack() as stack:
        if checkpoint is None or isinstance(checkpoint, Mapping):
            source = checkpoint
        else:
            source = stack.enter_context(open_checkpoint(checkpoint))
        if source is not None:
            num_classes, options = adopted(name, source, num_classes, options, row.below_nets)
            source = with_classes(name, source, num_classes)
        classes = row.classes if num_classes is None else num_classes
        model = NetModel(_Net(name, classes or None, weight_decay, batch_norm_decay, recompute, kept_dtype, options))
        model.name, model.num_classes, model.options, model.head = name, classes or None, dict(options), row.head
        size, prepared, theirs = trained_with(name, source) or (*_as_published(name, row, classes), None)
        if whole is not None:
            size, prepared = whole.image_size, whole.preprocessing
        model.image_size = image_size or size
        model.preprocessing = kind_of("create_model", preprocessing) if preprocessing else prepared
        model.framing = _framing(framing, model.preprocessing, theirs if model.preprocessing == prepared else None)
        model.channels = channels or row.channels
        if source is not None:
            model.variables = _restored(model, source, moving_average, exclude, ignore_missing_vars)
            model.class_names = _class_names(model, source, whole)
    return model


def _check_options(name: str, options: Mapping[str, Any]) -> None:
    own = set(inspect.signature(create_model).parameters) - {"options"}
    parameters = inspect.signature(networks_map[name]).parameters
    takes_any = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values())
    known = own | set(parameters) - {"images", "inputs", "is_training", "scope"}
    for option in options:
        if option == "is_training":
            raise TypeError("create_model: is_training is an argument of model.apply and model.collect, not of this.")
        if option not in known and not (takes_any and not names.near(option, own)):
            raise TypeError(unexpected("create_model", option, known))


class _Net:
    """(images, is_training) -> (logits, end points). A class: functions within functions cannot be pickled."""

    def __init__(
        self,
        name: str,
        num_classes: int | None,
        weight_decay: float,
        batch_norm_decay: float | None,
        recompute: str | None,
        kept_dtype: Any,
        options: dict[str, Any],
    ) -> None:
        self.__name__ = name
        self._made_with = (num_classes, weight_decay)
        self._batch_norm_decay = batch_norm_decay
        self._recompute, self._kept_dtype = recompute, kept_dtype
        self._options = options

    def __call__(self, images: jax.Array, is_training: bool = False) -> Any:
        network_fn = get_network_fn(self.__name__, *self._made_with, is_training, self._batch_norm_decay)
        if is_training and (self._recompute is not None or self._kept_dtype is not None):
            what = "nothing" if self._recompute is None else self._recompute
            network_fn = recompute_grad(network_fn, what=what, kept_dtype=self._kept_dtype)
        return network_fn(images, **self._options)


def _as_published(name: str, row: Row, classes: int) -> tuple[int, str | None]:
    """The image size and the preprocessing that go with a net and its number of classes."""
    for published in PUBLISHED:
        # With other classes it is another training, and the net's own defaults are as good.
        if published.net == name and published.classes == classes:
            return published.image_size, published.preprocessing
    if row.frames is not None:
        return networks_map[name].default_image_size, None
    return networks_map[name].default_image_size, kind_of("create_model", "vgg" if name in LIKE_VGG else name)


def _framing(given: Mapping[str, Any] | None, preprocessing: str | None, theirs: Framing | None) -> Framing | None:
    if given is None:
        return theirs
    try:
        framing = Framing(**given)
    except TypeError:
        raise ValueError(
            f"create_model: framing must have crop and interpolation and nothing else, got {given!r}."
        ) from None
    check_framing("create_model", framing)
    if preprocessing not in SCALES:
        raise ValueError(
            f"create_model: framing must be None with preprocessing={preprocessing!r}; it is for {', '.join(SCALES)}."
        )
    return framing


def _class_names(model: NetModel, source: Mapping[str, Any], whole: Pretrained | None) -> list[str] | None:
    """Of the classes of the checkpoint, if its last layers were taken."""
    heads = [name for name, entry in _shapes(source).items() if name.startswith(model.head) and entry]
    taken = any(name.startswith(model.head) for name in model.variables or ())
    theirs = _shapes(source)[heads[-1]][-1] if heads else None
    say_background(model.name, getattr(source, "path", "the checkpoint"), not taken, model.num_classes, theirs)
    if not taken:
        return None
    if whole is not None and whole.num_classes == model.num_classes:
        return whole.class_names
    return class_names_of(model.name, source, model.num_classes)


def _restored(
    model: NetModel,
    source: Mapping[str, Any],
    moving_average: bool,
    exclude: Sequence[str] | str | None,
    ignore_missing: bool,
) -> Variables:
    specs = {
        name: spec
        for name, spec in model.specs(model.example()).items()
        if GraphKeys.MODEL_VARIABLES in spec.collections
    }
    left_out = [exclude] if isinstance(exclude, str) else list(exclude or ())
    shapes = {name: tuple(shape) for name, shape in _shapes(source).items()}
    of_head = [name for name in specs if name.startswith(model.head)]
    if any(shapes.get(name, specs[name].shape) != specs[name].shape for name in of_head):
        # Another number of classes: all of the last layers, so that none is half old and half new.
        left_out += [re.escape(name) + "$" for name in of_head]
    row = row_of("create_model", model.name)
    name_map: Callable[[str], str | None] | None = None
    if row.added and not any(name.startswith(row.added) for name in shapes):  # a classifier's
        left_out += [re.escape(name) + "$" for name in specs if name.startswith(row.added)]
        here, there = row.below

        def named_here(name: str) -> str | None:
            return here + name.removeprefix(there) if name.startswith(there) else None

        name_map = named_here
    else:
        added = [name for name in shapes if name.startswith(row.added)]
        _refuse_more(model, added, specs, left_out)
        # What only says which of its layers the net is to lack is nothing to miss.
        left_out = [pattern for pattern in left_out if _begins(pattern, specs) or not _begins(pattern, added)]

    return assign_from_checkpoint(
        source, specs, ignore_missing, name_map=name_map, moving_average=moving_average, exclude=left_out or None
    )


def _refuse_more(model: NetModel, theirs: Sequence[str], specs: Mapping[str, Any], left_out: Sequence[str]) -> None:
    """Refuses a checkpoint with layers above the backbone that the net lacks: what fits would be another function.

    Raises:
      CheckpointError: there are some: the first, and what may help.
    """
    for name in sorted(theirs):
        # Weights say that there is a layer: slots, averages and ranges of quantization have other names.
        if not name.endswith("weights") or name in specs or name.startswith(model.head):
            continue
        if any(re.match(pattern, name) for pattern in left_out):
            continue
        way = "Give the options that it was trained with"
        if name.startswith("decoder/"):
            way = "Give decoder_output_stride (4, most likely)"
        elif name.startswith(("aspp", "concat_projection")):
            way = "Give atrous_rates (6, 12, 18 with output_stride 16, most likely)"
        raise CheckpointError(
            f"create_model: the checkpoint has {name}, which {model.name} has not as it is: without it the net is "
            f"another function. {way}, or exclude={name.partition('/')[0] + '/'!r}."
        )


def _begins(pattern: str, names_of: Iterable[str]) -> bool:
    return any(re.match(pattern, name) for name in names_of)


def _shapes(checkpoint: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    entries = checkpoint.entries() if isinstance(checkpoint, Checkpoint) else checkpoint
    return {name: np.shape(entry) if isinstance(entry, np.generic) else entry.shape for name, entry in entries.items()}
