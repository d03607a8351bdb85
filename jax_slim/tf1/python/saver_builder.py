"""The nodes of savers: `save/SaveV2`, `save/RestoreV2`, `save/Assign`, ..., and what can be saved."""

from typing import Any

from jax_slim.tf1.files import protos
from jax_slim.tf1.graph import building, conversion, dtypes, graphs
from jax_slim.tf1.graph.tensors import Operation, Tensor
from jax_slim.tf1.python import control_flow, partitioned, state_ops, variables

V1, V2 = 1, 2


class SaveSpec:
    """One tensor of what is saved: its name in the checkpoint, and which part of a whole it is."""

    def __init__(self, tensor: Any, slice_spec: str, name: str, dtype: Any = None, device: Any = None) -> None:
        self._tensor, self.slice_spec, self.name = tensor, slice_spec, name
        self.dtype = dtype if dtype is not None else tensor.dtype
        self.device = device

    @property
    def tensor(self) -> Any:
        return self._tensor() if callable(self._tensor) and not isinstance(self._tensor, Tensor) else self._tensor


class SaveableObject:
    """What can be saved and restored: a variable, a table, or what a program defines.

    One of a program's own defines `restore(restored_tensors, restored_shapes)`: an operation that restores it.
    """

    def __init__(self, op: Any, specs: Any, name: str) -> None:
        self.op, self.specs, self.name = op, specs, name

    @property
    def device(self) -> Any:
        device = self.specs[0].device
        return (device() if callable(device) else device) or getattr(self.specs[0].tensor, "device", "")

    def restore(self, restored_tensors: Any, restored_shapes: Any) -> Any:
        raise ValueError("Calling an abstract method.")


class VariableSaveable(SaveableObject):
    """A reference variable."""

    def __init__(self, var: Any, slice_spec: str, name: str) -> None:
        super().__init__(var, [SaveSpec(var, slice_spec, name, dtype=var.dtype)], name)

    def restore(self, restored_tensors: Any, restored_shapes: Any) -> Any:
        value = restored_tensors[0]
        if restored_shapes is not None:
            value = building.make("Reshape", value, restored_shapes[0])
        whole = self.op.get_shape().is_fully_defined()
        return state_ops.assign(self.op, value, validate_shape=restored_shapes is None and whole)


class ResourceVariableSaveable(SaveableObject):
    """A resource variable."""

    def __init__(self, var: Any, slice_spec: str, name: str) -> None:
        self._variable = var
        tensor = var._snapshot_element()
        super().__init__(var, [SaveSpec(tensor, slice_spec, name, dtype=var.dtype)], name)

    def restore(self, restored_tensors: Any, restored_shapes: Any) -> Any:
        value = restored_tensors[0]
        if restored_shapes is not None:
            value = building.make("Reshape", value, restored_shapes[0])
        value = building.make("Identity", value)
        return building.make("AssignVariableOp", self._variable.handle, value)


def _is_resource(var: Any) -> bool:
    return bool(getattr(var, "_is_resource", False))


def names_to_saveables(var_list: Any) -> dict[str, Any]:
    """Names in the checkpoint -> what is saved under them: a variable, or a list of a whole's parts.

    Raises:
      TypeError: what cannot be saved.
      ValueError: two of one name.
    """
    if isinstance(var_list, dict):
        return dict(var_list)
    found: dict[str, Any] = {}
    for var in sorted(var_list, key=lambda v: v.name):
        if isinstance(var, SaveableObject):
            found[var.name] = var
        elif isinstance(var, partitioned.PartitionedVariable):
            _once(var.name, found)
            found[var.name] = var
        elif isinstance(var, variables.Variable) and var._save_slice_info is not None:
            name = var._save_slice_info.full_name
            if not isinstance(found.get(name, []), list):
                raise ValueError(f"Mixing slices and non-slices with the same name: {name}")
            found.setdefault(name, []).append(var)
        elif isinstance(var, variables.Variable):
            _once(var.op.name, found)
            found[var.op.name] = var
        else:
            var = conversion.convert_to_tensor(var, as_ref=True)
            if not _is_variable_tensor(var):
                raise TypeError(f"Variable to save is not a Variable: {var}")
            name = var.op._inputs[0].op.name if var.op.type == "ReadVariableOp" else var.op.name
            _once(name, found)
            found[name] = var
    return found


