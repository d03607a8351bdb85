"""Which files hold a graph: GraphDefs, meta graphs beside their checkpoints, SavedModels; in bytes or as text."""

import dataclasses
import os
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jax_slim.checkpoints.tensorflow import paths
from jax_slim.tf1.files import frozen_graphs, protos

_SAVED_MODEL = ("saved_model.pb", "saved_model.pbtxt")
_INITIALIZER = "__saved_model_init_op"  # TensorFlow 2's signature of it
_ASSETS, _INITIALIZERS = "saved_model_assets", ("saved_model_main_op", "legacy_init_op")


@dataclasses.dataclass
class Source:
    """A graph, and what stood beside it.

    Attributes:
      where: what it is called in messages.
      kind: 'graph', 'meta graph' or 'SavedModel'.
      definition: the GraphDef.
      signatures: SignatureDefs by name.
      checkpoint: the prefix of the checkpoint with its variables, or None.
      initializer: the operation that fills its tables, or None; `assets` says which file each text tensor names.
    """

    where: str
    kind: str
    definition: Any
    signatures: dict[str, Any] = dataclasses.field(default_factory=dict)
    checkpoint: str | None = None
    initializer: str | None = None
    assets: dict[str, str] = dataclasses.field(default_factory=dict)


def read(path: Any, tags: Any = None, function: str = "load") -> Source:
    """The graph that a path means; `load` says which paths there are.

    Raises:
      FileNotFoundError: there is nothing.
      ValueError: it holds no graph, or several and none of these tags.
    """
    if hasattr(path, "graph_def"):
        return _of_meta(path, "a MetaGraphDef", "meta graph")
    if hasattr(path, "node"):
        return Source("a GraphDef", "graph", path)
    place = Path(os.path.expanduser(os.fspath(path)))
    if place.is_dir():
        return _in_folder(place, tags, function)
    prefix = str(place).removesuffix(".index")
    if not place.exists() or place.suffix == ".index":
        if not os.path.isfile(f"{prefix}.meta"):
            raise FileNotFoundError(2, "No such file or directory", str(place))
        place = Path(f"{prefix}.meta")
    if place.name in _SAVED_MODEL:
        return _saved_model(place, tags, function)
    kinds = ("meta graph", "graph", "SavedModel") if place.suffix == ".meta" else ("graph", "meta graph", "SavedModel")
    data = place.read_bytes()
    for kind in kinds:
        found = _parsed(data, _MESSAGES[kind])
        if found is not None and _is_whole(found, kind):
            break
    else:
        raise ValueError(
            f"{function}: path must be a TensorFlow graph (a GraphDef, MetaGraphDef or SavedModel), got {place}: "
            f"{_why(data)}."
        )
    if kind == "graph":
        return Source(str(place), kind, found)
    if kind == "SavedModel":
        return _of_saved_model(found, place, tags, function)
    source = _of_meta(found, str(place), kind)
    beside = str(place).removesuffix(".meta")
    source.checkpoint = beside if beside != str(place) and paths.is_there(beside) else None
    return source


def describe(path: Any, tags: Any = None) -> dict[str, Any]:
    """What a graph holds: inputs, outputs, signatures, operations by type, constants, variables, functions.

        slim.graphs.describe("frozen.pb")["inputs"]   # {'input:0': {'dtype': 'float32', 'shape': [None, 224, 224, 3]}}

    Args:
      path, tags: as `load` takes them.

    Returns:
      Values that JSON can hold. 'unknown' lists types of operations that are not known here.

    Raises:
      FileNotFoundError, ValueError: as of `load`.
    """
    source = read(path, tags, "describe")
    found = {"kind": source.kind, **frozen_graphs.describe(source.definition)}
    found["signatures"] = {name: _described(signature) for name, signature in sorted(source.signatures.items())}
    found["checkpoint"] = source.checkpoint
    return found


def _described(signature: Any) -> dict[str, Any]:
    def described(infos: Any) -> dict[str, Any]:
        return {key: {"tensor": info.name, **frozen_graphs.of_info(info)} for key, info in sorted(infos.items())}

    return {"inputs": described(signature.inputs), "outputs": described(signature.outputs)}


_MESSAGES: dict[str, Callable[[], Any]] = {
    "graph": lambda: protos.GraphDef(),
    "meta graph": lambda: protos.MetaGraphDef(),
    "SavedModel": lambda: protos.SavedModel(),
}


