"""How far the forms of the kernels are from float64: logits of whole nets, and gradients of all their variables.

    python benchmarks/rounding.py                    # VGG-16 and ResNet-50 on the CPU; 8 GB
    python benchmarks/rounding.py --size 64          # sooner

XLA has no fast float64 convolutions on a CPU: at 224 px the reference of VGG-16 alone takes more
than 7 minutes of two cores.

ResNet-50 runs in training mode, so that its batch norm keeps values in range; VGG-16 without dropout. Errors are the
largest difference from float64 relative to the largest value of the array.
"""

import argparse
import os
import sys
from pathlib import Path

os.environ.setdefault("JAX_PLATFORMS", "cpu")
sys.path.insert(0, str(Path(__file__).parent.parent))

import jax
import jax.numpy as jnp
import numpy as np
from peers import slim_nets
from peers.batches import images_and_labels

import jax_slim as slim

TRAINING = {"vgg_16": False, "resnet_v1_50": True}


def model_of(config):
    run = slim_nets.program(config)
    return slim.Model(lambda images: run(images, TRAINING[config["net"]])[0])


def results(config, variables, images, labels):
    """The logits, and the gradient of the mean cross entropy for each trainable variable."""
    model = model_of(config)

    def loss(trained, variables, images):
        logits, _ = model.collect({**variables, **trained}, images)
        chances = jax.nn.log_softmax(logits)
        return -jnp.mean(jnp.take_along_axis(chances, labels[:, None], 1)), logits

    trained = {name: variables[name] for name in variables.trainable}
    rest = {name: value for name, value in variables.items() if name not in trained}
    step = slim.jit(jax.grad(loss, has_aux=True))
    dtype = jnp.dtype(config["dtype"])
    gradients, logits = step(*jax.tree.map(lambda value: value.astype(dtype), (trained, rest, images)))
    return jax.tree.map(np.asarray, (logits, gradients))


def error(found, exact):
    return float(np.abs(found - exact).max() / np.abs(exact).max())


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nets", default="vgg_16,resnet_v1_50", help="of vgg_16, resnet_v1_50")
    parser.add_argument("--size", type=int, default=224, help="pixels of an edge (224)")
    parser.add_argument("--batch", type=int, default=8, help="images (8)")
    options = parser.parse_args(arguments)
    jax.config.update("jax_enable_x64", True)
    for net in options.nets.split(","):
        config = {"net": net, "size": options.size, "batch": options.batch, "dtype": "float32"}
        images, labels = images_and_labels(config)
        images = jnp.asarray(images, jnp.float32)
        variables = model_of(config).init(jax.random.key(0), images)
        # Forms that only sum in another order: in float64 that is nothing beside what is measured.
        exact = results(config | {"forms": "exact", "dtype": "float64"}, variables, images, labels)
        for forms in ("lax", "exact", "fastest"):
            logits, gradients = results(config | {"forms": forms}, variables, images, labels)
            errors = sorted((error(gradients[name], exact[1][name]), name) for name in gradients)
            print(
                f"{net}, {forms}: logits {error(logits, exact[0]):.1e}; gradients, median "
                f"{errors[len(errors) // 2][0]:.1e}, largest "
                + ", ".join(f"{e:.1e} {name}" for e, name in errors[-3:]),
                flush=True,
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
