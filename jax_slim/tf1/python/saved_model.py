"""`tf.saved_model`: folders with a graph, its signatures, variables and assets, written and read."""

import os
import shutil
from typing import Any

from jax_slim.tf1.files import protos
from jax_slim.tf1.graph import dtypes, graphs, known_values
from jax_slim.tf1.graph.collections import GraphKeys
from jax_slim.tf1.graph.composites import SparseTensor
from jax_slim.tf1.graph.tensors import Operation
from jax_slim.tf1.python import (
    logging,
    meta_graph,
    session_manager,
    variables,
)
from jax_slim.tf1.python import (
    saved_model_constants as constants,
)
from jax_slim.tf1.python import (
    saver as savers,
)

# Signatures.


def build_tensor_info(tensor: Any) -> Any:
    """A TensorInfo of a tensor: its name, type and shape."""
    if isinstance(tensor, SparseTensor):
        made = protos.TensorInfo(dtype=int(tensor.dtype.base_dtype), tensor_shape=tensor.get_shape().as_proto())
        made.coo_sparse.values_tensor_name = tensor.values.name
        made.coo_sparse.indices_tensor_name = tensor.indices.name
        made.coo_sparse.dense_shape_tensor_name = tensor.dense_shape.name
        return made
    return protos.TensorInfo(
        name=tensor.name,
        dtype=int(dtypes.as_dtype(tensor.dtype).base_dtype),
        tensor_shape=tensor.get_shape().as_proto(),
    )


def build_signature_def(inputs: Any = None, outputs: Any = None, method_name: str | None = None) -> Any:
    """A SignatureDef of TensorInfos by name."""
    made = protos.SignatureDef()
    for name, info in (inputs or {}).items():
        made.inputs[name].CopyFrom(info)
    for name, info in (outputs or {}).items():
        made.outputs[name].CopyFrom(info)
    if method_name is not None:
        made.method_name = method_name
    return made


def predict_signature_def(inputs: Any, outputs: Any) -> Any:
    """A signature of a prediction, of tensors by name.

    Raises:
      ValueError: there are none.
    """
    if not inputs:
        raise ValueError("Prediction inputs cannot be None or empty.")
    if not outputs:
        raise ValueError("Prediction outputs cannot be None or empty.")
    taken, given = ({name: build_tensor_info(t) for name, t in part.items()} for part in (inputs, outputs))
    return build_signature_def(taken, given, constants.PREDICT_METHOD_NAME)


def classification_signature_def(examples: Any, classes: Any, scores: Any) -> Any:
    """A signature of a classification of serialized examples."""
    if examples is None:
        raise ValueError("Classification inputs cannot be None.")
    if classes is None and scores is None:
        raise ValueError("Classification outputs cannot both be None.")
    outputs = {}
    if classes is not None:
        outputs[constants.CLASSIFY_OUTPUT_CLASSES] = build_tensor_info(classes)
    if scores is not None:
        outputs[constants.CLASSIFY_OUTPUT_SCORES] = build_tensor_info(scores)
    return build_signature_def(
        {constants.CLASSIFY_INPUTS: build_tensor_info(examples)}, outputs, constants.CLASSIFY_METHOD_NAME
    )


def regression_signature_def(examples: Any, predictions: Any) -> Any:
    """A signature of a regression of serialized examples."""
    if examples is None:
        raise ValueError("Regression inputs cannot be None.")
    if predictions is None:
        raise ValueError("Regression predictions cannot be None.")
    return build_signature_def(
        {constants.REGRESS_INPUTS: build_tensor_info(examples)},
        {constants.REGRESS_OUTPUTS: build_tensor_info(predictions)},
        constants.REGRESS_METHOD_NAME,
    )


def is_valid_signature(signature_def: Any) -> bool:
    """Whether it has inputs, outputs and one of the known methods."""
    if signature_def is None or not signature_def.inputs or not signature_def.outputs:
        return False
    return signature_def.method_name in (
        constants.PREDICT_METHOD_NAME,
        constants.CLASSIFY_METHOD_NAME,
        constants.REGRESS_METHOD_NAME,
    )


