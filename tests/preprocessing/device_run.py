"""Preprocessing on a mesh of four simulated devices, as a process of its own: what they send, how far results differ.

Prints name -> (the collectives of the compiled program, how many devices have a part of the result, how far it is from
that of one device).
"""

import json
import re

import jax
import numpy as np

from jax_slim import preprocessing
from jax_slim.parallel.meshes import data_mesh
from jax_slim.parallel.placing import place_batch

RNG = np.random.default_rng(0)
SIDES = {"vgg_16": {"resize_side_min": 30, "resize_side_max": 60}}


def compared(prepare, batch, key):
    program = jax.jit(prepare).lower(batch, key).compile()
    sent = sorted(set(re.findall(r"all-[a-z-]+|collective-permute|reduce-scatter", program.as_text())))
    made = program(batch, key)["image"]
    one = jax.jit(prepare)(jax.tree.map(np.asarray, batch), key)["image"]
    spread = len({str(shard.index) for shard in made.addressable_shards})
    return sent, spread, float(np.abs(np.asarray(made) - np.asarray(one)).max())


def main():
    report = {}
    for name in ("inception_v3", "vgg_16", "cifarnet"):
        prepare = preprocessing.on_device(name, 24, 24, True, **SIDES.get(name, {}))
        images = RNG.integers(0, 256, (8, 40, 50, 3), np.uint8)
        cut = [prepare.cut({"image": image}, np.random.default_rng(number)) for number, image in enumerate(images)]
        batches = {
            "cut": {part: np.stack([np.asarray(one[part]) for one in cut]) for part in cut[0]},
            "whole": {"image": images},
        }
        for kind, batch in batches.items():
            key = None if kind == "cut" else jax.random.key(0)
            report[f"{name}, {kind}"] = compared(prepare, place_batch(batch, data_mesh()), key)
    print(json.dumps(report))


if __name__ == "__main__":
    main()
