"""`tf.profiler` and `tf.contrib.tfprof`: how many parameters and operations a graph has."""

import re
import sys
from pathlib import Path
from typing import Any

import numpy as np

from jax_slim.tf1.graph import graphs

_ALL = [".*"]


def _options(account: list[str], select: list[str], order: str, regexes: list[str]) -> dict[str, Any]:
    return {
        "max_depth": 10000, "min_bytes": 0, "min_micros": 0, "min_params": 0, "min_float_ops": 0, "min_occurrence": 0, "order_by": order,
        "account_type_regexes": account, "start_name_regexes": _ALL, "trim_name_regexes": regexes, "show_name_regexes": _ALL, "hide_name_regexes": [],
        "account_displayed_op_only": True, "select": select, "step": -1, "output": "stdout",
    }  # fmt: skip


TRAINABLE_VARS_PARAMS_STAT_OPTIONS = _options(["_trainable_variables"], ["params"], "name", [])
FLOAT_OPS_OPTIONS = _options(_ALL, ["float_ops"], "float_ops", [])
PRINT_ALL_TIMING_MEMORY = _options(_ALL, ["micros", "bytes"], "name", [])
ALL_ADVICE: dict[str, Any] = {}


class ProfileOptionBuilder:
    """Makes the options of `profile`, step by step or by one of the usual choices."""

    def __init__(self, options: dict[str, Any] | None = None) -> None:
        self._options = dict(options) if options is not None else _options(_ALL, [], "name", [])

    def build(self) -> dict[str, Any]:
        """The options."""
        return dict(self._options)

    @staticmethod
    def trainable_variables_parameter() -> dict[str, Any]:
        """Counts the parameters of trainable variables."""
        return dict(TRAINABLE_VARS_PARAMS_STAT_OPTIONS)

    @staticmethod
    def float_operation() -> dict[str, Any]:
        """Counts arithmetic operations on floats."""
        return dict(FLOAT_OPS_OPTIONS)

    @staticmethod
    def time_and_memory(*_: Any, **__: Any) -> dict[str, Any]:
        """Time and memory; nothing is known of either here."""
        return dict(PRINT_ALL_TIMING_MEMORY)

    def _with(self, **changes: Any) -> "ProfileOptionBuilder":
        self._options.update(changes)
        return self

    def with_max_depth(self, max_depth: int) -> "ProfileOptionBuilder":
        return self._with(max_depth=max_depth)

    def with_accounted_types(self, account_type_regexes: Any) -> "ProfileOptionBuilder":
        return self._with(account_type_regexes=list(account_type_regexes))

    def with_node_names(
        self,
        start_name_regexes: Any = None,
        show_name_regexes: Any = None,
        hide_name_regexes: Any = None,
        trim_name_regexes: Any = None,
    ) -> "ProfileOptionBuilder":
        given = {
            "start_name_regexes": start_name_regexes,
            "show_name_regexes": show_name_regexes,
            "hide_name_regexes": hide_name_regexes,
            "trim_name_regexes": trim_name_regexes,
        }
        return self._with(**{k: list(v) for k, v in given.items() if v is not None})

    def with_empty_output(self) -> "ProfileOptionBuilder":
        return self._with(output="none")

    def with_stdout_output(self) -> "ProfileOptionBuilder":
        return self._with(output="stdout")

    def with_file_output(self, outfile: str) -> "ProfileOptionBuilder":
        return self._with(output=f"file:outfile={outfile}")

    def select(self, attributes: Any) -> "ProfileOptionBuilder":
        return self._with(select=list(attributes))

    def order_by(self, attribute: str) -> "ProfileOptionBuilder":
        return self._with(order_by=attribute)

    def account_displayed_op_only(self, is_true: bool) -> "ProfileOptionBuilder":
        return self._with(account_displayed_op_only=is_true)


class GraphNodeProto:
    """What `profile` counted under a name scope.

    Attributes:
      name: the scope; `_TFProfRoot` for the whole graph.
      parameters, float_ops: of the node itself.
      total_parameters, total_float_ops: with all that is below it.
      children: what is below it.
    """

    def __init__(self, name: str) -> None:
        self.name, self.children = name, []  # type: str, list[GraphNodeProto]
        self.parameters = self.float_ops = self.total_parameters = self.total_float_ops = 0


def _size(shape: Any) -> int:
    return int(np.prod(shape.as_list(), dtype=np.int64)) if shape.is_fully_defined() else 0


def _float_ops(op: Any) -> int:
    """Arithmetic operations, by TensorFlow's rules: a product and a sum are two."""
    out = _size(op.outputs[0].shape) if op.outputs else 0
    if op.type in ("Conv2D", "DepthwiseConv2dNative"):
        shape = op.inputs[1].shape
        if not shape.is_fully_defined():
            return 0
        height, width, channels, _ = shape.as_list()
        return 2 * out * height * width * (channels if op.type == "Conv2D" else 1)
    if op.type == "MatMul":
        shape = op.inputs[0].shape.as_list() if op.inputs[0].shape.ndims == 2 else [None, None]
        inner = shape[0] if op.get_attr("transpose_a") else shape[1]
        return 2 * out * (inner or 0)
    if op.type in (
        "Add",
        "AddV2",
        "Sub",
        "Mul",
        "RealDiv",
        "Maximum",
        "Minimum",
        "Pow",
        "Less",
        "Greater",
        "Equal",
        "BiasAdd",
        "Reciprocal",
        "Square",
        "Rsqrt",
        "Sqrt",
        "Neg",
    ):
        return out
    if op.type in ("Sum", "Mean", "ArgMax"):
        return _size(op.inputs[0].shape)
    if op.type in ("AvgPool", "MaxPool"):
        return out * int(np.prod(op.get_attr("ksize")))
    if op.type == "L2Loss":
        return 2 * _size(op.inputs[0].shape)
    return 5 * out if op.type == "Softmax" else 0