def get_tensor_from_tensor_info(tensor_info: Any, graph: Any = None, import_scope: str | None = None) -> Any:
    """The tensor of a graph that a TensorInfo names."""
    graph = graph or graphs.get_default_graph()

    def tensor(name: str) -> Any:
        return graph.get_tensor_by_name(meta_graph.prepend_name_scope(name, import_scope))

    if tensor_info.WhichOneof("encoding") == "coo_sparse":
        sparse = tensor_info.coo_sparse
        return SparseTensor(
            tensor(sparse.indices_tensor_name),
            tensor(sparse.values_tensor_name),
            tensor(sparse.dense_shape_tensor_name),
        )
    return tensor(tensor_info.name)


# Writing.


class SavedModelBuilder:
    """Writes a SavedModel: add a graph with its variables, then more graphs, then `save`.

    Raises:
      AssertionError: the folder is there already, with something in it.
    """

    def __init__(self, export_dir: Any) -> None:
        self._export_dir = os.fspath(export_dir)
        if os.path.isdir(self._export_dir) and os.listdir(self._export_dir):
            raise AssertionError(
                "Export directory already exists, and isn't empty. Please choose a different export directory, or delete all the "
                f"contents of the specified directory: {self._export_dir}"
            )
        os.makedirs(self._export_dir, exist_ok=True)
        self._saved_model = protos.SavedModel(saved_model_schema_version=1)
        self._has_saved_variables = False

    def add_meta_graph_and_variables(
        self,
        sess: Any,
        tags: Any,
        signature_def_map: Any = None,
        assets_collection: Any = None,
        legacy_init_op: Any = None,
        clear_devices: bool = False,
        main_op: Any = None,
        strip_default_attrs: bool = False,
        saver: Any = None,
        assets_list: Any = None,
    ) -> None:
        """Adds the session's graph, and saves its variables."""
        if self._has_saved_variables:
            raise AssertionError(
                "Graph state including variables and assets has already been saved. Please invoke `add_meta_graph()` instead."
            )
        with sess.graph.as_default():
            saver = saver or _saver()
            folder = os.path.join(self._export_dir, constants.VARIABLES_DIRECTORY)
            os.makedirs(folder, exist_ok=True)
            saver.save(
                sess, os.path.join(folder, constants.VARIABLES_FILENAME), write_meta_graph=False, write_state=False
            )
            self._add(
                tags,
                signature_def_map,
                assets_collection or assets_list,
                legacy_init_op or main_op,
                clear_devices,
                saver,
            )
        self._has_saved_variables = True

    def add_meta_graph(
        self,
        tags: Any,
        signature_def_map: Any = None,
        assets_collection: Any = None,
        legacy_init_op: Any = None,
        clear_devices: bool = False,
        main_op: Any = None,
        strip_default_attrs: bool = False,
        saver: Any = None,
        assets_list: Any = None,
    ) -> None:
        """Adds the default graph, for the variables that were saved.

        Raises:
          AssertionError: none were.
        """
        if not self._has_saved_variables:
            raise AssertionError(
                "Graph state including variables and assets has not been saved yet. Please invoke `add_meta_graph_and_variables()` first."
            )
        self._add(
            tags,
            signature_def_map,
            assets_collection or assets_list,
            legacy_init_op or main_op,
            clear_devices,
            saver or _saver(),
        )

    def _add(
        self, tags: Any, signature_def_map: Any, assets: Any, main_op: Any, clear_devices: bool, saver: Any
    ) -> None:
        for key, signature in (signature_def_map or {}).items():
            for info in [*signature.inputs.values(), *signature.outputs.values()]:
                if not info.name and info.WhichOneof("encoding") != "coo_sparse":
                    raise AssertionError(
                        f"All TensorInfo protos used in the SignatureDefs must have the name or one of the other encodings: {key}: {info}"
                    )
        if main_op is not None:
            if not isinstance(main_op, Operation):
                raise TypeError(f"main_op needs to be an Operation: {main_op!r}")
            graphs.add_to_collection(constants.MAIN_OP_KEY, main_op)
        definitions = self._save_assets(assets)
        meta = protos.MetaGraphDef()
        meta.CopyFrom(saver.export_meta_graph(clear_devices=clear_devices))
        meta.meta_info_def.tags.extend(tags)
        for key, signature in (signature_def_map or {}).items():
            meta.signature_def[key].CopyFrom(signature)
        meta.asset_file_def.extend(definitions)
        self._saved_model.meta_graphs.append(meta)

    def _save_assets(self, assets: Any) -> list[Any]:
        found, used = [], {}
        folder = os.path.join(self._export_dir, constants.ASSETS_DIRECTORY)
        for tensor in assets or []:
            path = known_values.constant_value(tensor)
            if path is None:
                raise ValueError(f"Invalid asset filepath tensor {tensor}")
            path = path.item().decode() if hasattr(path, "item") else path.decode()
            name = os.path.basename(path)
            number = 0
            while used.get(name, path) != path:
                number += 1
                name = f"{os.path.basename(path)}_{number}"
            if name not in used:
                os.makedirs(folder, exist_ok=True)
                shutil.copyfile(path, os.path.join(folder, name))
                used[name] = path
            found.append(protos.AssetFileDef(tensor_info=protos.TensorInfo(name=tensor.name), filename=name))
            graphs.add_to_collection(constants.ASSETS_KEY, found[-1].SerializeToString())
        return found

    def save(self, as_text: bool = False) -> str:
        """Writes the SavedModel's file; gives its path."""
        path = os.path.join(
            self._export_dir, constants.SAVED_MODEL_FILENAME_PBTXT if as_text else constants.SAVED_MODEL_FILENAME_PB
        )
        data = str(self._saved_model).encode() if as_text else self._saved_model.SerializeToString()
        with open(path, "wb") as file:  # noqa: PTH123
            file.write(data)
        logging.info("SavedModel written to: %s", path)
        return path