def _once(name: str, found: dict[str, Any]) -> None:
    if name in found:
        raise ValueError(f"At least two variables have the same name: {name}")


def _is_variable_tensor(tensor: Tensor) -> bool:
    return tensor.op.type in ("Variable", "VariableV2", "AutoReloadVariable", "VarHandleOp", "ReadVariableOp")


def saveables_of(given: dict[str, Any]) -> list[SaveableObject]:
    """What is saved, by the order of names; parts of a whole one by one.

    Raises:
      TypeError: what cannot be saved.
      ValueError: a variable that is there twice.
    """
    found: list[SaveableObject] = []
    seen: set[int] = set()
    for name, item in sorted(given.items(), key=lambda entry: entry[0]):
        for saveable in _saveables(name, item):
            if id(saveable.op) in seen:
                raise ValueError(f"The same saveable will be restored with two names: {name}")
            seen.add(id(saveable.op))
            found.append(saveable)
    return found


def _saveables(name: str, item: Any) -> Any:
    if not isinstance(name, str):
        raise TypeError(
            f"names_to_saveables must be a dict mapping string names to trackable operations. Name is not a string: {name}"
        )
    if isinstance(item, SaveableObject):
        yield item
    elif isinstance(item, list | tuple | partitioned.PartitionedVariable):
        parts = [item] if not isinstance(item, list | tuple | partitioned.PartitionedVariable) else list(item)
        for part in parts:
            info = part._save_slice_info
            if info is None:
                raise ValueError(f"Slices must all be slices: {part}")
            if (
                info.full_name != name
                and isinstance(item, partitioned.PartitionedVariable)
                and item.name != info.full_name
            ):
                raise ValueError(f"Slices must all be from the same tensor: {name} != {info.full_name}")
            yield _saveable(part, info.spec, name)
    elif isinstance(item, variables.Variable):
        info = item._save_slice_info
        yield _saveable(item, info.spec if info is not None else "", name)
    else:
        tensor = conversion.convert_to_tensor(item, as_ref=True)
        if not _is_variable_tensor(tensor):
            raise TypeError(
                f"names_to_saveables must be a dict mapping string names to Tensors/Variables. Not a variable: {tensor}"
            )
        yield VariableSaveable(tensor, "", name)


def _saveable(var: Any, spec: str, name: str) -> SaveableObject:
    return ResourceVariableSaveable(var, spec, name) if _is_resource(var) else VariableSaveable(var, spec, name)


