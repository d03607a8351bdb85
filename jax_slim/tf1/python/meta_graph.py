"""Graphs with their collections as MetaGraphDefs: `tf.train.export_meta_graph`, and the way back."""

import os
from typing import Any

from jax_slim.tf1.files import graph_defs, meta_graphs, protos
from jax_slim.tf1.graph import graphs
from jax_slim.tf1.graph.collections import GraphKeys
from jax_slim.tf1.python import logging, variables
from jax_slim.tf1.python.framework import prepend_name_scope, strip_name_scope

_VARIABLES = {*GraphKeys._VARIABLE_COLLECTIONS, GraphKeys.GLOBAL_STEP, "trainable_resource_variables"}
# Collections whose items are messages: name -> (the message's name, how one is made an item).
_FROM_PROTO: dict[str, tuple[str, Any]] = {}


def register_proto_function(
    collection_name: str, proto_type: str, to_proto: Any = None, from_proto: Any = None
) -> None:
    """Has items of a collection written by their `to_proto`, and read by `from_proto(message, import_scope)`."""
    _FROM_PROTO[collection_name] = (proto_type, from_proto)


def read(meta_graph_or_file: Any) -> Any:
    """A MetaGraphDef: itself, or of a file, as bytes or text.

    Raises:
      OSError: there is no such file, or it cannot be read as one.
    """
    if hasattr(meta_graph_or_file, "graph_def"):
        return meta_graph_or_file
    path = os.fspath(meta_graph_or_file)
    if not os.path.isfile(path):
        raise OSError(f"File {path} does not exist.")
    made = protos.MetaGraphDef()
    with open(path, "rb") as file:  # noqa: PTH123
        data = file.read()
    try:
        made.ParseFromString(data)
        return made
    except Exception:  # text, or nothing of the kind
        from google.protobuf import text_format

        try:
            protos.merge_text(data.decode(), made)
        except (text_format.ParseError, UnicodeDecodeError) as error:
            raise OSError(f"Cannot parse file {path}: {error}.") from None
    return made


def export_meta_graph(
    filename: Any = None,
    meta_info_def: Any = None,
    graph_def: Any = None,
    saver_def: Any = None,
    collection_list: Any = None,
    as_text: bool = False,
    graph: Any = None,
    export_scope: str | None = None,
    clear_devices: bool = False,
    clear_extraneous_savers: bool = False,
    strip_default_attrs: bool = False,
    save_debug_info: bool = False,
    **kwargs: Any,
) -> Any:
    """A graph, the default one, and its collections as a MetaGraphDef, written into a file if one is named.

    Args:
      collection_list: which collections; all whose names are strings by default.
      export_scope: only what is below this name scope, without it.
    """
    return export_scoped_meta_graph(
        filename,
        graph_def,
        graph,
        export_scope,
        as_text,
        clear_devices=clear_devices,
        saver_def=saver_def,
        clear_extraneous_savers=clear_extraneous_savers,
        strip_default_attrs=strip_default_attrs,
        collection_list=collection_list,
        meta_info_def=meta_info_def,
    )[0]


