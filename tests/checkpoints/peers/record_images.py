"""Records `tests/goldens/peers/images.npz`: photographs as timm, torchvision and Keras prepare them for their nets.

    python record_images.py            # with timm, torchvision and Keras, and without jax-slim

Of each prepared image every 16th row and column is kept.
"""

import io
import os
from pathlib import Path

import numpy as np
from PIL import Image

FOLDER = Path(__file__).parents[2] / "goldens" / "peers"
SIZES = ((97, 130), (301, 222), (640, 427))


def photograph(rows, columns):
    """Waves, a gradient and noise: uint8 [rows, columns, 3]."""
    y, x = np.mgrid[:rows, :columns].astype(np.float64)
    noise = np.random.default_rng(rows).uniform(-40, 40, (rows, columns, 3))
    waves = [128 + 80 * np.sin(x / 9 + y / (5 + c)) + 20 * c * (y / rows) for c in range(3)]
    return (np.stack(waves, -1) + noise).clip(0, 255).astype(np.uint8)


def of_timm(name):
    import timm
    from timm.data import create_transform, resolve_data_config

    transform = create_transform(**resolve_data_config({}, model=timm.create_model(name)))
    return lambda image: transform(Image.fromarray(image)).numpy().transpose(1, 2, 0)


def of_torchvision(weights):
    from torchvision import models

    transform = models.get_weight(weights).transforms()
    return lambda image: transform(Image.fromarray(image)).numpy().transpose(1, 2, 0)


def of_keras(room, size):
    os.environ.setdefault("KERAS_BACKEND", "jax")
    import keras

    def prepared(image):
        file = io.BytesIO()
        Image.fromarray(image).save(file, "png")
        loaded = keras.utils.img_to_array(keras.utils.load_img(file, target_size=(size, size)))
        return getattr(keras.applications, room).preprocess_input(loaded)

    return prepared


def main():
    pipelines = {
        "timm/mobilenetv2_050": of_timm("mobilenetv2_050"),
        "timm/resnet50": of_timm("resnet50"),
        "timm/tf_mobilenetv3_small_minimal_100": of_timm("tf_mobilenetv3_small_minimal_100"),
        "torchvision/mobilenet_v2": of_torchvision("MobileNet_V2_Weights.IMAGENET1K_V1"),
        "torchvision/mobilenet_v2-7ebf99e0": of_torchvision("MobileNet_V2_Weights.IMAGENET1K_V2"),
        "torchvision/inception_v3": of_torchvision("Inception_V3_Weights.IMAGENET1K_V1"),
        "keras/MobileNetV2": of_keras("mobilenet_v2", 224),
        "keras/VGG16": of_keras("vgg16", 224),
    }
    found = {
        f"{name} {rows} {columns}": pipeline(photograph(rows, columns))[::16, ::16].astype(np.float32)
        for name, pipeline in pipelines.items()
        for rows, columns in SIZES
    }
    np.savez_compressed(FOLDER / "images.npz", **found)
    print({name: image.shape for name, image in found.items()})


if __name__ == "__main__":
    main()
