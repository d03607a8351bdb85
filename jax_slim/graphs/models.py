"""`as_model`: a graph as a slim program, for all that takes models."""

from typing import Any

import jax.numpy as jnp

from jax_slim.core.model import Model
from jax_slim.core.variables import model_variable
from jax_slim.graphs.functions import GraphFunction


def as_model(graph: GraphFunction) -> Model:
    """Makes a `Model` of a graph: a program whose variables are the graph's, of the graph's inputs.

        graph = slim.graphs.load("frozen.pb", outputs="Predictions", as_variables=True)
        model = slim.graphs.as_model(graph)
        small, bytes_of = slim.quantize(model, graph.variables, [images])
        probabilities = slim.predictor(small, bytes_of)(images)        # [8, 224, 224, 3] -> [8, 1001]

    Layers of slim may come after it in a program of yours, and it can be trained, exported and saved as nets of slim
    are. `init` gives the variables that the graph has.

    Args:
      graph: what `load` gave, all of it computed by JAX (`graph.host` is empty). Constants that `as_variables` made no
        variables stay what they are; `slim.quantize` leaves their products alone.

    Returns:
      A `Model` that takes the graph's inputs, in their order, and returns its outputs. All
      variables of floats are trainable, also what batch norm has of moments.

    Raises:
      ValueError: the graph has operations that run on the host.
    """
    if graph.host:
        raise ValueError(
            f"as_model: graph must be of operations that JAX computes, got {', '.join(graph.host[:5])}. Name outputs "
            "before them, or inputs behind them, in `load`."
        )

    def computed(*inputs: Any) -> Any:
        values = {
            name: model_variable(
                name, initializer=value, dtype=value.dtype, trainable=bool(jnp.issubdtype(value.dtype, jnp.floating))
            )
            for name, value in graph.variables.items()
        }
        return graph(values, inputs[0] if len(graph.inputs) == 1 else list(inputs))

    return Model(computed)
