"""`tf.train.Checkpoint`: variables saved by where they stand in objects, in files that TensorFlow reads."""

import os
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from jax_slim.tf1.files import checkpoints, protos
from jax_slim.tf1.graph import errors, graphs
from jax_slim.tf1.python import (
    checkpoint_management,
    keras_optimizers,
    keras_sessions,
    layer_base,
    optimizers,
)
from jax_slim.tf1.python.variables import Variable

_GRAPH_KEY = "_CHECKPOINTABLE_OBJECT_GRAPH"
_VALUE = "VARIABLE_VALUE"


def _escaped(name: str) -> str:
    return name.replace(".", "..").replace("/", ".S")


def children(thing: Any) -> Iterator[tuple[str, Any]]:
    """(name, object) of what an object holds, in TensorFlow's order and under its names."""
    seen: set[str] = set()
    for name, child in _children(thing):
        if name not in seen and _is_trackable(child):
            seen.add(name)
            yield name, child


def _children(thing: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(thing, Variable):
        return
    if isinstance(thing, dict):
        yield from ((str(key), value) for key, value in thing.items())
    elif isinstance(thing, list | tuple):
        yield from ((str(place), value) for place, value in enumerate(thing))
    elif isinstance(thing, keras_optimizers.Optimizer):
        if thing.iterations_ is not None:
            yield "iter", thing.iterations_
            yield from sorted(thing._made.items())
    elif isinstance(thing, optimizers.Optimizer):
        graph = graphs.get_default_graph()
        yield from sorted((name, v) for (name, owner), v in thing._non_slot_dict.items() if owner is graph)
    elif isinstance(thing, keras_optimizers.TFOptimizer):
        yield "optimizer", thing.optimizer
    elif isinstance(thing, layer_base.Layer):
        yield from _of_layer(thing)
    elif isinstance(thing, Checkpoint):
        yield from thing._kept.items()
    elif hasattr(thing, "__dict__"):
        yield from thing.__dict__.items()


def _of_layer(layer: Any) -> Iterator[tuple[str, Any]]:
    chain = layer.layers if layer.__dict__.get("_network_layers") or "_chain" in layer.__dict__ else []
    weighty = 0
    for place, child in enumerate(chain):
        if child.weights:
            yield f"layer_with_weights-{weighty}", child
            weighty += 1
        yield f"layer-{place}", child
    own = [*layer._trainable_weights, *layer._non_trainable_weights]
    for variable in own:
        attribute = next((k for k, v in layer.__dict__.items() if v is variable), None)
        yield attribute or variable.op.name.rpartition("/")[2], variable
    hidden = {"_inbound", "_network_layers", "_chain", "_nodes", "_trainable_weights", "_non_trainable_weights"}
    for name, value in layer.__dict__.items():
        if name not in hidden and _holds(value):
            yield name, value


def _holds(value: Any) -> bool:
    """Whether an attribute of a layer is something that is saved."""
    if isinstance(value, dict):
        return any(_holds(v) for v in value.values())
    if isinstance(value, list | tuple):
        return any(_holds(v) for v in value)
    return isinstance(
        value,
        Variable | layer_base.Layer | keras_optimizers.Optimizer | keras_optimizers.TFOptimizer | optimizers.Optimizer,
    )


def _is_trackable(thing: Any) -> bool:
    return _holds(thing) or isinstance(thing, Checkpoint) or hasattr(thing, "_trackable_module")


class _Place(NamedTuple):
    thing: Any
    path: str


def _walk(root: Any) -> list[_Place]:
    """All objects below a root, breadth first, each with the first path to it."""
    found, seen = [_Place(root, "")], {id(root)}
    for place in found:
        for name, child in children(place.thing):
            if id(child) not in seen:
                seen.add(id(child))
                found.append(_Place(child, f"{place.path}/{_escaped(name)}" if place.path else _escaped(name)))
    return found


def _slots(places: list[_Place]) -> Iterator[tuple[int, int, str, Any]]:
    """(number of the optimizer, of the variable, the slot's name, the slot) of all optimizers."""
    numbers = {id(p.thing): n for n, p in enumerate(places)}
    for number, (thing, _) in enumerate(places):
        if isinstance(thing, keras_optimizers.Optimizer | optimizers.Optimizer):
            for name in thing.get_slot_names():
                for place in places:
                    slot = thing.get_slot(place.thing, name) if isinstance(place.thing, Variable) else None
                    if slot is not None:
                        yield number, numbers[id(place.thing)], name, slot


def save(root: Any, prefix: str, session: Any) -> str:
    """Writes the variables of an object, and of all that it holds; gives the prefix of the files."""
    places = _walk(root)
    numbers = {id(p.thing): n for n, p in enumerate(places)}
    graph = protos.TrackableObjectGraph()
    tensors: dict[str, Any] = {}
    for place in places:
        node = graph.nodes.add()
        for name, child in children(place.thing):
            node.children.add(node_id=numbers[id(child)], local_name=name)
        if isinstance(place.thing, Variable):
            _add_value(node, f"{place.path}/.ATTRIBUTES/{_VALUE}", place.thing, tensors)
    for number, variable, name, slot in _slots(places):
        path = f"{places[variable].path}/.OPTIMIZER_SLOT/{places[number].path}/{_escaped(name)}"
        known = numbers.get(id(slot))
        if known is None:
            known = len(graph.nodes)
            _add_value(graph.nodes.add(), f"{path}/.ATTRIBUTES/{_VALUE}", slot, tensors)
        graph.nodes[number].slot_variables.add(
            original_variable_node_id=variable, slot_name=name, slot_variable_node_id=known
        )
    values = session.run(tensors) if tensors else {}
    text = np.empty((), object)
    text[()] = graph.SerializeToString()
    values[_GRAPH_KEY] = text
    folder = os.path.dirname(prefix)
    if folder:
        os.makedirs(folder, exist_ok=True)
    names = sorted(values)
    checkpoints.save(prefix, names, [""] * len(names), [np.asarray(values[n]) for n in names])
    checkpoint_management.update_checkpoint_state(folder or ".", prefix, save_relative_paths=True)
    return prefix


def _add_value(node: Any, key: str, variable: Any, tensors: dict[str, Any]) -> None:
    node.attributes.add(name=_VALUE, full_name=variable.op.name, checkpoint_key=key)
    tensors[key] = variable


class Status:
    """What became of a restoring: what is asserted, and when values are put into variables.

    Values are read when `initialize_or_restore` or `run_restore_ops` is called, into the variables that there are by then.
    """

    def __init__(self, root: Any, reader: Any) -> None:
        self._root, self._reader = root, reader
        self._graph = protos.TrackableObjectGraph.FromString(bytes(reader.get_tensor(_GRAPH_KEY)))

    def _matched(self) -> tuple[dict[str, Any], set[int]]:
        """Keys in the checkpoint -> variables; and which of its nodes were found."""
        found, stack, seen = {}, [(self._root, 0)], {}
        while stack:
            thing, number = stack.pop(0)
            if id(thing) in seen:
                continue
            seen[id(thing)] = number
            node = self._graph.nodes[number]
            if isinstance(thing, Variable):
                found.update({a.checkpoint_key: thing for a in node.attributes if a.name == _VALUE})
            names = {c.local_name: c.node_id for c in node.children}
            stack.extend((child, names[name]) for name, child in children(thing) if name in names)
        by_number = {number: identity for identity, number in seen.items()}
        places = {id(p.thing): p.thing for p in _walk(self._root)}
        reached = set(seen.values())
        for number in list(reached):
            for slot in self._graph.nodes[number].slot_variables:
                owner = places.get(by_number[number])
                variable = places.get(by_number.get(slot.original_variable_node_id, -1))
                mine = None if variable is None or owner is None else owner.get_slot(variable, slot.slot_name)
                if mine is not None:
                    reached.add(slot.slot_variable_node_id)
                    found.update(
                        {a.checkpoint_key: mine for a in self._graph.nodes[slot.slot_variable_node_id].attributes}
                    )
        return found, reached

    def run_restore_ops(self, session: Any = None) -> None:
        """Gives the variables their values.

        Raises:
          InvalidArgumentError: a value has another shape than its variable; nothing is changed.
        """
        session = session or graphs.get_default_session() or keras_sessions.get_session()
        found, _ = self._matched()
        values = {key: np.asarray(self._reader.get_tensor(key)) for key in found}
        for key, variable in found.items():
            if not variable.shape.is_compatible_with(values[key].shape):
                raise errors.InvalidArgumentError(
                    None,
                    None,
                    f"Shape of {variable.op.name} is {variable.shape}, in the checkpoint {values[key].shape} ({key}).",
                )
        for key, variable in found.items():
            variable.load(values[key], session)

    def initialize_or_restore(self, session: Any = None) -> None:
        """`run_restore_ops`, and first values for the variables that the checkpoint has not."""
        session = session or graphs.get_default_session() or keras_sessions.get_session()
        found, _ = self._matched()
        restored = {id(v) for v in found.values()}
        places = _walk(self._root)
        every = [p.thing for p in places if isinstance(p.thing, Variable)] + [slot for *_, slot in _slots(places)]
        session.run([v.initializer for v in every if id(v) not in restored])
        self.run_restore_ops(session)

    def assert_consumed(self) -> "Status":
        """Raises AssertionError where the checkpoint has what no object has, or the other way round."""
        self.assert_existing_objects_matched()
        _, reached = self._matched()
        for number, node in enumerate(self._graph.nodes):
            if number not in reached and node.attributes:
                raise AssertionError(f"Unresolved object in checkpoint: {node.attributes[0].checkpoint_key}")
        return self

    def assert_existing_objects_matched(self) -> "Status":
        """Raises AssertionError where a variable has no value in the checkpoint."""
        found, _ = self._matched()
        restored = {id(v) for v in found.values()}
        for place in _walk(self._root):
            if isinstance(place.thing, Variable) and id(place.thing) not in restored:
                raise AssertionError(f"Object not assigned a value from checkpoint: {place.thing}")
        return self

    assert_nontrivial_match = assert_existing_objects_matched

    def expect_partial(self) -> "Status":
        """Says that part of the checkpoint is meant to be left."""
        return self


class _Nothing(Status):
    """The status of restoring from nowhere (`latest_checkpoint` of an empty folder)."""

    def __init__(self, root: Any) -> None:
        self._root, self._graph = root, protos.TrackableObjectGraph()
        self._graph.nodes.add()


def restore(root: Any, prefix: str) -> Status:
    """A Status that gives the variables of an object their values from a checkpoint.

    Raises:
      NotFoundError: there is no such checkpoint.
      ValueError: it is one by variables' names.
    """
    reader = checkpoints.CheckpointReader(prefix)
    if not reader.has_tensor(_GRAPH_KEY):
        raise ValueError(
            f"restore: the checkpoint must be one of objects, got one by names, {prefix!r}. tf.train.Saver restores it."
        )
    return Status(root, reader)


class Checkpoint:
    """`Checkpoint(model=model, optimizer=optimizer)`: objects whose variables are saved and restored together.

    Attributes:
      save_counter: a variable that counts `save`.
    """

    _kept: dict[str, Any]

    def __init__(self, **kwargs: Any) -> None:
        object.__setattr__(self, "_kept", {})
        for name, value in sorted(kwargs.items()):
            if not (
                _holds(value)
                or isinstance(value, Checkpoint)
                or hasattr(value, "__dict__")
                or isinstance(value, list | dict)
            ):
                raise ValueError(
                    f"`Checkpoint` was expecting a trackable object (an object derived from `TrackableBase`), got {value}."
                )
            setattr(self, name, value)

    def __setattr__(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)
        self._kept[name] = value

    def _counter(self) -> Any:
        if "save_counter" not in self._kept:
            with graphs.name_scope(None), graphs.device("cpu:0"):
                from jax_slim.tf1.graph import conversion, dtypes

                made = Variable(
                    conversion.constant(0, dtypes.int64), name="save_counter", trainable=False, use_resource=True
                )
                keras_sessions.note_variable(made)
            self.save_counter = made
        return self._kept["save_counter"]

    def write(self, file_prefix: str, session: Any = None) -> str:
        """Saves under exactly this prefix, without counting."""
        return save(self, file_prefix, session or keras_sessions.get_session())

    def save(self, file_prefix: str, session: Any = None) -> str:
        """Saves as `<file_prefix>-<number>`, counting; gives that prefix."""
        counter = self._counter()
        session = session or keras_sessions.get_session()
        if not session.run(counter.is_initialized()):
            session.run(counter.initializer)
        number = int(session.run(counter)) + 1
        counter.load(number, session)
        return save(self, f"{file_prefix}-{number}", session)

    def restore(self, save_path: Any) -> Status:
        """A `Status`: its `initialize_or_restore()` or `run_restore_ops()` gives the variables their values. None is nowhere."""
        self._counter()
        return _Nothing(self) if save_path is None else restore(self, str(save_path))


class CheckpointManager:
    """Saves a Checkpoint into a folder and keeps the newest.

    Args:
      max_to_keep: how many; all when None.
      checkpoint_name: `<checkpoint_name>-<number>`.
    """

    def __init__(self, checkpoint: Checkpoint, directory: str, max_to_keep: int | None, keep_checkpoint_every_n_hours: Any = None,
                 checkpoint_name: str = "ckpt") -> None:  # fmt: skip
        if max_to_keep is not None and max_to_keep <= 0:
            raise ValueError(f"Expected a positive integer or `None` for `max_to_keep`, got {max_to_keep}.")
        self._checkpoint, self._directory, self._most, self._name = checkpoint, directory, max_to_keep, checkpoint_name
        state = checkpoint_management.get_checkpoint_state(directory)
        self._kept = [] if state is None else list(state.all_model_checkpoint_paths)

    @property
    def checkpoints(self) -> list[str]:
        """The prefixes that are kept, oldest first."""
        return list(self._kept)

    @property
    def latest_checkpoint(self) -> str | None:
        """The newest prefix, or None."""
        return self._kept[-1] if self._kept else None

    def save(self, checkpoint_number: Any = None, session: Any = None) -> str:
        """Saves; gives the prefix."""
        prefix = os.path.join(self._directory, self._name)
        if checkpoint_number is None:
            path = self._checkpoint.save(prefix, session)
        else:
            session = session or keras_sessions.get_session()
            number = int(session.run(checkpoint_number)) if hasattr(checkpoint_number, "op") else int(checkpoint_number)
            path = self._checkpoint.write(f"{prefix}-{number}", session)
        self._kept = [p for p in self._kept if p != path] + [path]
        while self._most is not None and len(self._kept) > self._most:
            checkpoint_management.remove_checkpoint(self._kept.pop(0))
        checkpoint_management.update_checkpoint_state(self._directory, path, self._kept, save_relative_paths=True)
        return path
