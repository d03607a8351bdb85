"""Nets of timm, torchvision and Keras themselves, where these are installed: weights in, logits and files out.

Keras's nets run on PyTorch, which is told by $KERAS_BACKEND, but for the NASNets, which want "jax". Needs no jax-slim.
"""

import re

import numpy as np


def opened(origin, size, double=False):
    """A net of theirs: 'timm/resnet50'; Keras's for images of one size. With `double` in float64."""
    library, _, name = origin.partition("/")
    return KerasNet(name, size, double) if library == "keras" else TorchNet(library, name, double)


class TorchNet:
    def __init__(self, library, name, double=False):
        import torch

        if library == "timm":
            import timm

            net = timm.create_model(name, **({"dynamic_img_size": True} if name.startswith("vit_") else {}))
        else:
            from torchvision import models

            heads = {"aux_logits": False, "init_weights": False} if name in ("inception_v3", "googlenet") else {}
            net = getattr(models, name)(**heads)
        self.net = net.eval()
        self.dtype = torch.float64 if double else torch.float32
        self.ending = ".safetensors" if library == "timm" else ".pth"

    def shapes(self):
        """Name -> shape of each entry of its files but the counters."""
        return {
            name: tuple(value.shape) for name, value in self.net.state_dict().items() if not name.endswith("_tracked")
        }

    def arrays(self):
        return {name: value.numpy() for name, value in self.net.state_dict().items() if name in self.shapes()}

    def fill(self, array):
        """Gives each entry the value `array(name, shape)`."""
        import torch

        values = {name: torch.from_numpy(array(name, shape)) for name, shape in self.shapes().items()}
        self.net.float().load_state_dict(values, strict=False)

    def logits(self, images):
        """[N, classes] of [N, height, width, 3]."""
        import torch

        with torch.no_grad():
            turned = torch.from_numpy(images.transpose(0, 3, 1, 2).copy()).to(self.dtype)
            return self.net.to(self.dtype)(turned).numpy()

    def save(self, path):
        import torch
        from safetensors.torch import save_file

        state = self.net.state_dict()
        save_file(state, path) if path.suffix == ".safetensors" else torch.save(state, path)

    def load(self, path):
        """Every entry from a file, which must have each and no other."""
        from safetensors.torch import load_file

        self.net.float().load_state_dict(load_file(path), strict=True)


class KerasNet:
    ending = ".weights.h5"

    def __init__(self, name, size, double=False):
        import keras

        keras.config.set_floatx("float64" if double else "float32")
        keras.backend.clear_session()
        function, _, told = name.partition("(")
        options = eval(f"dict({told}") if told else {}
        if function.startswith(("MobileNetV3", "ConvNeXt")):
            options["include_preprocessing"] = False
        try:
            self.net = getattr(keras.applications, function)(
                weights=None, classifier_activation=None, input_shape=(size, size, 3), **options
            )
        finally:
            keras.config.set_floatx("float32")
        self.scales = function.startswith("EfficientNet")
        self.dtype = np.float64 if double else np.float32

    def weights(self):
        """'<layer>/<weight>' as in a file, in which numbers are counted from 0 -> the variable."""
        return {
            f"{layer}/{'gamma' if weight.name.startswith('variable') else weight.name}": weight
            for layer, of in keras_layers(self.net).items()
            for weight in of.weights
        }

    def shapes(self):
        return {name: tuple(weight.shape) for name, weight in self.weights().items()}

    def arrays(self):
        import keras

        return {name: keras.ops.convert_to_numpy(weight) for name, weight in self.weights().items()}

    def fill(self, array):
        for name, weight in self.weights().items():
            weight.assign(array(name, tuple(weight.shape)).astype(self.dtype))

    def logits(self, images):
        """[N, classes] of what the first convolution is to see: EfficientNet scales images itself."""
        import keras

        if self.scales:
            layer = next(layer for layer in self.net.layers if layer.name.startswith("normalization"))
            mean, variance = (keras.ops.convert_to_numpy(weight) for weight in layer.weights[:2])
            images = 255 * (images * np.sqrt(variance) + mean)
        return np.asarray(keras.ops.convert_to_numpy(self.net(images.astype(self.dtype), training=False)))

    def save(self, path):
        self.net.save_weights(path)

    def load(self, path):
        self.net.load_weights(path)


def every_layer(net):
    """Those with weights, of models within the model too."""
    for layer in net.layers:
        if hasattr(layer, "layers"):
            yield from every_layer(layer)
        elif layer.weights:
            yield layer


def keras_layers(net):
    """The layers with weights by the names of a file, in which numbers are counted from 0."""
    layers = {layer.name: layer for layer in every_layer(net) if not layer.name.startswith("normalization")}
    for kind in ("conv2d", "batch_normalization"):
        numbered = [
            (int(found[1] or 0), name) for name in layers if (found := re.fullmatch(rf"{kind}(?:_(\d+))?", name))
        ]
        for place, (_, name) in enumerate(sorted(numbered)):
            layers[f"{kind}#{place}"] = layers.pop(name)
    return layers