def _parsed(data: bytes, message: Callable[[], Any]) -> Any:
    """The message, of bytes or text; None where it is none."""
    from google.protobuf import text_format
    from google.protobuf.message import DecodeError

    made = message()
    try:
        made.ParseFromString(data)
        return made
    except DecodeError:
        pass
    made = message()
    try:
        with warnings.catch_warnings(action="ignore"):  # of broken escapes
            protos.merge_text(data.decode(), made)
    except (text_format.ParseError, ValueError, RecursionError):
        return None
    return made


def _is_whole(found: Any, kind: str) -> bool:
    """Whether a message that could be parsed is of its kind: bytes of one kind are often read as another's."""
    if kind == "SavedModel":
        return bool(found.meta_graphs) and all(m.graph_def.node for m in found.meta_graphs)
    graph = found if kind == "graph" else found.graph_def
    return bool(graph.node) and all(node.name and node.op for node in graph.node)


def _why(data: bytes) -> str:
    from google.protobuf import text_format

    if not data:
        return "the file is empty"
    try:
        text = data.decode()
        with warnings.catch_warnings(action="ignore"):
            text_format.Merge(text, protos.GraphDef())
    except text_format.ParseError as error:
        return str(error).splitlines()[0]
    except (ValueError, RecursionError):
        return "neither a message nor text"
    return "it has no nodes"


def _in_folder(folder: Path, tags: Any, function: str) -> Source:
    for name in _SAVED_MODEL:
        if (folder / name).is_file():
            return _saved_model(folder / name, tags, function)
    versions = [p for p in folder.iterdir() if p.name.isdecimal() and any((p / n).is_file() for n in _SAVED_MODEL)]
    if versions:  # as estimators export: a folder for each time
        return _in_folder(max(versions, key=lambda p: int(p.name)), tags, function)
    written = sorted(folder.glob("*.meta"), key=lambda p: (p.stat().st_mtime_ns, p.name))
    if written:
        return read(written[-1], tags, function)
    raise ValueError(
        f"{function}: path must be a graph's file, a SavedModel's folder or one with .meta files, got {folder}, which "
        f"has {', '.join(sorted(os.listdir(folder))[:8]) or 'nothing'}."
    )


def _saved_model(place: Path, tags: Any, function: str) -> Source:
    found = _parsed(place.read_bytes(), _MESSAGES["SavedModel"])
    if found is None or not _is_whole(found, "SavedModel"):
        raise ValueError(f"{function}: path must be a TensorFlow graph, got {place}, which is no SavedModel.")
    return _of_saved_model(found, place, tags, function)


def _of_saved_model(model: Any, place: Path, tags: Any, function: str) -> Source:
    there = [sorted(m.meta_info_def.tags) for m in model.meta_graphs]
    if tags is None:
        chosen = [g for g, t in zip(model.meta_graphs, there, strict=True) if "serve" in t] or list(model.meta_graphs)
        chosen = chosen if len(chosen) == 1 else [g for g in chosen if list(g.meta_info_def.tags) == ["serve"]]
    else:
        wanted = sorted([tags] if isinstance(tags, str) else tags)
        chosen = [g for g, t in zip(model.meta_graphs, there, strict=True) if t == wanted]
    if len(chosen) != 1:
        raise ValueError(f"{function}: tags must be those of one graph in {place}, which has {there}, got {tags}.")
    source = _of_meta(chosen[0], str(place), "SavedModel")
    variables = str(place.parent / "variables" / "variables")
    source.checkpoint = variables if paths.is_there(variables) else None
    source.assets = {name: str(place.parent / "assets" / Path(file).name) for name, file in source.assets.items()}
    return source


def _of_meta(meta: Any, where: str, kind: str) -> Source:
    source = Source(where, kind, meta.graph_def, {k: v for k, v in meta.signature_def.items() if k[:2] != "__"})
    for key in _INITIALIZERS:
        if key in meta.collection_def and meta.collection_def[key].node_list.value:
            source.initializer = source.initializer or meta.collection_def[key].node_list.value[-1].partition(":")[0]
    for info in meta.signature_def[_INITIALIZER].outputs.values() if _INITIALIZER in meta.signature_def else ():
        source.initializer = info.name.partition(":")[0]
    kept = meta.collection_def.get(_ASSETS)
    files = [] if kept is None else [a.value for a in kept.any_list.value] or list(kept.bytes_list.value)
    try:
        assets = [protos.AssetFileDef.FromString(data) for data in files]
    except Exception as error:  # protobuf's own
        raise ValueError(f"load: {where} has damaged assets: {error}") from None
    for asset in [*assets, *meta.asset_file_def]:
        source.assets[asset.tensor_info.name] = asset.filename
    return source
