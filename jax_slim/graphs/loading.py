"""`load`: from a file with a graph to a function."""

import functools
from collections.abc import Mapping, Sequence
from typing import Any

import jax
import numpy as np

from jax_slim.graphs import sources
from jax_slim.graphs.frozen_weights import weight_names
from jax_slim.graphs.functions import GraphFunction, tensor_name
from jax_slim.graphs.sources import Source
from jax_slim.graphs.variables import Stored
from jax_slim.tf1 import modules
from jax_slim.tf1.files import frozen_graphs, lowering
from jax_slim.tf1.graph import errors, graphs, rows
from jax_slim.tf1.graph.tensors import Tensor
from jax_slim.tf1.running import planning, references
from jax_slim.tf1.running.session import BaseSession

_DEFAULT = "serving_default"
_BROKEN = (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, ArithmeticError, AssertionError,
           RecursionError, MemoryError, errors.OpError)  # fmt: skip


def load(
    path: Any,
    inputs: str | Sequence[str] | Mapping[str, str] | None = None,
    outputs: str | Sequence[str] | Mapping[str, str] | None = None,
    signature: str | None = None,
    as_variables: bool = False,
    checkpoint: Any = None,
    tags: str | Sequence[str] | None = None,
) -> GraphFunction:
    """Makes a function of variables and inputs out of a graph that TensorFlow wrote.

    Only what the outputs need is built, so a graph may hold operations that are not there beside it. Updates and checks
    that only control edges ask for are left out.

        net = slim.graphs.load("frozen_inference_graph.pb", outputs="Predictions:0")
        probabilities = net(net.variables, images)

        net = slim.graphs.load("exported_model/", signature="serving_default")
        scores = net(net.variables, {"image": images})["scores"]

    Args:
      path: one of
        - a frozen graph, or any other GraphDef: `.pb`, or text, `.pbtxt`;
        - a meta graph, `model.ckpt-1000.meta`, whose checkpoint is beside it, or the checkpoint's prefix;
        - a SavedModel's folder, or one of folders by numbers, as estimators export them (the newest);
        - a training run's folder with `.meta` files (the newest);
        - a GraphDef or MetaGraphDef.
      inputs: names of tensors that are given ('input' is 'input:0'), any in the graph; or a dictionary, your names for
        them. By default all placeholders without a default that the outputs need, or, in their absence, what comes out
        of queues and iterators.
      outputs: names of tensors, or a dictionary. By default what nothing else uses.
      signature: of a SavedModel: which of its signatures names inputs and outputs. By default `serving_default`, or the
        only one, unless `outputs` are given.
      as_variables: make constants variables, so that they can be trained: of a frozen graph those that were variables
        (floats that are read through `.../read`), or, where none are, floats of more than a few elements.
      checkpoint: whose values the graph's variables have; by default what stands beside it.
      tags: of a SavedModel with several graphs: those of the one meant, such as "serve".

    Raises:
      FileNotFoundError: there is no such file.
      ValueError: it holds no graph, a name is not in it, or there are no values of its variables.
      tf.errors.NotFoundError: the outputs need operations that are not known here; it lists them all.
    """
    modules.load_rows()
    source = sources.read(path, tags)
    chosen = _signature(source, signature, outputs)
    if chosen is not None:
        # By name: protobuf's maps come in an order that differs from process to process.
        if inputs is None:
            inputs = {k: _of_info(source, k, chosen.inputs[k]) for k in sorted(chosen.inputs)}
        if outputs is None:
            outputs = {k: _of_info(source, k, chosen.outputs[k]) for k in sorted(chosen.outputs)}
    try:
        definition = lowering.lowered(source.definition)
        names, wanted = _outputs(source.definition, outputs)
        keys, given = _inputs(definition, inputs, wanted)
        part, renamed = frozen_graphs.cut(definition, given, wanted, _first(source, definition))
        graph = graphs.Graph()
        with graph.as_default():
            frozen_graphs.build(part)
        results = [graph.get_tensor_by_name(renamed.get(n, n)) for n in wanted]
        _check_results(graph, results)
        feeds = [graph.get_tensor_by_name(renamed.get(n, n)) for n in given]
        constants = _constants(graph, part) if as_variables else {}
        units, stateful = _units(results, [*feeds, *constants.values()])
    except errors.NotFoundError:
        raise
    except _BROKEN as error:
        raise ValueError(
            f"load: path must be a TensorFlow graph that holds what is asked for, got {source.where}: {_line(error)}"
        ) from error
    values = Stored(source, definition, checkpoint).values(stateful)
    values |= zip(constants, jax.device_put([t.op.attrs["value"] for t in constants.values()]), strict=True)
    return GraphFunction(
        variables=values,
        inputs=keys,
        outputs=names,
        input_shapes=dict(
            zip(keys, (None if t.shape.sizes is None else tuple(t.shape.sizes) for t in feeds), strict=True)
        ),
        input_types=dict(zip(keys, (np.dtype(t.dtype.base_dtype.as_numpy_dtype) for t in feeds), strict=True)),
        host=_on_host(units, results),
        graph=graph,
        _feeds=feeds,
        _results=results,
        _keys={op.name: references.key_of(op) for op in stateful},
        _constants=constants,
        _units=units,
        # Without the source: its definition has all constants once more.
        _session=functools.partial(_session, graph, source.initializer, source.assets),
        _pack=_packing(outputs, names),
    )