def export_scoped_meta_graph(
    filename: Any = None,
    graph_def: Any = None,
    graph: Any = None,
    export_scope: str | None = None,
    as_text: bool = False,
    unbound_inputs_col_name: str = "unbound_inputs",
    clear_devices: bool = False,
    saver_def: Any = None,
    clear_extraneous_savers: bool = False,
    strip_default_attrs: bool = False,
    save_debug_info: bool = False,
    collection_list: Any = None,
    meta_info_def: Any = None,
    **kwargs: Any,
) -> Any:
    """As `export_meta_graph`; gives the MetaGraphDef and the variables in it by name."""
    graph = graph or graphs.get_default_graph()
    exported: dict[str, Any] = {}
    unbound: list[str] = []
    if graph_def is None:
        graph_def = graph.as_graph_def(add_shapes=True)
    scoped = protos.GraphDef()
    scoped.CopyFrom(graph_def)
    if export_scope or clear_devices:
        del scoped.node[:]
        for node in graph_def.node:
            if export_scope and not node.name.startswith(export_scope.rstrip("/") + "/"):
                continue
            made = scoped.node.add()
            made.CopyFrom(node)
            if export_scope:
                made.name = strip_name_scope(made.name, export_scope)
                inputs = list(made.input)
                del made.input[:]
                for source in inputs:
                    inside = strip_name_scope(source, export_scope)
                    if inside == source:
                        inside = "$unbound_inputs_" + source.lstrip("^")
                        unbound.append(source)
                    made.input.append(inside)
                if "_class" in made.attr:
                    groups = [strip_name_scope(c.decode(), export_scope).encode() for c in made.attr["_class"].list.s]
                    made.attr["_class"].list.s[:] = groups
            if clear_devices:
                made.device = ""
    meta = meta_graphs.create(scoped)
    if meta_info_def is not None:
        meta.meta_info_def.MergeFrom(meta_info_def)
    if saver_def is not None:
        meta.saver_def.CopyFrom(saver_def)
    for key in graph.get_all_collection_keys() if collection_list is None else collection_list:
        if clear_extraneous_savers and key == GraphKeys.SAVERS:
            continue
        _add_collection(meta, key, graph.get_collection(key), export_scope)
    for key in (GraphKeys.GLOBAL_VARIABLES, GraphKeys.LOCAL_VARIABLES):
        for v in graph.get_collection(key):
            if isinstance(v, variables.Variable) and (not export_scope or v.name.startswith(export_scope)):
                exported[strip_name_scope(v.op.name, export_scope)] = v
    if unbound:
        meta.collection_def[unbound_inputs_col_name].bytes_list.value.extend(u.encode() for u in sorted(set(unbound)))
    if filename:
        _write(meta, os.fspath(filename), as_text)
    return meta, exported


def _write(meta: Any, path: str, as_text: bool) -> None:
    data = str(meta).encode() if as_text else meta.SerializeToString()
    if os.path.dirname(path):
        os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(f"{path}.writing", "wb") as file:  # noqa: PTH123
        file.write(data)
    os.replace(f"{path}.writing", path)


def _add_collection(meta: Any, key: Any, items: list[Any], export_scope: str | None) -> None:
    if not isinstance(key, str) or not items:
        return
    try:
        made = _collection(items, export_scope)
    except (TypeError, ValueError, AttributeError) as error:
        logging.warning(
            "Issue encountered when serializing %s.\nType is unsupported, or the types of the items don't match field type in "
            "CollectionDef. Note this is a warning and probably safe to ignore.\n%s",
            key,
            error,
        )
        return
    if made is not None:
        meta.collection_def[key].CopyFrom(made)


def _collection(items: list[Any], export_scope: str | None) -> Any:
    made = protos.CollectionDef()
    if all(callable(getattr(item, "to_proto", None)) for item in items):
        for item in items:
            proto = item.to_proto(export_scope=export_scope)
            if proto is not None:
                made.bytes_list.value.append(proto.SerializeToString())
        return made if made.bytes_list.value else None
    first = items[0]
    if isinstance(first, str | bytes):
        made.bytes_list.value.extend(v.encode() if isinstance(v, str) else v for v in items)
    elif isinstance(first, int):
        made.int64_list.value.extend(items)
    elif isinstance(first, float):
        made.float_list.value.extend(items)
    else:
        names = [item.name for item in items]
        if export_scope:
            names = [strip_name_scope(n, export_scope) for n in names if n.startswith(export_scope)]
        made.node_list.value.extend(names)
    return made


