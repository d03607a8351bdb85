"""`tf.train.Saver`: nodes that save and restore variables, numbered checkpoints, and which of them are kept."""

import os
import threading
import time
from typing import Any

from jax_slim.tf1.files import protos
from jax_slim.tf1.graph import errors
from jax_slim.tf1.graph.collections import GraphKeys
from jax_slim.tf1.python import (
    checkpoint_management,
    logging,
    meta_graph,
    saver_builder,
    variables,
)
from jax_slim.tf1.python import (
    global_step as steps,
)


class Saver:
    """Saves and restores variables.

    Args:
      var_list: variables, or a mapping from names in the checkpoint to variables; all that can be saved by default.
      reshape: let a variable have another shape in the checkpoint, with as many elements.
      sharded: save each device's variables in a file of its own, put together at the end.
      max_to_keep: how many checkpoints are kept; None or 0 keeps all.
      keep_checkpoint_every_n_hours: keep one for ever so often.
      name: the name scope of its nodes.
      restore_sequentially: restore one variable after the other.
      saver_def: a SaverDef whose nodes are in the graph already.
      defer_build: make the nodes in `build()`.
      allow_empty: accept a graph without variables.
      write_version: SaverDef.V2, or SaverDef.V1, the old format.
      pad_step_number: steps of eight digits in names.
      save_relative_paths: write paths in state files relative to their folder.
      filename: the default name, in the graph.

    Raises:
      ValueError: there are no variables.
    """

    def __init__(
        self,
        var_list: Any = None,
        reshape: bool = False,
        sharded: bool = False,
        max_to_keep: Any = 5,
        keep_checkpoint_every_n_hours: float = 10000.0,
        name: str | None = None,
        restore_sequentially: bool = False,
        saver_def: Any = None,
        builder: Any = None,
        defer_build: bool = False,
        allow_empty: bool = False,
        write_version: int = 2,
        pad_step_number: bool = False,
        save_relative_paths: bool = False,
        filename: str | None = None,
    ) -> None:
        if defer_build and var_list:
            raise ValueError(
                "If `var_list` is provided then build cannot be deferred. Either set defer_build=False or var_list=None."
            )
        if saver_def is not None and not hasattr(saver_def, "restore_op_name"):
            raise ValueError(f"saver_def must be a saver_pb2.SaverDef: {saver_def}")
        self._var_list, self._reshape, self._sharded, self._name = var_list, reshape, sharded, name
        self._max_to_keep, self._hours = max_to_keep, keep_checkpoint_every_n_hours
        self._restore_sequentially, self._builder, self._allow_empty = restore_sequentially, builder, allow_empty
        self._write_version, self._pad_step_number, self._filename = write_version, pad_step_number, filename
        self._save_relative_paths = save_relative_paths
        self.saver_def: Any = saver_def
        self._is_built = self._is_empty = False
        self._last_checkpoints: list[tuple[str, float]] = []
        self._to_delete: list[tuple[str, float]] = []
        self._next_kept = 0.0
        self._saving = threading.RLock()
        if not defer_build:
            self.build()
        if self.saver_def:
            self._check_saver_def()
            self._write_version = self.saver_def.version

    def build(self) -> None:
        """Makes the nodes."""
        if self._is_built:
            return
        self._is_built = True
        if not self.saver_def:
            if self._var_list is None:
                self._var_list = variables._all_saveable_objects()
            if not self._var_list:
                if not self._allow_empty:
                    raise ValueError("No variables to save")
                self._is_empty = True
                return
            builder = self._builder or saver_builder.SaverBuilder(self._write_version)
            self.saver_def = builder.build(
                self._var_list,
                reshape=self._reshape,
                sharded=self._sharded,
                max_to_keep=self._max_to_keep or 0,
                keep_checkpoint_every_n_hours=self._hours,
                name=self._name,
                restore_sequentially=self._restore_sequentially,
                filename=self._filename or "model",
            )
        elif self.saver_def and self._name:  # the nodes were imported below a scope
            for field in ("filename_tensor_name", "save_tensor_name", "restore_op_name"):
                setattr(
                    self.saver_def, field, meta_graph.prepend_name_scope(getattr(self.saver_def, field), self._name)
                )
        self._check_saver_def()
        self._next_kept = time.time() + self.saver_def.keep_checkpoint_every_n_hours * 3600

    def _check_saver_def(self) -> None:
        if not self.saver_def.save_tensor_name:
            raise ValueError(f"saver_def must specify the save_tensor_name: {self.saver_def}")
        if not self.saver_def.restore_op_name:
            raise ValueError(f"saver_def must specify the restore_op_name: {self.saver_def}")

    def as_saver_def(self) -> Any:
        """The SaverDef."""
        return self.saver_def

    def to_proto(self, export_scope: str | None = None) -> Any:
        """The SaverDef, with names inside of a scope; None where they are not in it."""
        if export_scope is None:
            return self.saver_def
        names = (self.saver_def.filename_tensor_name, self.saver_def.save_tensor_name, self.saver_def.restore_op_name)
        if not all(name.startswith(export_scope) for name in names):
            return None
        made = protos.SaverDef()
        made.CopyFrom(self.saver_def)
        for field in ("filename_tensor_name", "save_tensor_name", "restore_op_name"):
            setattr(made, field, meta_graph.strip_name_scope(getattr(made, field), export_scope))
        return made

    @staticmethod
    def from_proto(saver_def: Any, import_scope: str | None = None) -> "Saver":
        """A saver of a SaverDef."""
        return Saver(saver_def=saver_def, name=import_scope)

    # Which checkpoints there are.

    @property
    def last_checkpoints(self) -> list[str]:
        """The prefixes of the checkpoints that are kept, the latest last."""
        return [path for path, _ in self._last_checkpoints]

    def set_last_checkpoints(self, last_checkpoints: Any) -> None:
        """Tells it of checkpoints that were saved before, without times."""
        self.set_last_checkpoints_with_time([(path, float("inf")) for path in last_checkpoints])

    def set_last_checkpoints_with_time(self, last_checkpoints_with_time: Any) -> None:
        """Tells it of checkpoints that were saved before: (prefix, time)."""
        if not isinstance(last_checkpoints_with_time, list):
            raise AssertionError("last_checkpoints must be a list.")
        self._last_checkpoints = list(last_checkpoints_with_time)

    def recover_last_checkpoints(self, checkpoint_paths: Any) -> None:
        """Tells it of checkpoints that were saved before; those that are not there are left out."""
        found = []
        for path in checkpoint_paths:
            times = checkpoint_management.get_checkpoint_mtimes([path])
            if times:
                found.append((path, times[0]))
        self.set_last_checkpoints_with_time(found)

    def _record(self, path: str) -> None:
        if not self.saver_def.max_to_keep:
            return
        self._last_checkpoints = [entry for entry in self._last_checkpoints if entry[0] != path]
        self._last_checkpoints.append((path, time.time()))
        if len(self._last_checkpoints) > self.saver_def.max_to_keep:
            self._to_delete.append(self._last_checkpoints.pop(0))

    def _maybe_delete_old(self, meta_graph_suffix: str) -> None:
        if not self._to_delete:
            return
        path, when = self._to_delete.pop(0)
        if when > self._next_kept:
            self._next_kept += self.saver_def.keep_checkpoint_every_n_hours * 3600
            return
        try:
            checkpoint_management.remove_checkpoint(path, self.saver_def.version, meta_graph_suffix)
        except OSError as error:
            logging.warning("Ignoring: %s", error)

    # Saving and restoring.

    def save(
        self,
        sess: Any,
        save_path: Any,
        global_step: Any = None,
        latest_filename: str | None = None,
        meta_graph_suffix: str = "meta",
        write_meta_graph: bool = True,
        write_state: bool = True,
        strip_default_attrs: bool = False,
        save_debug_info: bool = False,
    ) -> str | None:
        """Saves the variables of a session.

        Args:
          save_path: the prefix of the files.
          global_step: a number, or a tensor or variable, that comes behind it: `model.ckpt-1200`.
          latest_filename: the state file in the same folder: 'checkpoint' by default.

        Returns:
          The prefix with the step.

        Raises:
          ValueError: the folder is not there, or names collide.
        """
        if not self._is_built:
            raise RuntimeError("`build()` should be called before save if defer_build==True")
        if not hasattr(sess, "run") or (not hasattr(sess, "graph") and not hasattr(sess, "_sess")):
            raise TypeError(f"'sess' must be a Session; {sess}")
        latest_filename = latest_filename or "checkpoint"
        if os.path.split(latest_filename)[0]:
            raise ValueError("'latest_filename' must not contain path components")
        save_path = checkpoint_management._path(save_path)
        # A supervisor's thread saves beside the program: the checkpoint that is begun last must be the latest one.
        with self._saving:
            if global_step is not None:
                if not isinstance(global_step, int):
                    global_step = (
                        steps.global_step(sess, global_step)
                        if hasattr(global_step, "graph") or hasattr(global_step, "op")
                        else int(global_step)
                    )
                path = f"{save_path}-{global_step:08d}" if self._pad_step_number else f"{save_path}-{global_step}"
            else:
                path = save_path
                if os.path.basename(save_path) == latest_filename and not self._sharded:
                    raise ValueError(
                        f"'latest_filename' collides with 'save_path': '{latest_filename}' and '{save_path}'"
                    )
            if self._write_version == 1:
                logging.warning(
                    "TensorFlow's V1 checkpoint format has been deprecated. Consider switching to the more efficient V2 format."
                )
            folder, saved = os.path.dirname(save_path), None
            if not self._is_empty:
                try:
                    saved = sess.run(self.saver_def.save_tensor_name, {self.saver_def.filename_tensor_name: path})
                except (errors.FailedPreconditionError, errors.NotFoundError) as error:
                    if folder and not os.path.isdir(folder):
                        raise ValueError(f"Parent directory of {save_path} doesn't exist, can't save.") from error
                    raise
                saved = saved.decode() if isinstance(saved, bytes) else str(saved)
                if write_state:
                    self._record(saved)
                    checkpoint_management.update_checkpoint_state(
                        folder,
                        saved,
                        self.last_checkpoints,
                        latest_filename,
                        save_relative_paths=self._save_relative_paths,
                    )
                    self._maybe_delete_old(meta_graph_suffix)
            if write_meta_graph:
                with sess.graph.as_default():
                    self.export_meta_graph(
                        checkpoint_management.meta_graph_filename(path, meta_graph_suffix),
                        strip_default_attrs=strip_default_attrs,
                    )
            return saved

    def restore(self, sess: Any, save_path: Any) -> None:
        """Gives the variables of a session the values of a checkpoint.

        Raises:
          ValueError: there is no such checkpoint.
          NotFoundError: a variable is not in it.
          InvalidArgumentError: a variable has another shape or type in it.
        """
        if self._is_empty:
            return
        if save_path is None:
            raise ValueError("Can't load save_path when it is None.")
        path = checkpoint_management._path(save_path)
        if not checkpoint_management.checkpoint_exists(path):
            raise ValueError(f"The passed save_path is not a valid checkpoint: {path}")
        logging.info("Restoring parameters from %s", path)
        try:
            sess.run(self.saver_def.restore_op_name, {self.saver_def.filename_tensor_name: path})
        except errors.NotFoundError as error:
            raise _explained(error, "a Variable name or other graph key that is missing") from error
        except errors.InvalidArgumentError as error:
            raise _explained(error, "a mismatch between the current graph and the graph") from error

    def export_meta_graph(
        self,
        filename: Any = None,
        collection_list: Any = None,
        as_text: bool = False,
        export_scope: str | None = None,
        clear_devices: bool = False,
        clear_extraneous_savers: bool = False,
        strip_default_attrs: bool = False,
        save_debug_info: bool = False,
    ) -> Any:
        """Writes the default graph, with what this saver needs, as a MetaGraphDef."""
        return meta_graph.export_meta_graph(
            filename=filename,
            saver_def=self.saver_def,
            collection_list=collection_list,
            as_text=as_text,
            export_scope=export_scope,
            clear_devices=clear_devices,
            clear_extraneous_savers=clear_extraneous_savers,
            strip_default_attrs=strip_default_attrs,
        )


