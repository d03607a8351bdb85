"""Which nets there are by name: a table of strings, so that listing them imports none.

The names are those of research/slim's nets_factory.
"""

import importlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, Protocol

from jax_slim.core.names import hint


class Row(NamedTuple):
    """One net of the table.

    Attributes:
      module: the file in `nets` that defines it.
      function: the net's function there: (images, num_classes, is_training, ...) -> (logits, end points).
      arg_scope: the function there that makes its defaults.
      head: the scopes of the last, class-dependent layers: what fine-tuning for other classes leaves out.
      classes: how many it was published with; 1001 are ImageNet's and a first one for background.
      channels: of the inputs it was made for.
      frames: how many images an example has; None where it is a single one, without an axis for time.
      task: what it is for: "classification"; "detection", where the background is one class more than `classes`;
        "segmentation", a class for each pixel.
      scores: what makes scores of its logits: "softmax" or "sigmoid".
      added: the beginnings of names that a net of this task has beside those of the classifier below it.
      below: how the names of that classifier begin here, and in checkpoints of its own.
      below_nets: the nets of this table whose weights that classifier can have.
    """

    module: str
    function: str
    arg_scope: str
    head: tuple[str, ...]
    classes: int = 1000
    channels: int = 3
    frames: int | None = None
    task: str = "classification"
    scores: str = "softmax"
    added: tuple[str, ...] = ()
    below: tuple[str, str] = ("", "")
    below_nets: tuple[str, ...] = ()


def _rows() -> dict[str, Row]:
    rows = {
        "alexnet_v2": Row("alexnet", "alexnet_v2", "alexnet_v2_arg_scope", ("alexnet_v2/fc8",)),
        "cifarnet": Row("cifarnet", "cifarnet", "cifarnet_arg_scope", ("CifarNet/logits",), classes=10),
        "lenet": Row("lenet", "lenet", "lenet_arg_scope", ("LeNet/fc4",), classes=10, channels=1),
        "overfeat": Row("overfeat", "overfeat", "overfeat_arg_scope", ("overfeat/fc8",)),
    }
    for name in ("vgg_a", "vgg_16", "vgg_19"):
        rows[name] = Row("vgg", name, "vgg_arg_scope", (f"{name}/fc8",))
    for version, auxiliary in (("v1", False), ("v2", False), ("v3", True), ("v4", True)):
        scope = f"Inception{version.upper()}"
        head = (f"{scope}/Logits", *([f"{scope}/AuxLogits"] if auxiliary else []))
        name = f"inception_{version}"
        rows[name] = Row(name, name, f"{name}_arg_scope", head, classes=1001)
    name = "inception_resnet_v2"
    head = ("InceptionResnetV2/Logits", "InceptionResnetV2/AuxLogits")
    rows[name] = Row(name, name, f"{name}_arg_scope", head, classes=1001)
    for version, classes in (("v1", 1000), ("v2", 1001)):
        for layers in (50, 101, 152, 200):
            name = f"resnet_{version}_{layers}"
            rows[name] = Row(f"resnet_{version}", name, "resnet_arg_scope", (f"{name}/logits",), classes)
    for suffix in ("", "_075", "_050", "_025"):
        name = f"mobilenet_v1{suffix}"
        rows[name] = Row("mobilenet_v1", name, "mobilenet_v1_arg_scope", ("MobilenetV1/Logits",), 1001)
    for suffix, function in (("", "mobilenet"), ("_140", "mobilenet_v2_140"), ("_050", "mobilenet_v2_050"),
                             ("_035", "mobilenet_v2_035")):  # fmt: skip
        rows[f"mobilenet_v2{suffix}"] = Row("mobilenet_v2", function, "training_scope", ("MobilenetV2/Logits",), 1001)
    for name, function, scope in (
        ("mobilenet_v3_large", "large", "MobilenetV3"),
        ("mobilenet_v3_small", "small", "MobilenetV3"),
        ("mobilenet_v3_large_minimalistic", "large_minimalistic", "MobilenetV3"),
        ("mobilenet_v3_small_minimalistic", "small_minimalistic", "MobilenetV3"),
        ("mobilenet_edgetpu", "edge_tpu", "MobilenetEdgeTPU"),
        ("mobilenet_edgetpu_075", "edge_tpu_075", "MobilenetEdgeTPU"),
    ):
        rows[name] = Row("mobilenet_v3", function, "training_scope", (f"{scope}/Logits",), 1001)
    for family, size in (("nasnet", "cifar"), ("nasnet", "mobile"), ("nasnet", "large"),
                         ("pnasnet", "mobile"), ("pnasnet", "large")):  # fmt: skip
        name = f"{family}_{size}"
        classes = 10 if size == "cifar" else 1001
        rows[name] = Row(family, f"build_{name}", f"{name}_arg_scope", ("final_layer", "aux_"), classes)
    for layers in (41, 65, 71):
        name = f"xception_{layers}"
        rows[name] = Row("xception_deeplab", name, "xception_arg_scope", (f"{name}/logits",), 1001)
    added = ("logits/", "image_pooling/", "aspp", "concat_projection/", "decoder/")
    for net in ("mobilenet_v2", "mobilenet_v2_050", "mobilenet_v3_large", "mobilenet_v3_small", "xception_41",
                "xception_65", "xception_71", "resnet_v1_50_beta", "resnet_v1_101_beta"):  # fmt: skip
        # The decoder of those on MobileNetV3 ends in the logits.
        head = ("decoder/",) if net.startswith("mobilenet_v3") else ("logits/",)
        # Those on the others are not those of the classifiers: narrower at the end, or with another beginning.
        below_nets = (net,) if net == "mobilenet_v2" or net.startswith("xception") else ()
        rows[f"deeplab_{net}"] = Row("deeplab", net, "deeplab_arg_scope", head, 21, task="segmentation", added=added,
                                     below_nets=below_nets)  # fmt: skip
    rows["i3d"] = Row("i3d", "i3d", "i3d_arg_scope", ("InceptionV1/Logits",), classes=400, frames=64)
    rows["s3dg"] = Row("s3dg", "s3dg", "s3dg_arg_scope", ("InceptionV1/Logits",), classes=400, frames=64)
    heads = tuple(f"BoxPredictor_{number}/ClassPredictor" for number in range(6))
    for kind in ("ssd", "ssdlite"):
        for version, last in (("v1", "Conv2d_13_pointwise"), ("v2", "layer_19")):
            name = f"{kind}_mobilenet_{version}"
            added = ("BoxPredictor_", f"FeatureExtractor/Mobilenet{version.upper()}/{last}_")
            rows[name] = Row("ssd", name, "ssd_arg_scope", heads, classes=90, task="detection", scores="sigmoid",
                             added=added, below=("FeatureExtractor/", ""),
                             below_nets=(f"mobilenet_{version}",))  # fmt: skip
    heads = tuple(f"ssd_300_vgg/block{number}_box/conv_cls" for number in (4, 7, 8, 9, 10, 11))
    added = tuple(f"ssd_300_vgg/{scope}" for scope in ("conv6/", "conv7/", "block", "L2Normalization"))
    rows["ssd_vgg_300"] = Row("ssd_vgg", "ssd_vgg_300", "ssd_arg_scope", heads, classes=20, task="detection",
                              added=added, below=("ssd_300_vgg/", "vgg_16/"), below_nets=("vgg_16",))  # fmt: skip
    return dict(sorted({**rows, **_newer_classifiers()}.items()))