def import_scoped_meta_graph(
    meta_graph_or_file: Any,
    clear_devices: bool = False,
    graph: Any = None,
    import_scope: str | None = None,
    input_map: Any = None,
    unbound_inputs_col_name: str = "unbound_inputs",
    restore_collections_predicate: Any = lambda key: True,
    return_elements: Any = None,
    **kwargs: Any,
) -> Any:
    """Adds the graph and the collections of a MetaGraphDef to the default graph; gives its variables by name.

    Raises:
      ValueError: inputs that were left out when it was written are not in `input_map`.
    """
    meta = read(meta_graph_or_file)
    graph = graph or graphs.get_default_graph()
    if unbound_inputs_col_name and unbound_inputs_col_name in meta.collection_def:
        names = [
            "$unbound_inputs_" + v.decode().lstrip("^")
            for v in meta.collection_def[unbound_inputs_col_name].bytes_list.value
        ]
        given = {k.partition(":")[0]: v for k, v in (input_map or {}).items()}
        if any(n.partition(":")[0] not in given for n in names):
            raise ValueError(
                f"Graph contains unbound inputs: {', '.join(names)}. Must provide these inputs through input_map."
            )
        input_map = {n: given[n.partition(":")[0]] for n in names}
    definition = meta.graph_def
    if clear_devices:
        copied = protos.GraphDef()
        copied.CopyFrom(definition)
        for node in copied.node:
            node.device = ""
        definition = copied
    with graph.as_default():
        with graphs.name_scope(import_scope or None) if import_scope else graphs.name_scope("") as scope:
            prefix = scope.rstrip("/") if import_scope else graph.get_name_scope()
        elements = graph_defs.import_graph_def(
            definition, name=f"{prefix}/" if prefix else "", input_map=input_map, return_elements=return_elements
        )
        found = _restore_collections(meta, graph, prefix, unbound_inputs_col_name, restore_collections_predicate)
    return (found, elements) if return_elements is not None else found


def _restore_collections(meta: Any, graph: Any, prefix: str, unbound: str, predicate: Any) -> dict[str, Any]:
    made: dict[bytes, Any] = {}
    for key, definition in sorted(meta.collection_def.items()):
        if key == unbound or not predicate(key):
            continue
        kind = definition.WhichOneof("kind")
        if kind is None:
            logging.error("Cannot identify data type for collection %s. Skipping.", key)
            continue
        values = getattr(definition, kind).value
        if kind == "bytes_list" and key in _VARIABLES:
            for data in values:
                if data not in made:
                    made[data] = variables.Variable.from_proto(
                        protos.VariableDef.FromString(data), import_scope=prefix or None
                    )
                graph.add_to_collection(key, made[data])
        elif kind == "bytes_list" and key in _FROM_PROTO:
            message, from_proto = _FROM_PROTO[key]
            for data in values:
                graph.add_to_collection(
                    key, from_proto(getattr(protos, message).FromString(data), import_scope=prefix or None)
                )
        elif kind == "node_list":
            for name in values:
                graph.add_to_collection(key, graph.as_graph_element(prepend_name_scope(name, prefix)))
        elif kind == "bytes_list":
            if key in (GraphKeys.COND_CONTEXT, GraphKeys.WHILE_CONTEXT, GraphKeys.QUEUE_RUNNERS):
                _restore_special(key, values, graph, prefix)
                continue
            for data in values:
                graph.add_to_collection(key, prepend_name_scope(data.decode(), prefix) if _is_text(data) else data)
        else:
            for value in values:
                graph.add_to_collection(key, value)
    found = {}
    for key in (GraphKeys.GLOBAL_VARIABLES, GraphKeys.LOCAL_VARIABLES):
        for v in graph.get_collection(key, scope=prefix or None):
            if isinstance(v, variables.Variable):
                found[strip_name_scope(v.name, prefix)] = v
    return found


def _is_text(data: bytes) -> bool:
    try:
        return data.decode().isprintable()
    except UnicodeDecodeError:
        return False


def _restore_special(key: str, values: Any, graph: Any, prefix: str) -> None:
    if key == GraphKeys.QUEUE_RUNNERS:
        from jax_slim.tf1.python import queue_runners

        for data in values:
            graph.add_to_collection(
                key,
                queue_runners.QueueRunner.from_proto(
                    protos.QueueRunnerDef.FromString(data), import_scope=prefix or None
                ),
            )


def add_collection_def(meta_graph_def: Any, key: Any, graph: Any = None, export_scope: str | None = None) -> None:
    """Adds a collection of a graph to a MetaGraphDef."""
    _add_collection(meta_graph_def, key, (graph or graphs.get_default_graph()).get_collection(key), export_scope)


def create_meta_graph_def(
    meta_info_def: Any = None,
    graph_def: Any = None,
    saver_def: Any = None,
    collection_list: Any = None,
    graph: Any = None,
    export_scope: str | None = None,
    **kwargs: Any,
) -> Any:
    """A MetaGraphDef of a graph."""
    return export_meta_graph(
        None, meta_info_def, graph_def, saver_def, collection_list, graph=graph, export_scope=export_scope
    )