def _explained(error: Any, reason: str) -> Any:
    text = (
        f"Restoring from checkpoint failed. This is most likely due to {reason} from the checkpoint. Please ensure that you have "
        f"not altered the graph expected based on the checkpoint. Original error:\n\n{error.message}"
    )
    if error.op is not None and error.op.inputs:
        text += f"\n\nIt is {error.op.name} that failed, for {error.op.inputs[0].op.name}."
    return type(error)(error.node_def, error.op, text)


def import_meta_graph(
    meta_graph_or_file: Any, clear_devices: bool = False, import_scope: str | None = None, **kwargs: Any
) -> Saver | None:
    """Adds the graph of a MetaGraphDef, or of a `.meta` file, to the default graph, with its collections.

    Returns:
      A saver for its variables; None where it has none.
    """
    definition = meta_graph.read(meta_graph_or_file)
    found = meta_graph.import_scoped_meta_graph(
        definition, clear_devices=clear_devices, import_scope=import_scope, **kwargs
    )
    if definition.HasField("saver_def"):
        scope = import_scope
        for name, variable in found.items():  # the scope that was opened may have another number than the one asked for
            scope = variable.name[: -len(name)].rstrip("/") if len(variable.name) > len(name) else scope
            break
        return Saver(saver_def=definition.saver_def, name=scope)
    if variables._all_saveable_objects(scope=import_scope):
        return Saver()
    return None


def saver_from_object_based_checkpoint(*args: Any, **kwargs: Any) -> Any:
    """Checkpoints of objects are TensorFlow 2's; they cannot be read into these graphs."""
    raise NotImplementedError("Checkpoints of objects (tf.train.Checkpoint) are not part of jax-slim's TensorFlow 1.")


meta_graph.register_proto_function(GraphKeys.SAVERS, "SaverDef", from_proto=Saver.from_proto)
