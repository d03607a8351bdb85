"""Collections: named lists that a program fills. The core stores them; the rooms above give them meaning."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from jax_slim.core import program as _program
from jax_slim.core.aliases import append_tensor_alias
from jax_slim.core.program import Item, VariableSpec


class GraphKeys:
    """TensorFlow's names of the usual collections."""

    GLOBAL_VARIABLES = "variables"
    LOCAL_VARIABLES = "local_variables"
    MODEL_VARIABLES = "model_variables"
    TRAINABLE_VARIABLES = "trainable_variables"
    MOVING_AVERAGE_VARIABLES = "moving_average_variables"
    METRIC_VARIABLES = "metric_variables"
    GLOBAL_STEP = "global_step"
    LOSSES = "losses"
    REGULARIZATION_LOSSES = "regularization_losses"
    UPDATE_OPS = "update_ops"
    SUMMARIES = "summaries"
    ACTIVATIONS = "activations"
    WEIGHTS = "weights"
    BIASES = "biases"


NamesOfCollections = str | Iterable[str] | None


def as_names(collections: NamesOfCollections) -> tuple[str, ...]:
    """One collection name, several or None, as a tuple without repetitions."""
    if collections is None:
        return ()
    if isinstance(collections, str):
        return (collections,)
    return tuple(dict.fromkeys(collections))


def collections_for(variables_collections: Any, name: str) -> tuple[str, ...]:
    """The collections for variable `name`: `variables_collections` is one list for all, or a dict by name."""
    if isinstance(variables_collections, Mapping):
        variables_collections = variables_collections.get(name)
    return as_names(variables_collections)


def add_to_collection(collection: str, value: Any, name: str | None = None) -> None:
    """Adds `value` to a collection of the running program.

    Args:
      collection: the collection's name, made when new.
      value: an array, or anything else.
      name: what the value goes by in `Collected`; by default the current name scope.

    Raises:
      ProgramError: outside of a program, or inside a `scan`, `jit`, `vmap`, `grad` or `checkpoint` that was
        opened within the program (the value would not outlive it).
    """
    program = _program.require("add_to_collection")
    program.collect(collection, Item(collection if name is None else name, value))


def add_to_collections(collections: NamesOfCollections, value: Any, name: str | None = None) -> None:
    """Adds `value` to each of several collections."""
    for collection in as_names(collections):
        add_to_collection(collection, value, name)


def get_collection(collection: str, scope: str | None = None) -> list[Any]:
    """The values in a collection of the running program: of the variables that it lists, then what was added to it.

        sum(jnp.sum(weights**2) for weights in slim.get_collection(slim.GraphKeys.TRAINABLE_VARIABLES, "fc8"))

    Args:
      collection: its name; one that does not exist is empty.
      scope: a regular expression that names must match from their start; None means all.

    Returns:
      Arrays (or what else was added), each kind in the order in which it came. `get_variables` gives records instead.
    """
    return [item.value for item in named_collection(collection, scope)]


def named_collection(collection: str, scope: str | None = None) -> list[Item]:
    """As `get_collection`, each value with its name."""
    program = _program.require("get_collection")
    specs = listed(program.variables(), collection)
    found = matching([Item(spec.name, spec) for spec in specs], scope)
    variables = [Item(name, program.read_variable(name)) for name, _ in found]
    return variables + matching(program.collection(collection), scope)


def matching(items: list[Item], scope: str | None) -> list[Item]:
    """The items whose names begin with `scope`, a regular expression."""
    if not scope:
        return items
    import re

    pattern = re.compile(scope)
    return [item for item in items if pattern.match(item.name)]


def collect_named_outputs(collections: NamesOfCollections, alias: str, outputs: Any) -> Any:
    """Lists `outputs` under the name `alias` in each of `collections`, and returns them unchanged.

    What a layer does with its `outputs_collections`. `convert_collection_to_dict` reads them back, and
    `Model.collect` returns all of them as `end_points`.

    Args:
      collections: None, a name or several.
      alias: the name, such as 'vgg_16/conv1/conv1_1'. A trailing '/' is dropped.
      outputs: an array, or any tree of them.
    """
    for collection in as_names(collections):
        program = _program.current()
        if program is not None:
            program.collect(collection, NamedOutput(alias.removesuffix("/"), outputs))
    if collections:
        append_tensor_alias(outputs, alias)
    return outputs


class NamedOutput(Item):
    """A collected item that is a layer's output: it shows among the `end_points`."""


def convert_collection_to_dict(collection: str, clear_collection: bool = False) -> dict[str, Any]:
    """The outputs listed in a collection as a dict alias -> outputs; a later one wins over an earlier one.

    Args:
      collection: a name that layers were given as `outputs_collections`.
      clear_collection: whether to empty it afterwards.
    """
    program = _program.require("convert_collection_to_dict")
    found = {item.name: item.value for item in program.collection(collection)}
    if clear_collection:
        program.clear_collection(collection)
    return found


class Collections:
    """The storage behind a program's collections, and its watch over inner traces.

    An array made inside a `scan`, `jit`, `vmap`, `grad` or `checkpoint` does not exist outside of it. JAX
    would notice much later and without names, so every item is checked when it is added.
    """

    def __init__(self) -> None:
        self._items: dict[str, list[Item]] = {}
        self._trace = _trace_state()

    def check_trace(self, what: str) -> None:
        if self._trace != _trace_state():
            raise _program.ProgramError(
                f"{what} inside an inner jax.lax.scan, jit, vmap, grad or checkpoint: it cannot be collected, because "
                "arrays made there do not exist outside of it. Let slim open the inner trace: "
                "slim.repeat(..., scan=True) for a scan, slim.recompute_grad for a checkpoint. Or return the value "
                "from the inner function and collect it outside, or put the transformation around the whole model "
                "(jax.jit(model.apply), jax.vmap over model.collect, ...)."
            )

    def add(self, collection: str, item: Item) -> None:
        self.check_trace(f"collection {collection!r}: {item.name!r} was added")
        self._items.setdefault(collection, []).append(item)

    def get(self, collection: str) -> list[Item]:
        return list(self._items.get(collection, ()))

    def clear(self, collection: str) -> None:
        self._items.pop(collection, None)

    def __iter__(self) -> Any:
        return iter(list(self._items))


def _trace_state() -> Any:
    import jax.extend

    return jax.extend.core.get_opaque_trace_state()


def listed(specs: Mapping[str, VariableSpec], collection: str) -> list[VariableSpec]:
    """The variables that name `collection` among theirs, in the order in which they were made."""
    return [spec for spec in specs.values() if collection in spec.collections]


def by_name(items: Iterable[Item], rename: Callable[[str, int], str] | None = None) -> dict[str, Any]:
    """Items as a dict; a name that comes again gets '_1', '_2', ... as TensorFlow's do."""
    found: dict[str, Any] = {}
    for item in items:
        name, index = item.name, 0
        while name in found:
            index += 1
            name = f"{item.name}_{index}"
        found[name] = item.value
    return found
