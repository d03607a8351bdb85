#!/bin/bash
# In a .weights.h5 file of Keras 3 the layers of a model have no names, but numbers within their class, in the order in which they
# were made known to the model: layers/dense, layers/dense_1, ... The exception are those that are attributes of a model of one's
# own, which have their attribute's name, if that comes before the word "layers" in the alphabet: attributes are gone through in
# alphabetical order, and "layers" is one of them, the list of all; what it holds is not visited again. So "key" has its name
# in the file and "query" and "value" are numbers.
# load_weights therefore puts weights by order, and where two layers of a class and shape come in another order in the program that
# reads, each gets the other's, without a word, though both have the same names there: in a Sequential model, as attributes
# from l to z, and in a dict. Attributes from a to k are right.
# Seen with keras 3.15.1 (backend JAX 0.10.2), h5py 3.16.0, numpy 2.4.6:
#   sequential: saved {'query': 1.0, 'value': 2.0}, loaded {'query': 2.0, 'value': 1.0}, in the file ['layers/dense', 'layers/dense_1']
#   dict: saved {'query': 1.0, 'value': 2.0}, loaded {'query': 2.0, 'value': 1.0}, in the file ['layers/dense', 'layers/dense_1']
#   attributes: saved {'query': 1.0, 'value': 2.0}, loaded {'query': 2.0, 'value': 1.0}, in the file ['layers/dense', 'layers/dense_1']
#   attributes: saved {'a_query': 1.0, 'a_value': 2.0}, loaded {'a_query': 1.0, 'a_value': 2.0}, in the file ['a_query', 'a_value']
# Exits 0 while that is so, 1 when it is no longer.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q keras==3.15.1 h5py==3.16.0 jax==0.10.2 jaxlib==0.10.2 numpy==2.4.6
KERAS_BACKEND=jax JAX_PLATFORMS=cpu "$folder/venv/bin/python" - "$folder" 2>/dev/null <<'PYTHON'
import sys

import h5py
import keras
import numpy as np


def layer(name):
    return keras.layers.Dense(4, use_bias=False, name=name)


def sequential(names):
    model = keras.Sequential([keras.Input((4,)), *map(layer, names)])
    return model, {name: model.get_layer(name) for name in names}


class Attributes(keras.Model):
    def __init__(self, names):
        super().__init__()
        self.order = sorted(names)
        for name in names:
            setattr(self, name, layer(name))

    def call(self, x):
        for name in self.order:
            x = getattr(self, name)(x)
        return x


class Dict(keras.Model):
    def __init__(self, names):
        super().__init__()
        self.parts = {name: layer(name) for name in names}

    def call(self, x):
        return self.parts["value"](self.parts["query"](x))


def attributes(names):
    model = Attributes(names)
    model(np.ones((1, 4)))
    return model, {name: getattr(model, name) for name in names}


def of_dict(names):
    model = Dict(names)
    model(np.ones((1, 4)))
    return model, {name: model.parts[name] for name in names}


def values(layers):
    return {name: float(np.asarray(layers[name].kernel)[0, 0]) for name in sorted(layers)}


def in_file(path):
    """The groups of layers in a file."""
    found = []
    with h5py.File(path) as file:
        file.visititems(lambda name, item: found.append(name) if isinstance(item, h5py.Dataset) else None)
    return [name.removesuffix("/vars/0") for name in found]


so = True
pair, early = ["query", "value"], ["a_query", "a_value"]
for number, (said, make, names) in enumerate(
    [("sequential", sequential, pair), ("dict", of_dict, pair), ("attributes", attributes, pair), ("attributes", attributes, early)]
):
    path = f"{sys.argv[1]}/{number}.weights.h5"
    model, layers = make(names)
    for name, value in zip(names, (1.0, 2.0)):
        layers[name].kernel.assign(np.full((4, 4), value))
    model.save_weights(path)
    reader, read = make(names[::-1])
    reader.load_weights(path)
    print(f"{said}: saved {values(layers)}, loaded {values(read)}, in the file {in_file(path)}")
    so &= list(values(read).values()) == ([1.0, 2.0] if names is early else [2.0, 1.0])
sys.exit(0 if so else 1)
PYTHON
