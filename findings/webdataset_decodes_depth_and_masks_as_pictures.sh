#!/bin/bash
# webdataset's image decoders, "pil" as well, turn each PNG into 8 bits of gray or of red, green and blue before anybody sees
# it. What is no picture is lost without a word: of a depth map of 16 bits everything from 255 on becomes 255, though
# TarWriter, given the uint16 array, writes it whole; and a mask whose numbers are places of a palette, as those of Pascal
# VOC, becomes the colours of its classes, or their brightness. No decoder's name keeps them ("pil" is short for "pilrgb");
# a function of one's own that calls PIL.Image.open, given to decode(), does.
# Seen with webdataset 1.0.2, Pillow 13.0.0, a depth map of 100, 1000, 65535 and a mask of the classes 0, 1, 15:
#   in the shard: depth [100, 1000, 65535], mask [0, 1, 15]
#   pil: depth [[100, 100, 100], [255, 255, 255], [255, 255, 255]], mask [[0, 0, 0], [128, 0, 0], [192, 128, 128]]
#   l8: depth [100, 255, 255], mask [0, 38, 147]
#   own function: depth [100, 1000, 65535], mask [0, 1, 15]
# Exits 0 while that is so, 1 when it is no longer.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q webdataset==1.0.2 pillow==13.0.0 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import importlib.metadata
import io
import sys
import tarfile

import numpy as np
import webdataset
from PIL import Image

for package in ("webdataset", "pillow"):
    print(package, importlib.metadata.version(package))
depth, classes = np.array([[100, 1000, 65535]], np.uint16), [0, 1, 15]
mask = Image.new("P", (3, 1))
colours = np.zeros((256, 3), np.uint8)
colours[1], colours[15] = (128, 0, 0), (192, 128, 128)
mask.putpalette(colours.tobytes())
mask.putdata(classes)
with webdataset.TarWriter("shard.tar") as shard:
    shard.write({"__key__": "one", "depth.png": depth, "mask.png": mask})


def numbers(data):
    return np.asarray(data)[0].tolist()


def opened(key, data):
    return Image.open(io.BytesIO(data)) if key.endswith(".png") else None


def decoded(how):
    example = next(iter(webdataset.WebDataset("shard.tar", shardshuffle=False).decode(how)))
    return numbers(example["depth.png"]), numbers(example["mask.png"])


with tarfile.open("shard.tar") as files:
    read = {name: files.extractfile(name).read() for name in files.getnames()}
found = {"in the shard": tuple(numbers(opened(name, read[name])) for name in ("one.depth.png", "one.mask.png"))}
found |= {"pil": decoded("pil"), "l8": decoded("l8"), "own function": decoded(opened)}
for name, values in found.items():
    print("{}: depth {}, mask {}".format(name, *values))
whole = (numbers(depth), classes)
lost = [found["l8"][0] == [100, 255, 255], found["pil"][0][1] == [255] * 3, np.shape(found["pil"][1]) == (3, 3)]
sys.exit(found["in the shard"] != whole or found["own function"] != whole or not all(lost))
PYTHON
