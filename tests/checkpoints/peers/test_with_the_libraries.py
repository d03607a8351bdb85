"""Nets of timm, torchvision and Keras themselves: their own files here give their logits, and go back as they were.

Only where these libraries are installed beside jax-slim: `pytest -s` prints what each pair differs by. Keras's NASNets
want KERAS_BACKEND=jax, its other nets are quicker with KERAS_BACKEND=torch.
"""

import json
import os

import numpy as np
import pytest

import golden
import jax_slim as slim
import peer_arrays
import peer_libraries
from jax_slim.checkpoints import convert_to_peer, open_checkpoint
from jax_slim.checkpoints.peers.tables import peers

# Those libraries warn of what is theirs.
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(1200)]

RECORDED = json.loads((golden.FOLDER / "peers" / "nets.json").read_text())
GAINS = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5)
BACKEND = os.environ.get("KERAS_BACKEND", "torch")


def sizes_of(origin):
    """An even and an odd side, where the nets are the same function at both."""
    if "vgg" in origin.lower() or origin == "torchvision/vit_b_16":
        return (224,)  # as large as they are made for
    if origin == "timm/legacy_seresnet50" or (origin.startswith("keras/MobileNet") and "V" not in origin):
        return (64, 96)
    if "vit_" in origin:
        return (64, 96)  # multiples of a patch
    return (
        (96, 107) if any(name in origin.lower() for name in ("nasnet", "inception", "xception", "google")) else (64, 75)
    )


def reference(origin, sizes):
    """A net, a gain of weights with which float32 does well, how far it is then from float64, and logits in float64.

    With another gain the sums of some nets grow so large, or so small, that rounding decides.
    """
    found = None
    recorded = [RECORDED[origin]["gain"]] if origin in RECORDED else []
    kinds = [(size, double) for size in sizes for double in (False, True)]
    if origin.startswith("keras"):  # which are made for one size
        nets = {kind: peer_libraries.opened(origin, *kind) for kind in kinds}
    else:
        made = [peer_libraries.opened(origin, sizes[0], double) for double in (False, True)]
        nets = {kind: made[kind[1]] for kind in kinds}
    for gain in dict.fromkeys((*recorded, *GAINS)):
        logits = {}
        for key, net in nets.items():
            net.fill(lambda name, shape, gain=gain: peer_arrays.array(name, shape, gain))
            logits[key] = net.logits(peer_arrays.image(key[0]))
        rounding = max(apart(logits[size, False], logits[size, True]) for size in sizes)
        first, last = logits[sizes[0], True], logits[sizes[-1], True]
        alike = len(sizes) > 1 and apart(first, last) < 0.01  # of two images: the weights hardly matter
        if not alike and (found is None or rounding < found[1]):
            found = gain, rounding, {size: logits[size, True] for size in sizes}
        if found and found[1] < 2e-6:
            break
    return nets[sizes[0], False], *found


def apart(found, wanted):
    return float(np.abs(found - wanted).max() / np.abs(wanted).max())


def is_exact(peer):
    """Whether nothing is folded on the way here."""
    return (
        peer.epsilon == peer.our_epsilon
        and (peer.our_gamma or not peer.gamma)
        and not any(layer.kind == "merged" for layer in peer.layers)
    )


@pytest.mark.parametrize("origin", list(peers()))
def test_here_and_back(origin, tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", BACKEND)
    library = origin.partition("/")[0]
    for module in ("torch", library):
        pytest.importorskip(module, exc_type=ImportError)
    if "keras/NASNet" in origin and BACKEND != "jax":
        pytest.skip("Keras has it on JAX alone")
    peer, sizes = peers()[origin], sizes_of(origin)
    net, gain, rounding, wanted = reference(origin, sizes)
    net.fill(lambda name, shape: peer_arrays.array(name, shape, gain))
    arrays = {name: np.array(value) for name, value in net.arrays().items()}
    theirs, back = tmp_path / f"theirs{net.ending}", tmp_path / f"back{net.ending.replace('.pth', '.safetensors')}"
    net.save(theirs)
    found = {}
    with open_checkpoint(theirs, origin) as checkpoint:
        convert_to_peer(checkpoint, back, origin)
        model = slim.nets.create_model(peer.net, checkpoint=checkpoint, **peer.exactly)
    for size in sizes:
        images = peer_arrays.image(size)
        images = images[..., ::-1] if peer.bgr else images  # these nets take blue first
        logits, _ = slim.jit(model.apply)(model.variables, images)
        found[size] = apart(np.asarray(logits), wanted[size])
    net.fill(lambda name, shape: np.zeros(shape, np.float32))
    net.load(back)
    returned = net.arrays()
    assert returned.keys() == arrays.keys()
    same = all(np.array_equal(returned[name], value) for name, value in arrays.items())
    again = apart(net.logits(peer_arrays.image(sizes[0])), wanted[sizes[0]])
    told = ", ".join(f"{size}: {value:.1e}" for size, value in found.items())
    print(f"\n{origin}: {told}; theirs in float32 {rounding:.1e} (gain {gain}); back {again:.1e}, bit-equal: {same}")
    assert max(*found.values(), again) < 1e-5
    assert same or not is_exact(peer)
