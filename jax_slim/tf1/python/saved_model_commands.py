"""`saved_model_cli`: what a SavedModel holds, and its outputs for given inputs."""

import argparse
import ast
import os
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from jax_slim.tf1.files import data_types, protos
from jax_slim.tf1.graph import graphs
from jax_slim.tf1.python import saved_model, saved_model_files
from jax_slim.tf1.running import session

_DENIED = frozenset({"WriteFile", "ReadFile", "PrintV2"})


def main(arguments: Sequence[str] | None = None) -> int:
    """`saved_model_cli show`, `run` and `scan`, with TensorFlow's flags and, for `show`, its text.

    Raises:
      OSError: there is no SavedModel, or no file of inputs.
      RuntimeError: it has no graph with these tags, or a result's file is there already.
      ValueError: it has no such signature, or the inputs are none of it.
    """
    given = argparse.ArgumentParser(prog="saved_model_cli")
    commands = given.add_subparsers(dest="command", required=True)
    shown, computed, scanned = (commands.add_parser(name) for name in ("show", "run", "scan"))
    for command in (shown, computed, scanned):
        command.add_argument("--dir", required=True, help="the folder of the SavedModel")
        command.add_argument("--tag_set", required=command is computed, help="the tags of a graph, between commas")
    for command in (shown, computed):
        command.add_argument("--signature_def", required=command is computed, help="the key of a signature")
    shown.add_argument("--all", action="store_true", help="all graphs and signatures")
    computed.add_argument("--inputs", default="", help="'x=file.npy;y=file.npz[name]'")
    computed.add_argument("--input_exprs", default="", help="'x=np.ones((2, 3));y=[1, 2]'")
    computed.add_argument("--input_examples", default="", help="""'x=[{"age":[22.0],"name":["a"]}]'""")
    computed.add_argument("--outdir", help="a folder for the results, as .npy files")
    computed.add_argument("--overwrite", action="store_true", help="replace results that are there")
    options = given.parse_args(arguments)
    if options.command == "show":
        _show(options)
    elif options.command == "scan":
        return _scan(options)
    else:
        _run(options)
    return 0


def _show(options: argparse.Namespace) -> None:
    if options.all:
        for tags in saved_model_files.tag_sets(options.dir):
            print(f"\nMetaGraphDef with tag-set: '{', '.join(tags)}' contains the following SignatureDefs:")
            meta = saved_model_files.meta_graph(options.dir, tags)
            for key in sorted(meta.signature_def):
                print(f"\nsignature_def['{key}']:")
                _show_signature(meta.signature_def[key], "  ")
        return
    if options.tag_set is None:
        print("The given SavedModel contains the following tag-sets:")
        for tags in saved_model_files.tag_sets(options.dir):
            print(repr(", ".join(tags)))
        return
    meta = saved_model_files.meta_graph(options.dir, options.tag_set)
    if options.signature_def is None:
        print("The given SavedModel MetaGraphDef contains SignatureDefs with the following keys:")
        for key in sorted(meta.signature_def):
            print(f'SignatureDef key: "{key}"')
        return
    _show_signature(_signature(meta, options), "")


def _signature(meta: Any, options: argparse.Namespace) -> Any:
    if options.signature_def not in meta.signature_def:
        raise ValueError(
            f"saved_model_cli: --signature_def must be one of {sorted(meta.signature_def)}, got {options.signature_def!r}."
        )
    return meta.signature_def[options.signature_def]


def _show_signature(signature: Any, indent: str) -> None:
    for side in ("input", "output"):
        print(f"{indent}The given SavedModel SignatureDef contains the following {side}(s):")
        for key, info in sorted(getattr(signature, f"{side}s").items()):
            shape = "unknown_rank"
            if not info.tensor_shape.unknown_rank:
                shape = f"({', '.join(str(d.size) for d in info.tensor_shape.dim)})"
            print(f"{indent}  {side}s['{key}'] tensor_info:")
            print(f"{indent}      dtype: {data_types.DataType.Name(info.dtype)}")
            print(f"{indent}      shape: {shape}")
            print(f"{indent}      name: {info.name}")
    print(f"{indent}Method name is: {signature.method_name}")


def _scan(options: argparse.Namespace) -> int:
    chosen = [options.tag_set] if options.tag_set else saved_model_files.tag_sets(options.dir)
    metas = [saved_model_files.meta_graph(options.dir, tags) for tags in chosen]
    found = sorted({op for meta in metas for op in _operations(meta.graph_def)} & _DENIED)
    if found:
        print(f"MetaGraph with tag set {chosen} contains the following denylisted ops: {found}")
        return 1
    print(f"MetaGraph with tag set {chosen} does not contain denylisted ops.")
    return 0