def _saver() -> Any:
    return savers.Saver(variables._all_saveable_objects(), sharded=True, write_version=2, allow_empty=True)


def simple_save(session: Any, export_dir: Any, inputs: Any, outputs: Any, legacy_init_op: Any = None) -> None:
    """Writes a SavedModel with one signature, `serving_default`, of tensors by name."""
    builder = SavedModelBuilder(export_dir)
    builder.add_meta_graph_and_variables(
        session,
        [constants.SERVING],
        {constants.DEFAULT_SERVING_SIGNATURE_DEF_KEY: predict_signature_def(inputs, outputs)},
        assets_collection=graphs.get_collection(GraphKeys.ASSET_FILEPATHS),
        main_op=legacy_init_op,
        clear_devices=True,
    )
    builder.save()


# Reading.


def parse_saved_model(export_dir: Any) -> Any:
    """The SavedModel message of a folder.

    Raises:
      OSError: there is none, or it cannot be read.
    """
    export_dir = os.fspath(export_dir)
    binary = os.path.join(export_dir, constants.SAVED_MODEL_FILENAME_PB)
    text = os.path.join(export_dir, constants.SAVED_MODEL_FILENAME_PBTXT)
    made = protos.SavedModel()
    try:
        if os.path.exists(binary):
            with open(binary, "rb") as file:  # noqa: PTH123
                made.ParseFromString(file.read())
            return made
        if os.path.exists(text):
            with open(text, encoding="utf-8") as file:  # noqa: PTH123
                protos.merge_text(file.read(), made)
            return made
    except Exception as error:
        raise OSError(f"Cannot parse file {binary}: {error}.") from None
    raise OSError(
        f"SavedModel file does not exist at: {export_dir}/{{{constants.SAVED_MODEL_FILENAME_PBTXT}|{constants.SAVED_MODEL_FILENAME_PB}}}"
    )


def maybe_saved_model_directory(export_dir: Any) -> bool:
    """Whether a folder has a SavedModel."""
    names = (constants.SAVED_MODEL_FILENAME_PB, constants.SAVED_MODEL_FILENAME_PBTXT)
    return any(os.path.exists(os.path.join(os.fspath(export_dir), name)) for name in names)


def load(sess: Any, tags: Any, export_dir: Any, import_scope: str | None = None, **saver_kwargs: Any) -> Any:
    """Adds the graph with these tags to the session's, restores its variables and runs its initializer.

    Returns:
      The MetaGraphDef, whose `signature_def` names inputs and outputs.

    Raises:
      OSError: there is no SavedModel.
      RuntimeError: it has no graph with these tags.
    """
    model = parse_saved_model(export_dir)
    wanted = set(tags)
    found = next((m for m in model.meta_graphs if set(m.meta_info_def.tags) == wanted), None)
    if found is None:
        there = [sorted(m.meta_info_def.tags) for m in model.meta_graphs]
        raise RuntimeError(
            f"MetaGraphDef associated with tags {str(sorted(wanted)).strip('[]')} could not be found in SavedModel. Available tag-sets: {there}."
        )
    with sess.graph.as_default():
        saver = savers.import_meta_graph(found, import_scope=import_scope, **saver_kwargs)
        if saver is not None:
            path = os.path.join(os.fspath(export_dir), constants.VARIABLES_DIRECTORY, constants.VARIABLES_FILENAME)
            saver.restore(sess, path)
        else:
            logging.info("The specified SavedModel has no variables; no checkpoints were restored.")
        _run_main_op(sess, found, os.fspath(export_dir), import_scope)
    return found