def profile(
    graph: Any = None,
    run_meta: Any = None,
    op_log: Any = None,
    cmd: str = "scope",
    options: dict[str, Any] | None = None,
) -> GraphNodeProto:
    """Counts parameters or arithmetic operations of a graph and prints them by name scope.

    Args:
      graph: the default graph when None.
      cmd: "scope", "graph", "op" or "code": the same here, by name scope.
      options: by `ProfileOptionBuilder`; parameters of trainable variables when None.
    """
    graph = graphs.get_default_graph() if graph is None else graph
    options = TRAINABLE_VARS_PARAMS_STAT_OPTIONS if options is None else options
    chosen, trim = options.get("select", []), [re.compile(r) for r in options.get("trim_name_regexes", [])]
    counts: dict[str, tuple[int, int]] = {}
    if "params" in chosen:
        trainable = graph.get_collection("trainable_variables")
        variables = (
            trainable
            if "_trainable_variables" in options.get("account_type_regexes", [])
            else graph.get_collection("variables")
        )
        counts.update({v.op.name: (_size(v.shape), 0) for v in variables})
    if "float_ops" in chosen:
        for op in graph.get_operations():
            found = _float_ops(op)
            if found:
                counts[op.name] = (counts.get(op.name, (0, 0))[0], found)
    root = GraphNodeProto("_TFProfRoot")
    for name, (parameters, float_ops) in counts.items():
        if any(t.match(name) for t in trim):
            continue
        node = root
        for end in [i for i, sign in enumerate(name + "/") if sign == "/"]:
            _grow(node, parameters, float_ops)
            node = _child(node, name[:end])
        _grow(node, parameters, float_ops)
        node.parameters, node.float_ops = parameters, float_ops
    _show(root, chosen, options)
    return root


print_model_analysis = profile


def contrib_print_model_analysis(
    graph: Any, run_meta: Any = None, op_log: Any = None, tfprof_cmd: str = "scope", tfprof_options: Any = None
) -> GraphNodeProto:
    """`profile`, under the argument names of `tf.contrib.tfprof`."""
    return profile(graph, run_meta, op_log, tfprof_cmd, tfprof_options)


def _grow(node: GraphNodeProto, parameters: int, float_ops: int) -> None:
    node.total_parameters += parameters
    node.total_float_ops += float_ops


def _child(node: GraphNodeProto, name: str) -> GraphNodeProto:
    for child in node.children:
        if child.name == name:
            return child
    node.children.append(GraphNodeProto(name))
    return node.children[-1]


def _show(root: GraphNodeProto, chosen: list[str], options: dict[str, Any]) -> None:
    where = options.get("output", "stdout")
    if where == "none":
        return
    lines: list[str] = []

    def add(node: GraphNodeProto, depth: int) -> None:
        if depth > options.get("max_depth", 10000):
            return
        parts = [f"--/{_short(node.total_parameters)} params"] if "params" in chosen else []
        parts += [f"{_short(node.float_ops)}/{_short(node.total_float_ops)} flops"] if "float_ops" in chosen else []
        lines.append("  " * depth + f"{node.name} ({', '.join(parts)})")
        for child in sorted(node.children, key=lambda c: c.name):
            add(child, depth + 1)

    add(root, 0)
    text = "\n".join(lines) + "\n"
    if where.startswith("file:"):
        Path(where.partition("outfile=")[2]).write_text(text)
    else:
        sys.stdout.write(text)


def _short(count: int) -> str:
    for size, sign in ((1e9, "b"), (1e6, "m"), (1e3, "k")):
        if count >= size:
            return f"{count / size:.2f}{sign}"
    return str(count)


class Profiler:
    """Profiles of several steps of one graph; only what the graph tells is known here."""

    def __init__(self, graph: Any = None, op_log: Any = None) -> None:
        self._graph = graphs.get_default_graph() if graph is None else graph

    def add_step(self, step: int, run_meta: Any) -> None:
        """Takes no notice of what a run took."""

    def profile_name_scope(self, options: Any) -> GraphNodeProto:
        return profile(self._graph, options=options)

    profile_graph = profile_operations = profile_python = profile_name_scope


class ProfileContext:
    """A block whose steps would be profiled; here it only runs."""

    def __init__(
        self,
        profile_dir: str,
        trace_steps: Any = None,
        dump_steps: Any = None,
        enabled: bool = True,
        debug: bool = False,
    ) -> None:
        self.profile_dir = profile_dir

    def add_auto_profiling(self, *args: Any) -> None:
        """Takes no notice."""

    def __enter__(self) -> "ProfileContext":
        return self

    def __exit__(self, *args: Any) -> None:
        pass
