"""Weights of timm's, torchvision's and Keras's nets in TF-Slim's: the same logits, recorded of the peers themselves.

`tests/goldens/peers/nets.json` was made by `record.py` beside this file.
"""

import json

import numpy as np
import pytest

import golden
import jax_slim as slim
import peer_arrays
import quick_compiling
from jax_slim.checkpoints.peers.mapping import parts_of
from jax_slim.checkpoints.peers.recognizing import as_slim
from jax_slim.checkpoints.peers.tables import peers
from jax_slim.checkpoints.reader import Checkpoint, Entry

RECORDED = json.loads((golden.FOLDER / "peers" / "nets.json").read_text())
FAST = {"keras/MobileNet(alpha=0.25)"}
# Their names are checked; what they compute is as of the one that is named.
LIKE_OTHERS = {
    "timm/mobilenetv2_100": "timm/mobilenetv2_050",
    "timm/mobilenetv2_140": "timm/mobilenetv2_050",
    "keras/MobileNet(alpha=0.75)": "keras/MobileNet",
    "keras/MobileNet(alpha=0.5)": "keras/MobileNet",
    "keras/MobileNetV2(alpha=1.4)": "keras/MobileNetV2",
    "keras/MobileNetV2(alpha=0.5)": "keras/MobileNetV2",
    "keras/MobileNetV3Large": "keras/MobileNetV3Small",
    "keras/MobileNetV3Large(minimalistic=True)": "keras/MobileNetV3Small(minimalistic=True)",
    "timm/tf_mobilenetv3_large_minimal_100": "timm/tf_mobilenetv3_small_minimal_100",
    "timm/inception_v3": "torchvision/inception_v3",
    "timm/resnet50": "torchvision/resnet50",
    **{f"{of}/resnet{layers}": "torchvision/resnet50" for of in ("timm", "torchvision") for layers in (101, 152)},
    **{f"keras/ResNet{layers}{v2}": f"keras/ResNet50{v2}" for layers in (101, 152) for v2 in ("", "V2")},
    "timm/vgg19": "timm/vgg11",
    "torchvision/vgg19": "torchvision/vgg11",
    "timm/vgg16": "timm/vgg11",
    "torchvision/vgg16": "torchvision/vgg11",
    "keras/VGG19": "keras/VGG16",
    **{
        f"{of}{number}": f"{of}0"
        for of in (
            "timm/tf_efficientnet_b",
            "timm/efficientnet_b",
            "torchvision/efficientnet_b",
            "keras/EfficientNetB",
            "timm/tf_efficientnet_lite",
        )
        for number in range(1, 8)
    },
    **{f"timm/{of}efficientnet_e{size}": f"timm/{of}efficientnet_es" for of in ("tf_", "") for size in "ml"},
    "timm/efficientnet_lite0": "timm/efficientnet_b0",
    "keras/NASNetLarge": "keras/NASNetMobile",
    **{f"timm/convnext_{size}": "timm/convnext_tiny" for size in ("small", "base", "large")},
    **{f"keras/ConvNeXt{size}": "keras/ConvNeXtTiny" for size in ("Small", "Base", "Large")},
    "timm/vit_base_patch16_224": "timm/vit_small_patch16_224",
    "torchvision/vit_b_16": "timm/vit_small_patch16_224",
    "torchvision/efficientnet_b0": "timm/efficientnet_b0",
    "timm/efficientnet_es": "timm/tf_efficientnet_es",
    **{f"{of}/densenet{layers}": "timm/densenet121" for of in ("timm", "torchvision") for layers in (161, 169, 201)},
    **dict.fromkeys(("torchvision/densenet121", *(f"keras/DenseNet{n}" for n in (121, 169, 201))), "timm/densenet121"),
    "torchvision/resnext50_32x4d": "timm/resnext50_32x4d",
    "timm/inception_v3.tf_in1k": "torchvision/inception_v3",
    "timm/mobilenetv4_conv_medium": "timm/mobilenetv4_conv_small",
}


class Source(Checkpoint):
    """A file of a peer's net, with the arrays that the references were recorded with."""

    format = "made"

    def __init__(self, shapes, gain):
        self.path, self._gain = "somewhere/model.file", gain
        self._entries = {name: Entry(np.dtype(np.float32), shape) for name, shape in shapes.items()}

    def entries(self):
        return self._entries

    def _read(self, name):
        return peer_arrays.array(name, self._entries[name].shape, self._gain)


def source_of(peer):
    """The shapes are those of TF-Slim's net, backwards: wrong ones would not give the logits that were recorded."""
    model = slim.nets.create_model(peer.net, num_classes=1000, **peer.options)
    specs = model.specs(model.example())
    shapes = {}
    for part in parts_of(peer):
        name = part.ours or f"{part.layer}/BatchNorm/beta"
        shapes[part.theirs] = part.axes.theirs(np.broadcast_to(np.float32(0), specs[name].shape)).shape
    return Source(shapes, RECORDED[peer.origin]["gain"])


def test_the_names_are_the_peers_own():
    assert set(RECORDED) == set(peers())
    for origin, peer in peers().items():
        theirs = {part.theirs for part in parts_of(peer)}
        recorded = RECORDED[origin]
        assert (len(theirs), peer_arrays.digest(theirs)) == (recorded["entries"], recorded["names"]), origin


@pytest.mark.parametrize(
    "origin",
    [
        pytest.param(origin, marks=() if origin in FAST else pytest.mark.slow)
        for origin in RECORDED
        if origin not in LIKE_OTHERS
    ],
)
def test_the_logits_are_the_peers_own(origin):
    peer = peers()[origin]
    checkpoint = as_slim(source_of(peer), origin)
    assert checkpoint.peer is peer
    model = slim.nets.create_model(peer.net, checkpoint=checkpoint, **peer.exactly)
    assert model.num_classes == checkpoint.classes == 1000
    assert set(checkpoint) == set(model.variables)
    # The logits alone: end points, in a compiled program, are computed and written too.
    predict = slim.jit(lambda *given: model.apply(*given)[0], compiler_options=quick_compiling.OPTIONS)
    recordings = list(RECORDED[origin]["logits"].items())
    for size, recorded in recordings[:1] if origin in FAST else recordings:
        images = peer_arrays.image(int(size))
        images = images[..., ::-1] if peer.bgr else images  # these nets take blue first
        logits = predict(model.variables, images)
        first = np.ravel(logits)[:10]
        np.testing.assert_allclose(first, recorded["first"], rtol=0, atol=1e-5 * recorded["largest"])
        assert np.abs(logits).max() == pytest.approx(recorded["largest"], rel=1e-4)
