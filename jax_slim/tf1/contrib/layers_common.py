"""What the layers of `tf.contrib.layers` share: variables by their names there, collections, what comes after the layer."""

from collections.abc import Callable
from typing import Any

from jax_slim.tf1.contrib import framework_variables
from jax_slim.tf1.contrib.layer_utils import collect_named_outputs, get_variable_collections
from jax_slim.tf1.graph import dtypes, graphs
from jax_slim.tf1.python.partitioned import PartitionedVariable

NCHW, NHWC = "NCHW", "NHWC"


def model_variable_getter(getter: Any, name: str, shape: Any = None, dtype: Any = None, initializer: Any = None, regularizer: Any = None,
                          trainable: bool = True, collections: Any = None, caching_device: Any = None, partitioner: Any = None,
                          rename: dict[str, str] | None = None, use_resource: bool | None = None, synchronization: Any = None,
                          aggregation: Any = None, **unused: Any) -> Any:  # fmt: skip
    """A custom getter that makes model variables, under other names where `rename` says so."""
    head, _, last = name.rpartition("/")
    if rename and last in rename:
        name = f"{head}/{rename[last]}" if head else rename[last]
    return framework_variables.model_variable(
        name, shape=shape, dtype=dtype, initializer=initializer, regularizer=regularizer, collections=collections, trainable=trainable,
        caching_device=caching_device, partitioner=partitioner, custom_getter=getter, use_resource=use_resource, synchronization=synchronization,
        aggregation=aggregation)  # fmt: skip


def variable_getter(rename: dict[str, str] | None = None) -> Callable[..., Any]:
    """`model_variable_getter` with names replaced."""

    def layer_variable_getter(getter: Any, *args: Any, **kwargs: Any) -> Any:
        kwargs["rename"] = rename
        return model_variable_getter(getter, *args, **kwargs)

    return layer_variable_getter


def add_to_collections(variable: Any, collections_set: Any, collections_name: str) -> None:
    """Adds a variable (all parts of one) to the collections for variables of that kind."""
    for collection in get_variable_collections(collections_set, collections_name) or []:
        parts = list(variable) if isinstance(variable, PartitionedVariable) else [variable]
        for part in parts:
            graphs.add_to_collection(collection, part)


def finished(
    outputs: Any,
    sc: Any,
    outputs_collections: Any,
    activation_fn: Any = None,
    normalizer_fn: Any = None,
    normalizer_params: Any = None,
) -> Any:
    """Normalizes, activates and collects what a layer gives."""
    if normalizer_fn is not None:
        outputs = normalizer_fn(outputs, **(normalizer_params or {}))
    if activation_fn is not None:
        outputs = activation_fn(outputs)
    return collect_named_outputs(outputs_collections, sc if isinstance(sc, str) else sc.name, outputs)


def channels_format(data_format: str | None) -> str:
    """'channels_first' or 'channels_last'."""
    return "channels_first" if data_format and data_format.startswith("NC") else "channels_last"


def check_data_format(data_format: str, allowed: tuple[str, ...] = (NCHW, NHWC)) -> None:
    """Raises ValueError for a format that the layer has not got."""
    if data_format not in allowed:
        raise ValueError(f"data_format has to be either {' or '.join(allowed)}.")


def parameter(
    name: str,
    shape: Any,
    dtype: Any,
    initializer: Any,
    variables_collections: Any,
    trainable: bool = True,
    regularizer: Any = None,
) -> Any:
    """A model variable of a layer."""
    return framework_variables.model_variable(
        name, shape=shape, dtype=dtypes.as_dtype(dtype), initializer=initializer, regularizer=regularizer,
        collections=get_variable_collections(variables_collections, name), trainable=trainable)  # fmt: skip