def _check_results(graph: Any, results: list[Tensor]) -> None:
    for tensor in results:
        if not graph.is_fetchable(tensor):
            raise ValueError(f"outputs must be outside of conditionals and loops, {tensor.name} is inside of one.")
        if tensor.dtype.base_dtype.name in ("variant", "resource"):
            raise ValueError(f"outputs must be arrays, {tensor.name} is a {tensor.dtype.base_dtype.name}.")


def _on_host(units: list[planning.Unit], results: list[Tensor]) -> list[str]:
    """The operations that JAX does not compute, and what gives texts."""
    found = [u.ops[0] for u in units if u.host] + [t.op for t in results if t.dtype.base_dtype.name == "string"]
    return sorted({f"{op.type} ({op.name})" for op in found})


def _packing(outputs: Any, names: list[str]) -> Any:
    if isinstance(outputs, str):
        return lambda found: found[0]
    if outputs is None or isinstance(outputs, Mapping):
        return lambda found: dict(zip(names, found, strict=True))
    return list


def _signature(source: Source, name: str | None, outputs: Any) -> Any:
    """The signature that is meant, or None."""
    there = source.signatures
    if name is not None:
        if name not in there:
            raise ValueError(f"load: signature must be one of {sorted(there)}, got {name!r}, of {source.where}.")
        return there[name]
    if outputs is not None or not there:
        return None
    if _DEFAULT not in there and len(there) > 1:
        raise ValueError(f"load: signature must be one of {sorted(there)} of {source.where}, or outputs must be named.")
    return there[_DEFAULT if _DEFAULT in there else next(iter(there))]


def _of_info(source: Source, key: str, info: Any) -> str:
    if info.WhichOneof("encoding") != "name":
        raise ValueError(f"load: signature must be of dense tensors, {key!r} of {source.where} is none. Name tensors.")
    return info.name


def _outputs(definition: Any, outputs: Any) -> tuple[list[str], list[str]]:
    """What outputs are called, and the names of their tensors."""
    if isinstance(outputs, Mapping):
        return list(outputs), [tensor_name(n) for n in outputs.values()]
    named = [outputs] if isinstance(outputs, str) else outputs
    wanted = [tensor_name(n) for n in named] if named is not None else frozen_graphs.ends(definition)
    if not wanted:
        raise ValueError("outputs must be named, as it has no tensor that is not used within it.")
    return wanted, wanted


def _inputs(definition: Any, inputs: Any, wanted: list[str]) -> tuple[list[str], list[str]]:
    """What inputs are called, and the names of their tensors."""
    needed = frozen_graphs.needed_inputs(definition, [] if inputs is None else _names(inputs), wanted)
    if inputs is None:
        return needed, needed
    if needed:
        raise ValueError(f"inputs must hold all placeholders that the outputs need, these are left out: {needed}.")
    given = _names(inputs)
    return (list(inputs) if isinstance(inputs, Mapping) else given), given


def _names(inputs: Any) -> list[str]:
    if isinstance(inputs, Mapping):
        inputs = list(inputs.values())
    return [tensor_name(n) for n in ([inputs] if isinstance(inputs, str) else inputs)]


def _first(source: Source, definition: Any) -> list[str]:
    """The operation that must have run before: what fills tables, where there are any."""
    return [source.initializer] if source.initializer and any("Table" in node.op for node in definition.node) else []


def _session(graph: Any, initializer: str | None, assets: Mapping[str, str], kept: dict[str, Any]) -> Any:
    """A session of the graph with values of variables by key, and its tables filled."""
    session = BaseSession(graph=graph)
    session.variables.update(kept)
    names = {op.name for op in graph.get_operations()}
    if initializer in names:
        there = {name: file for name, file in assets.items() if name.partition(":")[0] in names}
        session.run(graph.get_operation_by_name(initializer), there)
    return session


def _line(error: BaseException) -> str:
    text = str(error) or type(error).__name__
    return text.splitlines()[0]


def _constants(graph: Any, part: Any) -> dict[str, Tensor]:
    """The constants that were variables before the graph was frozen. What decides shapes stays a constant."""
    static = {t for op in graph.get_operations() for t in rows.static_inputs(op)}
    found = {name: graph.get_tensor_by_name(f"{name}:0") for name in weight_names({n.name: n for n in part.node})}
    return {name: tensor for name, tensor in found.items() if tensor not in static}


def _units(results: list[Tensor], given: list[Tensor]) -> tuple[list[planning.Unit], list[Any]]:
    """What is evaluated, in order, and the variables among it."""
    needed = planning.needed(results, given)
    stateful = sorted((op for op in needed if op.type in references.VARIABLE_TYPES), key=lambda op: op.number)
    return planning.units_of(needed, None, given), stateful