class SaverBuilder:
    """Makes the nodes of savers. One of a program's own may define `save_op` and `restore_op`."""

    SaveableObject = SaveableObject
    SaveSpec = SaveSpec
    VariableSaveable = VariableSaveable
    ResourceVariableSaveable = ResourceVariableSaveable

    def __init__(self, write_version: int = V2) -> None:
        self._write_version = write_version

    def save_op(self, filename_tensor: Tensor, saveables: Any) -> Operation:
        """The node that saves."""
        specs = [spec for saveable in saveables for spec in saveable.specs]
        names, slices = [s.name for s in specs], [s.slice_spec for s in specs]
        tensors = [conversion.convert_to_tensor(s.tensor, as_ref=not s.slice_spec) for s in specs]
        if self._write_version == V1:
            return building.make("SaveSlices", filename_tensor, names, slices, tensors, name="save")
        return building.make("SaveV2", filename_tensor, names, slices, tensors)

    def bulk_restore(
        self, filename_tensor: Tensor, saveables: Any, preferred_shard: int, restore_sequentially: bool
    ) -> list[Tensor]:
        """The tensors that are restored, one after the other."""
        specs = [spec for saveable in saveables for spec in saveable.specs]
        kinds = [dtypes.as_dtype(s.dtype).base_dtype for s in specs]
        with graphs.device("cpu:0"):
            found = building.make(
                "RestoreV2", filename_tensor, [s.name for s in specs], [s.slice_spec for s in specs], dtypes=kinds
            )
        return list(found) if isinstance(found, list | tuple) else [found]

    def restore_op(self, filename_tensor: Tensor, saveable: Any, preferred_shard: int) -> list[Tensor]:
        """The tensors of one of what is saved."""
        return self.bulk_restore(filename_tensor, [saveable], preferred_shard, False)

    def build(
        self,
        names_to_saveables_: Any,
        reshape: bool = False,
        sharded: bool = False,
        max_to_keep: int = 5,
        keep_checkpoint_every_n_hours: float = 10000.0,
        name: str | None = None,
        restore_sequentially: bool = False,
        filename: str = "model",
    ) -> Any:
        """Makes the nodes; gives the SaverDef that names them."""
        given = names_to_saveables(names_to_saveables_)
        found = saveables_of(given)
        with graphs.name_scope(name, "save", [s.op for s in found]):
            path = building.make("PlaceholderWithDefault", filename or "model", shape=[], name="filename")
            path = building.make("PlaceholderWithDefault", path, shape=[], name="Const")
            if sharded:
                groups = _by_device(found)
                saved = self._save_sharded(path, groups)
                restored = self._restore_sharded(path, groups, restore_sequentially, reshape)
            else:
                saved = self._save(path, found)
                restored = self._restore(path, found, restore_sequentially, reshape, name="restore_all")
        return protos.SaverDef(
            filename_tensor_name=path.name,
            save_tensor_name=saved.name,
            restore_op_name=restored.name,
            max_to_keep=max_to_keep,
            sharded=sharded,
            keep_checkpoint_every_n_hours=keep_checkpoint_every_n_hours,
            version=self._write_version,
        )

    def _save(self, path: Tensor, saveables: Any) -> Tensor:
        return control_flow.with_dependencies([self.save_op(path, saveables)], path)

    def _restore(
        self, path: Tensor, saveables: Any, sequentially: bool, reshape: bool, name: str, shard: int = -1
    ) -> Operation:
        tensors = self.bulk_restore(path, saveables, shard, sequentially)
        assigned: list[Any] = []
        for saveable in saveables:
            mine, tensors = tensors[: len(saveable.specs)], tensors[len(saveable.specs) :]
            shapes = None
            if reshape:
                shapes = [_shape_of(saveable.op)] * len(mine)
            with graphs.control_dependencies(assigned[-1:] if sequentially else []):
                assigned.append(saveable.restore(mine, shapes))
        with graphs.control_dependencies([a.op if isinstance(a, Tensor) else a for a in assigned]):
            return control_flow.no_op(name=name)

    def _save_sharded(self, path: Tensor, groups: list[tuple[str, list[Any]]]) -> Tensor:
        # Each shard is written beside the checkpoint, in a folder of its own, and then all are put together.
        on_object_store = building.make("StaticRegexFullMatch", path, pattern="^s3://.*")
        part, folder = conversion.constant(".part"), conversion.constant("_temp/part")
        suffix = building.make("Select", on_object_store, part, folder)
        beginning = building.make("StringJoin", [path, suffix])
        if self._write_version == V1:
            beginning = path
        count = conversion.constant(len(groups), name="num_shards")
        shards = []
        for place, (device, saveables) in enumerate(groups):
            with graphs.device(device):
                name = building.make("ShardedFilename", beginning, place, count)
                shards.append(self._save(name, saveables))
        if self._write_version == V1:
            with graphs.control_dependencies([s.op for s in shards]):
                return building.make("ShardedFilespec", path, count)
        with graphs.control_dependencies([s.op for s in shards]):
            merge = building.make("MergeV2Checkpoints", [s.op._inputs[0] for s in shards], path, delete_old_dirs=True)
        with graphs.control_dependencies([*(s.op for s in shards), merge]):
            return building.make("Identity", path)

    def _restore_sharded(
        self, path: Tensor, groups: list[tuple[str, list[Any]]], sequentially: bool, reshape: bool
    ) -> Operation:
        parts = []
        for place, (device, saveables) in enumerate(groups):
            with graphs.device(device):
                parts.append(self._restore(path, saveables, sequentially, reshape, "restore_shard", place))
        return control_flow.group(*parts, name="restore_all")


BulkSaverBuilder = BaseSaverBuilder = SaverBuilder


def _by_device(saveables: list[SaveableObject]) -> list[tuple[str, list[SaveableObject]]]:
    groups: dict[str, list[SaveableObject]] = {}
    for saveable in saveables:
        groups.setdefault(_host_of(saveable.device), []).append(saveable)
    return sorted(groups.items())


def _host_of(device: str) -> str:
    """The processor beside a device: what writes files."""
    return device.partition("/device:")[0] + ("/device:CPU:0" if "/device:" in device else "")


def _shape_of(op: Any) -> Any:
    shape = op.get_shape()
    return shape.as_list() if shape.is_fully_defined() else building.make("Shape", op)
