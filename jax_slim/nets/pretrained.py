"""Weights by name: what TF-Slim, research/deeplab and the Object Detection API published, and timm's of such nets."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from jax_slim.checkpoints.fetching import fetched, unpacked
from jax_slim.checkpoints.native import CheckpointError, MissingCheckpointError
from jax_slim.checkpoints.peers.tables import peers
from jax_slim.checkpoints.tensorflow.paths import is_there
from jax_slim.core.names import hint
from jax_slim.datasets.coco_classes import coco_names
from jax_slim.datasets.imagenet_classes import imagenet_names
from jax_slim.datasets.label_sets import LABEL_SETS
from jax_slim.kernels.caching import cache_folder
from jax_slim.nets._origins import IMAGENET, PREPARED
from jax_slim.nets.published import PUBLISHED, Published
from jax_slim.nets.published_for_tasks import PUBLISHED_FOR_TASKS, PublishedForTask
from jax_slim.nets.registry import ROWS

TF_SLIM = "https://storage.googleapis.com/download.tensorflow.org/models/"
MOBILENET_V1 = "https://storage.googleapis.com/download.tensorflow.org/models/mobilenet_v1_2018_02_22/"
MOBILENET_V2 = "https://storage.googleapis.com/mobilenet_v2/checkpoints/"
HUB = "https://huggingface.co/timm/"
_WEIGHTS = "model.safetensors"  # of a repository there

# What timm calls its weights of each net: '<net>.<tag>' is the name of a repository there.
_TAGS = {
    "inception_v3.tf_in1k": ("tf_in1k", "tf_adv_in1k"),
    "inception_v3": ("gluon_in1k", "tv_in1k"),
    "inception_v4": ("tf_in1k",),
    "inception_resnet_v2": ("tf_in1k", "tf_ens_adv_in1k"),
    "nasnetalarge": ("tf_in1k",),
    "pnasnet5large": ("tf_in1k",),
    "tf_mobilenetv3_large_100": ("in1k",),
    "tf_mobilenetv3_small_100": ("in1k",),
    "tf_mobilenetv3_large_minimal_100": ("in1k",),
    "tf_mobilenetv3_small_minimal_100": ("in1k",),
    "mobilenetv3_large_100": ("ra_in1k",),
    "mobilenetv3_small_100": ("lamb_in1k",),
    "mobilenetv2_050": ("lamb_in1k",),
    "mobilenetv2_100": ("ra_in1k",),
    "mobilenetv2_140": ("ra_in1k",),
    "mobilenetv1_100": ("ra4_e3600_r224_in1k",),
    "vgg11": ("tv_in1k",),
    "vgg16": ("tv_in1k",),
    "vgg19": ("tv_in1k",),
    "resnet50": ("a1_in1k", "tv_in1k", "gluon_in1k"),
    "resnet101": ("a1_in1k", "tv_in1k", "gluon_in1k"),
    "resnet152": ("a1_in1k", "tv_in1k", "gluon_in1k"),
    "resnext50_32x4d": ("a1_in1k", "tv_in1k", "gluon_in1k"),
    "seresnet50": ("a1_in1k", "ra2_in1k"),
    "densenet121": ("ra_in1k", "tv_in1k"),
    "densenet161": ("tv_in1k",),
    "densenet169": ("tv_in1k",),
    "densenet201": ("tv_in1k",),
    **{f"tf_efficientnet_b{number}": ("in1k", "aa_in1k", "ap_in1k", "ns_jft_in1k") for number in range(6)},
    **{f"tf_efficientnet_b{number}": ("aa_in1k", "ap_in1k", "ns_jft_in1k") for number in (6, 7)},
    **{f"tf_efficientnet_lite{number}": ("in1k",) for number in range(5)},
    **{f"tf_efficientnet_{size}": ("in1k",) for size in ("es", "em", "el")},
    "efficientnet_b0": ("ra_in1k", "ra4_e3600_r224_in1k"),
    "efficientnet_b1": ("ft_in1k", "ra4_e3600_r240_in1k"),
    "efficientnet_b2": ("ra_in1k",),
    "efficientnet_b3": ("ra2_in1k",),
    "efficientnet_b4": ("ra2_in1k",),
    "efficientnet_lite0": ("ra_in1k",),
    "efficientnet_es": ("ra_in1k",),
    "efficientnet_em": ("ra2_in1k",),
    "efficientnet_el": ("ra_in1k",),
    **{f"convnext_{size}": ("fb_in1k", "fb_in22k_ft_in1k") for size in ("tiny", "small", "base", "large")},
    **{f"vit_{size}_patch16_224": ("augreg_in21k_ft_in1k", "augreg_in1k") for size in ("small", "base")},
    "mobilenetv4_conv_small": ("e2400_r224_in1k", "e1200_r224_in1k"),
    "mobilenetv4_conv_medium": ("e500_r256_in1k", "e500_r224_in1k"),
}


class Pretrained(NamedTuple):
    """Weights that can be asked for by name.

    Attributes:
      name: 'inception_v3.slim' of TF-Slim, 'ssd_mobilenet_v2.coco' of research/deeplab and the Object Detection API by
        what they were trained for, '<net there>.<tag>' of timm.
      net: the net of `list_models()` that they are for.
      url: where they are published.
      path: where they are kept once fetched, or can be put.
      image_size, num_classes, preprocessing: what they were trained with; of timm's what most weights of the net were:
        the description that is fetched with them counts.
      top_1: percent of ImageNet's validation images, where TF-Slim says it.
      score: mean intersection over union, or COCO's average precision, in percent, where research/deeplab or the Object
        Detection API says it.
      labels: of which data set the classes are, where these say it: a name of `LABEL_SETS`, "coco" or "imagenet".
      options: arguments of the net that they need.
    """

    name: str
    net: str
    url: str
    path: Path
    image_size: int
    num_classes: int
    preprocessing: str
    top_1: float | None
    score: float | None = None
    labels: str | None = None
    options: Mapping[str, Any] = MappingProxyType({})

    @property
    def fetched(self) -> bool:
        """Whether they are there."""
        return (self.path / _WEIGHTS).exists() if self.url.startswith(HUB) else self.path.is_dir()

    @property
    def class_names(self) -> list[str] | None:
        """What the classes are called, where `labels` says it."""
        if self.labels is not None and self.labels in LABEL_SETS:
            return list(LABEL_SETS[self.labels].class_names)
        if self.labels == "imagenet":
            return imagenet_names(background=True)
        return coco_names() if self.labels == "coco" else None


def list_pretrained(net: str | None = None) -> list[str]:
    """The names of weights that `create_model(pretrained=...)` fetches, in order of the alphabet.

        slim.nets.list_pretrained("inception_v4")        # ['inception_v4.slim', 'inception_v4.tf_in1k']

    Args:
      net: one of `list_models()`; None for all.
    """
    return [name for name, (_, of) in sorted(_sources().items()) if net is None or of == net]


def pretrained_of(net: str, pretrained: bool | str) -> Pretrained:
    """Which weights are meant.

    Args:
      net: one of `list_models()`.
      pretrained: a name of `list_pretrained`, also of the classifier below a net for detection or segmentation; or True
        for TF-Slim's, else timm's first.

    Returns:
      The weights; their `net` is the classifier where they are one's.

    Raises:
      ValueError: there are none of that name, or none for this net.
    """
    known = list_pretrained(net)
    if isinstance(pretrained, str) and pretrained in _sources() and net_of(pretrained) in ROWS[net].below_nets:
        return pretrained_of(net_of(pretrained), pretrained)
    if pretrained is True:
        if not known:
            raise ValueError(f"create_model: pretrained must be False for {net}: no weights of it are known.")
        pretrained = next(name for name, (_, of) in _sources().items() if of == net)
    if pretrained not in known:
        known += [name for below in ROWS[net].below_nets for name in list_pretrained(below)]
        others = f" They are: {', '.join(known)}." if known else ""
        raise ValueError(
            f"create_model: pretrained must be True or the name of weights for {net}, got {pretrained!r}."
            f"{others or hint(str(pretrained), _sources(), 'names')}"
        )
    source = _sources()[pretrained][0]
    folder = cache_folder() / "pretrained"
    if isinstance(source, PublishedForTask):
        return Pretrained(
            pretrained, net, _archive_url(source), folder / source.archive, source.image_size, source.classes,
            source.preprocessing, None, source.score, source.labels, source.options,
        )  # fmt: skip
    if isinstance(source, Published):
        trained = source.image_size, source.classes, source.preprocessing, source.top_1
        return Pretrained(pretrained, net, _archive_url(source), folder / source.archive, *trained)
    image = peers()[f"timm/{source}"].image
    trained = image["size"], IMAGENET, PREPARED[image["mean"]], None
    return Pretrained(pretrained, net, f"{HUB}{pretrained}", folder / pretrained, *trained)


def fetched_path(net: str, pretrained: bool | str) -> str:
    """The path of the weights' checkpoint, fetched if they are not there.

    Raises:
      ValueError: as `pretrained_of`.
      CheckpointError: they cannot be fetched, are damaged, or are not what was first fetched.
    """
    found = pretrained_of(net, pretrained)
    source = _sources()[found.name][0]
    return _of_hub(found) if isinstance(source, str) else _of_archive(source, found)


def net_of(pretrained: str) -> str:
    """The net that weights of this name are for.

    Raises:
      ValueError: there are none of that name.
    """
    if pretrained not in _sources():
        raise ValueError(
            f"pretrained must be one of slim.nets.list_pretrained(), got {pretrained!r}."
            f"{hint(pretrained, _sources(), 'names')}"
        )
    return _sources()[pretrained][1]


def _of_archive(source: Published | PublishedForTask, found: Pretrained) -> str:
    """The checkpoint in the unpacked folder: archives have it at different depths."""
    folder, archive = found.path, found.path.with_name(found.url.rpartition("/")[2])
    if not folder.is_dir():
        fetched(found.url, archive)
        unpacked(archive, folder)
        archive.unlink(missing_ok=True)
    name = source.file if isinstance(source, Published) else "model.ckpt"
    places = (folder, *sorted(path for path in folder.rglob("*") if path.is_dir()))
    for place in places:
        if is_there(str(place / name)):
            return str(place / name)
    # research/deeplab left the step in some names: 'model.ckpt-30000'.
    steps = [path for place in places for path in place.glob(f"{name}-*.index")]
    if len(steps) == 1:
        return str(steps[0].with_suffix(""))
    raise CheckpointError(f"{folder} has no {name} in it. Remove it, and it is fetched anew.")


def _of_hub(found: Pretrained) -> str:
    """The file in the folder of a repository; all of the commit that the first one was of."""
    weights, config, pinned = (found.path / name for name in (_WEIGHTS, "config.json", "commit.json"))
    if not weights.exists():
        commit = json.loads(pinned.read_text())["commit"] if pinned.exists() else "main"
        try:
            told = fetched(f"{found.url}/resolve/{commit}/config.json", config)
            if commit == "main" and told is not None and re.fullmatch(r"[0-9a-f]{40}", told):
                pinned.write_text(json.dumps({"commit": told}) + "\n")
                commit = told
            fetched(f"{found.url}/resolve/{commit}/{_WEIGHTS}", weights)
        except MissingCheckpointError as error:
            raise MissingCheckpointError(
                f"{error} By hand it takes {_WEIGHTS} and config.json of {found.url}, both in {found.path}."
            ) from error
    return str(weights)


def _sources() -> dict[str, tuple[Any, str]]:
    """Name -> the row of what was published, or timm's net; and the net here.

    Of each net first what is fetched without a name.
    """
    found: dict[str, tuple[Any, str]] = {f"{row.net}.slim": (row, row.net) for row in PUBLISHED}
    found |= {f"{row.net}.{row.tag}": (row, row.net) for row in PUBLISHED_FOR_TASKS}
    for net, tags in _TAGS.items():
        peer = peers()[f"timm/{net}"]
        found |= {f"{net.partition('.')[0]}.{tag}": (net, peer.net) for tag in tags}
    return found


def _archive_url(row: Published | PublishedForTask) -> str:
    if isinstance(row, PublishedForTask) and row.labels == "coco":
        return f"{TF_SLIM}object_detection/{row.archive}.tar.gz"
    if row.archive.startswith("mobilenet_v1"):
        return f"{MOBILENET_V1}{row.archive}.tgz"
    if row.archive.startswith("mobilenet_v2"):
        return f"{MOBILENET_V2}{row.archive}.tgz"
    return f"{TF_SLIM}{row.archive}.tar.gz"
