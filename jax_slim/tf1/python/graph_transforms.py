"""`TransformGraph` of `tensorflow.tools.graph_transforms`: a GraphDef after a list of transforms, each by its name."""

import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from jax_slim.tf1.files import protos
from jax_slim.tf1.graph import errors
from jax_slim.tf1.python import (
    graph_editing,
    graph_folding,
    graph_fusions,
    graph_quantizing,
    graph_util,
    inference_graphs,
    logging,
    weight_rounding,
)


class Transform(NamedTuple):
    """One of a list of transforms: its name, and its arguments, each of which may be given several times."""

    name: str
    arguments: dict[str, list[str]]


def TransformGraph(input_graph_def: Any, inputs: Sequence[str], outputs: Sequence[str], transforms: Any) -> Any:
    """A graph after transforms, which leave the values of its outputs as they are (but for those that round weights).

        TransformGraph(frozen, ["input"], ["softmax"], ["strip_unused_nodes", "fold_constants(ignore_errors=true)"])

    There are `strip_unused_nodes(type, shape, name, type_for_name, shape_for_name)`, `remove_nodes(op, ...)`,
    `fold_constants`, `fold_batch_norms`, `fold_old_batch_norms`, `quantize_weights(minimum_size)`, `round_weights(num_steps)`,
    `merge_duplicate_nodes`, `sort_by_execution_order`, `add_default_attributes`, `remove_attribute(attribute_name, op_name)`,
    `rename_attribute`, `rename_op`, `rename_node`, `remove_device`, `set_device(device, if_default)`, `remove_control_dependencies`,
    `obfuscate_names`, `backport_concatv2`, `flatten_atrous_conv`, `fuse_pad_and_conv` and
    `quantize_nodes(fallback_min, fallback_max, ignore_op)`. With `ignore_errors=true`, one that fails is left out. `fold_old_batch_norms` folds FusedBatchNorm of
    every version, behind a bias too.

    Args:
      inputs, outputs: names of nodes, or of tensors ('x:0').
      transforms: texts, of one transform or several each.

    Raises:
      ValueError: there is no such transform, or an argument of it is none.
    """
    asked = parsed(transforms if isinstance(transforms, str) else " ".join(transforms))
    given = [graph_util.node_name(name) for name in inputs]
    wanted = [graph_util.node_name(name) for name in outputs]
    unknown = sorted({t.name for t in asked} - set(TRANSFORMS))
    if unknown:
        raise ValueError(f"TransformGraph: transforms must be of {sorted(TRANSFORMS)}, got {unknown}.")
    made = protos.GraphDef()
    made.CopyFrom(input_graph_def)
    for transform in asked:
        arguments = {**transform.arguments}
        ignored = arguments.pop("ignore_errors", ["false"])[-1].lower() == "true"
        function, known = TRANSFORMS[transform.name]
        extra = sorted(set(arguments) - set(known))
        if extra:
            raise ValueError(f"TransformGraph: {transform.name} must have arguments of {sorted(known)}, got {extra}.")
        try:
            made = function(made, given, wanted, arguments)
        except (ValueError, TypeError, KeyError, AssertionError, errors.OpError) as error:
            if not ignored:
                raise
            logging.warning("%s: Ignoring error %s", transform.name, error)
    return made


def listed(text: str) -> list[str]:
    """The names of a text with commas."""
    return [name.strip() for name in text.split(",") if name.strip()]


_TOKEN = re.compile(r'\s*(?:([A-Za-z_]\w*)\s*(\()?|(\))|(,)|=\s*(?:"([^"]*)"|([^\s,()"=]+)))')


def parsed(text: str) -> list[Transform]:
    """The transforms of a text: 'fold_constants(ignore_errors=true) strip_unused_nodes(type=float, shape="1,8,8,3")'.

    Raises:
      ValueError: it is no such text.
    """
    found: list[Transform] = []
    place, inside, name = 0, False, ""
    text = text.rstrip()
    while place < len(text):
        token = _TOKEN.match(text, place)
        word, opens, closes, _, quoted, plain = token.groups() if token else (None,) * 6
        value = plain if quoted is None else quoted
        if token is None or (inside and opens) or (not inside and not word) or (value is not None and not name):
            raise ValueError(
                f"TransformGraph: transforms must be like 'name(argument=value)', got {text[place:]!r} in them."
            )
        if not inside:
            found.append(Transform(str(word), {}))
        elif word:
            name = word
        elif value is not None:
            found[-1].arguments.setdefault(name, []).append(value)
            name = ""
        inside = bool(opens) if not inside else not closes
        place = token.end()
    if inside:
        raise ValueError(f"TransformGraph: transforms must close their parentheses, got {text!r}.")
    return found


def _plain(function: Callable[[Any], Any]) -> Callable[..., Any]:
    """A transform that knows the graph alone."""
    return lambda definition, inputs, outputs, arguments: function(definition)


TRANSFORMS: dict[str, tuple[Callable[..., Any], tuple[str, ...]]] = {
    "add_default_attributes": (_plain(graph_editing.add_default_attributes), ()),
    "backport_concatv2": (graph_fusions.backport_concatv2, ()),
    "flatten_atrous_conv": (graph_fusions.flatten_atrous_conv, ()),
    "fold_batch_norms": (graph_folding.fold_scales, ()),
    "fold_constants": (graph_folding.fold_constants, ("clear_output_shapes", "max_constant_size")),
    "fold_old_batch_norms": (_plain(inference_graphs.fold_batch_norms), ()),
    "fuse_pad_and_conv": (graph_fusions.fuse_pad_and_conv, ()),
    "merge_duplicate_nodes": (graph_editing.merge_duplicate_nodes, ()),
    "obfuscate_names": (graph_editing.obfuscate_names, ()),
    "obsfucate_names": (graph_editing.obfuscate_names, ()),  # as TensorFlow's description spells it
    "quantize_nodes": (graph_quantizing.quantize_nodes, ("fallback_min", "fallback_max", "ignore_op")),
    "quantize_weights": (weight_rounding.quantize_weights, ("minimum_size",)),
    "remove_attribute": (graph_editing.remove_attribute, ("attribute_name", "op_name")),
    "remove_control_dependencies": (_plain(graph_editing.remove_control_dependencies), ()),
    "remove_device": (_plain(graph_editing.remove_device), ()),
    "remove_nodes": (graph_editing.remove_nodes, ("op", "max_inputs")),
    "rename_attribute": (graph_editing.rename_attribute, ("old_attribute_name", "new_attribute_name", "op_name")),
    "rename_node": (graph_fusions.rename_node, ("old_node_name", "new_node_name")),
    "rename_op": (graph_editing.rename_op, ("old_op_name", "new_op_name")),
    "round_weights": (weight_rounding.round_weights, ("num_steps",)),
    "set_device": (graph_editing.set_device, ("device", "if_default")),
    "sort_by_execution_order": (_plain(graph_editing.sort_by_execution_order), ()),
    "strip_unused_nodes": (graph_editing.strip_unused_nodes, ("type", "shape", "name", "type_for_name", "shape_for_name")),
}  # fmt: skip
"""Name -> (definition, inputs, outputs, arguments) -> definition; and the arguments that it knows."""
