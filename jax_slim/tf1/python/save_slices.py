"""Variables that are parts of a whole: which part, and what checkpoints call it."""

from typing import Any


class SaveSliceInfo:
    """Which part of a whole a variable is: `full_name`, `full_shape`, `var_offset`, `var_shape`."""

    def __init__(self, full_name: Any = None, full_shape: Any = None, var_offset: Any = None, var_shape: Any = None,
                 save_slice_info_def: Any = None, import_scope: str | None = None) -> None:  # fmt: skip
        if save_slice_info_def is not None:
            definition = save_slice_info_def
            full_name = f"{import_scope}/{definition.full_name}" if import_scope else definition.full_name
            full_shape, var_offset, var_shape = (
                list(definition.full_shape),
                list(definition.var_offset),
                list(definition.var_shape),
            )
        self.full_name, self.full_shape, self.var_offset, self.var_shape = full_name, full_shape, var_offset, var_shape

    @property
    def spec(self) -> str:
        """What a checkpoint calls the part: `6 4 0,3:0,4`."""
        parts = ":".join(f"{o},{s}" for o, s in zip(self.var_offset, self.var_shape, strict=True))
        return " ".join(str(s) for s in self.full_shape) + " " + parts

    def to_proto(self, export_scope: str | None = None) -> Any:
        from tensorboard.compat.proto import variable_pb2

        name = without_scope(self.full_name, export_scope)
        if name is None:
            return None
        return variable_pb2.SaveSliceInfoDef(  # pyright: ignore[reportAttributeAccessIssue] - made on import
            full_name=name, full_shape=self.full_shape, var_offset=self.var_offset, var_shape=self.var_shape
        )


def without_scope(name: str, scope: str | None) -> str | None:
    """A name without the scope in front; None where it is not in the scope."""
    if not scope:
        return name
    prefix = scope.rstrip("/") + "/"
    return name[len(prefix) :] if name.startswith(prefix) else None
