"""Records in what order Keras's nets have their layers, which its files of weights go by: `keras_orders.toml`.

    python record_orders.py names names.json            # with Keras: the layers with weights of each net
    python record_orders.py tables names.json           # with jax-slim: as numbers of lines of the tables

The second also writes checksums of the names in order to `tests/goldens/peers/keras_orders.json`.
"""

import json
import os
import sys
import zlib
from pathlib import Path

FOLDER = Path(__file__).parents[3]
sys.path.insert(0, str(FOLDER / "tests"))
NETS = (
    "VGG16", "VGG19", "MobileNet", "MobileNetV2", "MobileNetV3Large", "MobileNetV3Small",
    "MobileNetV3Large(minimalistic=True)", "MobileNetV3Small(minimalistic=True)", "InceptionV3", "InceptionResNetV2",
    "ResNet50", "ResNet101", "ResNet152", "ResNet50V2", "ResNet101V2", "ResNet152V2", "NASNetMobile", "NASNetLarge",
    *(f"EfficientNetB{number}" for number in range(8)), "ConvNeXtTiny", "ConvNeXtSmall", "ConvNeXtBase",
    "ConvNeXtLarge", "DenseNet121", "DenseNet169", "DenseNet201", "Xception",
)  # fmt: skip


def names(file):
    os.environ.setdefault("KERAS_BACKEND", "jax")
    import keras
    import numpy as np
    from keras.src.initializers import random_initializers

    import peer_libraries

    for kind in (random_initializers.VarianceScaling, random_initializers.TruncatedNormal):
        kind.__call__ = lambda self, shape, dtype=None: np.zeros(shape, "float32")
    found = {}
    for name in NETS:
        function, _, told = name.partition("(")
        keras.backend.clear_session()
        net = getattr(keras.applications, function)(weights=None, **(eval(f"dict({told}") if told else {}))
        called = {id(layer): name for name, layer in peer_libraries.keras_layers(net).items()}
        # A layer of EfficientNet that scales images has no name in the tables, and keeps its own.
        found[f"keras/{name}"] = [called.get(id(layer), layer.name) for layer in peer_libraries.every_layer(net)]
    Path(file).write_text(json.dumps(found))


def ranges(numbers):
    """[0, 1, 2, 5] -> '0..2,5'."""
    parts = []
    for number in numbers:
        if parts and parts[-1][1] == number - 1:
            parts[-1][1] = number
        else:
            parts.append([number, number])
    return ",".join(str(first) if first == last else f"{first}..{last}" for first, last in parts)


def tables(file):
    from jax_slim.checkpoints.peers.tables import peers

    orders, sums = {}, {}
    for origin, order in json.loads(Path(file).read_text()).items():
        known = [layer.theirs.removesuffix("/gamma") for layer in peers()[origin].layers]
        scales = order[:1] == ["normalization"]
        assert sorted(known) == sorted(order[scales:]), origin
        orders[origin] = "normalization," * scales + ranges([known.index(name) for name in order[scales:]])
        sums[origin] = f"{zlib.crc32(' '.join(order).encode()):08x}"
    text = "# In which order Keras's nets have their layers: numbers of the lines of their tables.\n"
    text += "".join(f'\n"{origin}" = """\\\n{_lines(order)}"""\n' for origin, order in orders.items())
    (FOLDER / "jax_slim/checkpoints/peers/keras_orders.toml").write_text(text)
    (FOLDER / "tests/goldens/peers/keras_orders.json").write_text(json.dumps(sums, indent=1) + "\n")


def _lines(order, width=118):
    lines = [""]
    for part in order.split(","):
        if len(lines[-1]) + len(part) > width:
            lines.append("")
        lines[-1] += f"{part},"
    return "\\\n".join(lines).removesuffix(",")


if __name__ == "__main__":
    {"names": names, "tables": tables}[sys.argv[1]](sys.argv[2])
