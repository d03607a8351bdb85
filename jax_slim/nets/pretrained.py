"""Weights by name: what TF-Slim published, and timm's on the Hugging Face Hub of nets that are TF-Slim's."""

import json
import re
from pathlib import Path
from typing import Any, NamedTuple

from jax_slim.checkpoints.fetching import cache_folder, fetched, unpacked
from jax_slim.checkpoints.native import CheckpointError, MissingCheckpointError
from jax_slim.checkpoints.peers.tables import peers
from jax_slim.checkpoints.tensorflow.paths import is_there
from jax_slim.core.names import hint
from jax_slim.nets.published import PUBLISHED, Published

TF_SLIM = "https://storage.googleapis.com/download.tensorflow.org/models/"
MOBILENET_V1 = "https://storage.googleapis.com/download.tensorflow.org/models/mobilenet_v1_2018_02_22/"
MOBILENET_V2 = "https://storage.googleapis.com/mobilenet_v2/checkpoints/"
HUB = "https://huggingface.co/timm/"

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
}


class Pretrained(NamedTuple):
    """Weights that can be asked for by name.

    Attributes:
      name: 'inception_v3.slim' of TF-Slim, '<net there>.<tag>' of timm.
      net: the net of `list_models()` that they are for.
      url: where they are published.
      path: where they are kept once fetched, or can be put.
    """

    name: str
    net: str
    url: str
    path: Path


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
      pretrained: a name of `list_pretrained`, or True for TF-Slim's, else timm's first.

    Raises:
      ValueError: there are none of that name, or none for this net.
    """
    known = list_pretrained(net)
    if pretrained is True:
        if not known:
            raise ValueError(f"create_model: pretrained must be False for {net}: no weights of it are known.")
        pretrained = f"{net}.slim" if f"{net}.slim" in known else known[0]
    if pretrained not in known:
        others = f" They are: {', '.join(known)}." if known else ""
        raise ValueError(
            f"create_model: pretrained must be True or the name of weights for {net}, got {pretrained!r}."
            f"{others or hint(str(pretrained), _sources(), 'names')}"
        )
    source = _sources()[pretrained][0]
    folder = cache_folder() / "pretrained"
    if isinstance(source, Published):
        return Pretrained(pretrained, net, _archive_url(source), folder / source.archive)
    return Pretrained(pretrained, net, f"{HUB}{pretrained}", folder / pretrained)


def fetched_path(net: str, pretrained: bool | str) -> str:
    """The path of the weights' checkpoint, fetched if they are not there.

    Raises:
      ValueError: as `pretrained_of`.
      CheckpointError: they cannot be fetched, are damaged, or are not what was first fetched.
    """
    found = pretrained_of(net, pretrained)
    source = _sources()[found.name][0]
    return _of_archive(source, found) if isinstance(source, Published) else _of_hub(found)


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


def _of_archive(source: Published, found: Pretrained) -> str:
    """The checkpoint in the unpacked folder: TF-Slim's archives have it at different depths."""
    folder, archive = found.path, found.path.with_name(found.url.rpartition("/")[2])
    if not folder.is_dir():
        fetched(found.url, archive)
        unpacked(archive, folder)
        archive.unlink(missing_ok=True)
    for place in (folder, *sorted(path for path in folder.rglob("*") if path.is_dir())):
        if is_there(str(place / source.file)):
            return str(place / source.file)
    raise CheckpointError(f"{folder} has no {source.file} in it. Remove it, and it is fetched anew.")


def _of_hub(found: Pretrained) -> str:
    """The file in the folder of a repository; all of the commit that the first one was of."""
    weights, config, pinned = (found.path / name for name in ("model.safetensors", "config.json", "commit.json"))
    if not weights.exists():
        commit = json.loads(pinned.read_text())["commit"] if pinned.exists() else "main"
        try:
            told = fetched(f"{found.url}/resolve/{commit}/config.json", config)
            if commit == "main" and told is not None and re.fullmatch(r"[0-9a-f]{40}", told):
                pinned.write_text(json.dumps({"commit": told}) + "\n")
                commit = told
            fetched(f"{found.url}/resolve/{commit}/model.safetensors", weights)
        except MissingCheckpointError as error:
            raise MissingCheckpointError(
                f"{error} By hand it takes model.safetensors and config.json of {found.url}, both in {found.path}."
            ) from error
    return str(weights)


def _sources() -> dict[str, tuple[Any, str]]:
    """Name -> TF-Slim's row, or timm's net; and the net here."""
    found: dict[str, tuple[Any, str]] = {f"{row.net}.slim": (row, row.net) for row in PUBLISHED}
    for net, tags in _TAGS.items():
        peer = peers()[f"timm/{net}"]
        found |= {f"{net.partition('.')[0]}.{tag}": (net, peer.net) for tag in tags}
    return found


def _archive_url(row: Published) -> str:
    if row.archive.startswith("mobilenet_v1"):
        return f"{MOBILENET_V1}{row.archive}.tgz"
    if row.archive.startswith("mobilenet_v2"):
        return f"{MOBILENET_V2}{row.archive}.tgz"
    return f"{TF_SLIM}{row.archive}.tar.gz"