def _run_main_op(sess: Any, meta: Any, export_dir: str, import_scope: str | None) -> None:
    folder = os.path.join(export_dir, constants.ASSETS_DIRECTORY)
    assets = {
        meta_graph.prepend_name_scope(a.tensor_info.name, import_scope): os.path.join(folder, a.filename)
        for a in _asset_files(meta)
    }
    for key in (constants.MAIN_OP_KEY, constants.LEGACY_INIT_OP_KEY):
        for op in sess.graph.get_collection(key)[-1:]:
            logging.info("Running local_init_op." if key == constants.LEGACY_INIT_OP_KEY else "Running main op.")
            sess.run(op, feed_dict=assets)
            return


def _asset_files(meta: Any) -> list[Any]:
    """The AssetFileDefs of a graph. TensorFlow 1 keeps them in a collection alone, as Any messages."""
    kept = meta.collection_def.get(constants.ASSETS_KEY)
    if kept is None:
        return list(meta.asset_file_def)
    data = [a.value for a in kept.any_list.value] or list(kept.bytes_list.value)
    return [protos.AssetFileDef.FromString(d) for d in data]


def main_op() -> Any:
    """An operation that initializes all variables and tables."""
    from jax_slim.tf1.python import control_flow, variable_initializers

    return control_flow.group(
        variable_initializers.global_variables_initializer(),
        variable_initializers.local_variables_initializer(),
        session_manager.tables_initializer(),
    )


def main_op_with_restore(restore_op_name: Any) -> Any:
    """An operation that initializes, and then runs another."""
    with graphs.control_dependencies([main_op()]):
        from jax_slim.tf1.python import control_flow

        return control_flow.group(restore_op_name)


class Predictor:
    """`tf.contrib.predictor.from_saved_model(...)`: call it with a dictionary of inputs; it gives one of outputs."""

    def __init__(
        self,
        export_dir: Any,
        signature_def_key: str | None = None,
        signature_def: Any = None,
        input_names: Any = None,
        output_names: Any = None,
        tags: Any = None,
        graph: Any = None,
        config: Any = None,
    ) -> None:
        from jax_slim.tf1.running import session

        if signature_def_key is not None and signature_def is not None:
            raise ValueError("You cannot specify both signature_def_key and signature_def.")
        if isinstance(tags, str):
            tags = tags.split(",")
        self._graph = graph or graphs.Graph()
        self._session = session.Session(graph=self._graph, config=config)
        with self._graph.as_default():
            meta = load(self._session, tags or [constants.SERVING], export_dir)
        key = signature_def_key or constants.DEFAULT_SERVING_SIGNATURE_DEF_KEY
        if signature_def is None and input_names is None:
            if key not in meta.signature_def:
                raise ValueError(
                    f"Got signature_def_key {key!r}. Available signatures are {sorted(meta.signature_def)}."
                )
            signature_def = meta.signature_def[key]
        if signature_def is not None:
            input_names = {k: v.name for k, v in signature_def.inputs.items()}
            output_names = {k: v.name for k, v in signature_def.outputs.items()}
        assert input_names is not None and output_names is not None
        self._feed_tensors = {k: self._graph.get_tensor_by_name(v) for k, v in input_names.items()}
        self._fetch_tensors = {k: self._graph.get_tensor_by_name(v) for k, v in output_names.items()}

    graph = property(lambda self: self._graph)
    session = property(lambda self: self._session)
    feed_tensors = property(lambda self: self._feed_tensors)
    fetch_tensors = property(lambda self: self._fetch_tensors)

    def __call__(self, input_dict: Any) -> dict[str, Any]:
        unknown = set(input_dict) - set(self._feed_tensors)
        if unknown:
            raise ValueError(
                f"Got unexpected keys in input_dict: {sorted(unknown)}\nexpected: {sorted(self._feed_tensors)}"
            )
        feeds = {self._feed_tensors[k]: v for k, v in input_dict.items()}
        return self._session.run(self._fetch_tensors, feed_dict=feeds)