def _operations(definition: Any) -> set[str]:
    bodies = [node for function in definition.library.function for node in function.node_def]
    return {node.op for node in [*definition.node, *bodies]}


def _run(options: argparse.Namespace) -> None:
    if not options.inputs and not options.input_exprs and not options.input_examples:
        raise ValueError(
            "saved_model_cli: at least one of --inputs, --input_exprs or --input_examples must be given, such as --input_exprs='x=np.ones((1, 3))'."
        )
    meta = saved_model_files.meta_graph(options.dir, options.tag_set)
    signature = _signature(meta, options)
    values = {
        **_of_files(options.inputs),
        **_of_expressions(options.input_exprs),
        **_of_examples(options.input_examples),
    }
    unknown = sorted(set(values) - set(signature.inputs))
    missing = sorted(set(signature.inputs) - set(values))
    if unknown or missing:
        raise ValueError(
            f"saved_model_cli: inputs must be {sorted(signature.inputs)}, those of the signature, got {sorted(values)}."
        )
    with graphs.Graph().as_default(), session.Session() as sess:
        saved_model.load(sess, list(meta.meta_info_def.tags), options.dir)
        feeds = {signature.inputs[key].name: value for key, value in values.items()}
        keys = sorted(signature.outputs)
        results = sess.run([signature.outputs[key].name for key in keys], feeds)
    for key, value in zip(keys, results, strict=True):
        print(f"Result for output key {key}:\n{value}")
        if options.outdir is not None:
            _save(options.outdir, key, value, options.overwrite)


def _save(folder: str, key: str, value: Any, overwrite: bool) -> None:
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, f"{key}.npy")
    if os.path.exists(path) and not overwrite:
        raise RuntimeError(
            f'Output file {path} already exists. Add "--overwrite" to overwrite the existing output files.'
        )
    np.save(path, value)
    print(f"Output {key} is saved to {path}")


def _parts(text: str, flag: str) -> dict[str, str]:
    found = {}
    for part in text.split(";"):
        key, equals, value = part.strip().partition("=")
        if not part.strip():
            continue
        if not equals or not key or not value:
            raise RuntimeError(
                f'--{flag} "{text}" format is incorrect. Please follow "<input_key>=<value>", between semicolons.'
            )
        found[key.strip()] = value.strip()
    return found


def _of_files(text: str) -> dict[str, Any]:
    """The arrays of 'x=file.npy;y=file.npz[name]'."""
    found = {}
    for key, place in _parts(text, "inputs").items():
        named = re.fullmatch(r"(.+)\[([^\]]+)\]", place)
        path, name = (named[1], named[2]) if named else (place, None)
        data = np.load(path, allow_pickle=False)
        if isinstance(data, np.lib.npyio.NpzFile):
            with data:
                names = data.files
                if name is None and len(names) != 1:
                    raise ValueError(
                        f"saved_model_cli: --inputs must name an array of {path}: {path}[{names[0]}], of {names}."
                    )
                found[key] = data[name or names[0]]
        elif name is not None:
            raise ValueError(f"saved_model_cli: --inputs must be {path} alone, got {place}: it holds one array.")
        else:
            found[key] = data
    return found


def _of_expressions(text: str) -> dict[str, Any]:
    """The values of Python expressions, with NumPy as `np`: the command's user wrote them."""
    return {key: eval(value, {"np": np, "numpy": np}) for key, value in _parts(text, "input_exprs").items()}


def _of_examples(text: str) -> dict[str, Any]:
    """Serialized examples of lists of dictionaries."""
    found = {}
    for key, value in _parts(text, "input_examples").items():
        rows = ast.literal_eval(value)
        if not isinstance(rows, list):
            raise ValueError(f"saved_model_cli: --input_examples must be lists of dictionaries, got {value}.")
        found[key] = [_example(row) for row in rows]
    return found


def _example(row: Mapping[str, Any]) -> bytes:
    made = protos.Example()
    for name, values in row.items():
        values = values if isinstance(values, list) else [values]
        feature = made.features.feature[name]
        first = values[0] if values else 0
        if isinstance(first, float):
            feature.float_list.value.extend(values)
        elif isinstance(first, str | bytes):
            feature.bytes_list.value.extend(v.encode() if isinstance(v, str) else v for v in values)
        else:
            feature.int64_list.value.extend(values)
    return made.SerializeToString()