def _newer_classifiers() -> dict[str, Row]:
    """Nets for ImageNet that came after research/slim."""
    rows = {}
    for suffix in (*(f"b{number}" for number in range(8)), *(f"lite{number}" for number in range(5))):
        name = f"efficientnet_{suffix}"
        rows[name] = Row("efficientnet", name, "efficientnet_arg_scope", (f"efficientnet-{suffix}/head/dense",))
    for size in "sml":
        name, head = f"efficientnet_edgetpu_{size}", (f"efficientnet-edgetpu-{size.upper()}/head/dense",)
        rows[name] = Row("efficientnet", name, "efficientnet_arg_scope", head, classes=1001)
    for size in ("tiny", "small", "base", "large"):
        name = f"convnext_{size}"
        rows[name] = Row("convnext", name, "convnext_arg_scope", (f"{name}/logits",))
    for size in ("small", "base"):
        name = f"vit_{size}_16"
        rows[name] = Row("vit", name, "vit_arg_scope", (f"{name}/logits",))
    for layers in (121, 161, 169, 201):
        name = f"densenet{layers}"
        rows[name] = Row("densenet", name, "densenet_arg_scope", (f"{name}/logits",))
    for family, name in (("resnext", "resnext_50_32x4d"), ("se_resnet", "se_resnet_50")):
        rows[name] = Row(family, name, f"{family}_arg_scope", (f"{name}/logits",))
    rows["xception"] = Row("xception", "xception", "xception_arg_scope", ("Xception/logits",))
    for size in ("small", "medium"):
        name = f"mobilenet_v4_conv_{size}"
        rows[name] = Row("mobilenet_v4", name, "mobilenet_v4_arg_scope", ("MobilenetV4/logits",))
    return rows


ROWS: Mapping[str, Row] = _rows()


def row_of(function: str, name: str) -> Row:
    """The row of a net; `function` is who asks, for the message that lists near names when there is no such net."""
    if name not in ROWS:
        raise ValueError(
            f"{function}: name must be one of slim.nets.list_models(), got {name!r}.{hint(str(name), ROWS, 'nets')}"
        )
    return ROWS[name]


class NetFunction(Protocol):
    """A net's function, with the height and width in pixels that the net was made for."""

    default_image_size: int

    def __call__(self, *args: Any, **kwargs: Any) -> Any: ...


class OnUse(Mapping[str, Callable[..., Any]]):
    """Net name -> a function of its module, imported when it is looked up.

    Args:
      column: the column of the table that names the function.
    """

    def __init__(self, column: str) -> None:
        self._column = column

    def __getitem__(self, name: str) -> Callable[..., Any]:
        if name not in ROWS:
            raise KeyError(name)
        row = ROWS[name]
        return getattr(importlib.import_module(f"jax_slim.nets.{row.module}"), getattr(row, self._column))

    def __iter__(self) -> Iterator[str]:
        return iter(ROWS)

    def __len__(self) -> int:
        return len(ROWS)
