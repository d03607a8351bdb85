"""How long the nets take to build: tracing, and compiling forward pass and training step, at their own sizes.

    python benchmarks/zoo.py                          # all image nets; takes a while
    python benchmarks/zoo.py --nets 'resnet_v1*' --forms fastest lax

Processor seconds, without the compile cache. "lax" is the plain operation everywhere, as in plain JAX.
"""

import argparse
import json
import time
from pathlib import Path

import jax
import jax.numpy as jnp

import jax_slim as slim
from jax_slim.nets.registry import ROWS


def measured(function):
    """Result, and processor seconds."""
    start = time.process_time()
    result = function()
    return result, time.process_time() - start


def row(name, batch, forms, train):
    """The figures of one net."""
    model = slim.nets.create_model(name)
    images = jax.ShapeDtypeStruct((batch, *model.input_shape), jnp.float32)
    with slim.kernel_forms(forms):
        specs, tracing = measured(lambda: model.specs(images))
        variables = {n: jax.ShapeDtypeStruct(spec.shape, spec.dtype) for n, spec in specs.items()}
        trainable = {n: variables[n] for n, spec in specs.items() if spec.trainable}
        rest = {n: value for n, value in variables.items() if n not in trainable}

        def forward(variables, images):
            return model.apply(variables, images)[0]

        def step(trainable, rest, images):
            def loss(trainable):
                (logits, _), collected = model.collect(
                    trainable | rest, images, is_training=True, rng=jax.random.key(0)
                )
                return jnp.sum(jnp.square(logits)), collected.updates

            gradients, updates = jax.grad(loss, has_aux=True)(trainable)
            return jax.tree.map(lambda value, gradient: value - 0.01 * gradient, trainable, gradients), updates

        found = {"net": name, "forms": forms, "variables": len(specs), "tracing": tracing}
        lowered, found["lowering forward"] = measured(lambda: jax.jit(forward).lower(variables, images))
        _, found["compiling forward"] = measured(lowered.compile)
        if train:
            lowered, found["lowering step"] = measured(lambda: jax.jit(step).lower(trainable, rest, images))
            compiled, found["compiling step"] = measured(lowered.compile)
            memory = compiled.memory_analysis()
            found["step's temporary MB"] = memory.temp_size_in_bytes / 1e6 if memory else None
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nets", default="*", help="a shell pattern")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--forms", nargs="+", default=["fastest"], choices=("fastest", "exact", "lax"))
    parser.add_argument("--forward", action="store_true", help="without the training step")
    parser.add_argument("--json", type=Path, help="write the figures there, too")
    options = parser.parse_args()
    jax.config.update("jax_enable_compilation_cache", False)
    rows, heads = [], None
    for name in slim.nets.list_models(options.nets):
        if ROWS[name].frames is not None and options.nets == "*":
            continue  # video: minutes each
        for forms in options.forms:
            rows.append(row(name, options.batch, forms, not options.forward))
            if heads is None:
                heads = list(rows[0])
                print("  ".join(f"{head:>18}" for head in heads))
            print("  ".join(f"{v:18.2f}" if isinstance(v, float) else f"{v!s:>18}" for v in rows[-1].values()))
    if options.json:
        options.json.write_text(json.dumps({"jax": jax.__version__, "batch": options.batch, "rows": rows}, indent=1))


if __name__ == "__main__":
    main()
