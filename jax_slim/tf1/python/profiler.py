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
        self.name = name
        self.children: list[GraphNodeProto] = []
        self.parameters = self.float_ops = self.total_parameters = self.total_float_ops = 0


def _size(shape: Any) -> int:
    return int(np.prod(shape.as_list(), dtype=np.int64)) if shape.is_fully_defined() else 0


# Operations for each element of the output.
_FOR_EACH = {
    "Add": 1, "AddV2": 1, "Sub": 1, "Mul": 1, "RealDiv": 1, "Maximum": 1, "Minimum": 1, "Pow": 1, "Less": 1, "LessEqual": 1, "Greater": 1,
    "GreaterEqual": 1, "Equal": 1, "NotEqual": 1, "SquaredDifference": 2, "BiasAdd": 1, "Reciprocal": 1, "Square": 1, "Rsqrt": 2, "RsqrtGrad": 4,
    "Log": 1, "Neg": 1, "Softmax": 5, "AssignAdd": 1, "AssignSub": 1,
}  # fmt: skip


def _float_ops(op: Any) -> int:
    """Arithmetic operations, by TensorFlow's rules: a product and a sum are two. Types that it has no rule for count nothing."""
    out = _size(op.outputs[0].shape) if op.outputs else 0
    if op.type in _FOR_EACH:
        return _FOR_EACH[op.type] * out
    into = [_size(t.shape) for t in op.inputs]
    if op.type in ("Sum", "ArgMax", "ArgMin", "BiasAddGrad"):
        return max(into[0] - out, 0) if into[0] and out else 0
    if op.type == "Mean":
        return into[0]
    if op.type == "AddN":
        return out * (len(into) - 1)
    if op.type == "L2Loss":
        return max(3 * into[0] - 1, 0)
    if op.type == "MatMul":
        shape = op.inputs[0].shape.as_list() if op.inputs[0].shape.ndims == 2 else [None, None]
        return 2 * out * ((shape[0] if op.get_attr("transpose_a") else shape[1]) or 0)
    if op.type in ("AvgPool", "MaxPool"):
        return out * int(np.prod(op.get_attr("ksize")))
    if op.type == "AvgPoolGrad":
        return 2 * into[1] * int(np.prod(op.get_attr("ksize")))
    if op.type == "MaxPoolGrad":
        return into[1] * (int(np.prod(op.get_attr("ksize"))) + 1)
    return _convolution_ops(op, out)


def _convolution_ops(op: Any, out: int) -> int:
    if op.type in ("Conv2D", "Conv3D", "DepthwiseConv2dNative"):
        shape = op.inputs[1].shape
        if not shape.is_fully_defined():
            return 0
        sizes = shape.as_list()
        taps = int(np.prod(sizes[:-2]))
        return 2 * out * taps * (1 if op.type == "DepthwiseConv2dNative" else sizes[-2])
    if op.type in ("Conv2DBackpropInput", "Conv2DBackpropFilter"):
        images = op.outputs[0] if op.type == "Conv2DBackpropInput" else op.inputs[0]
        kernel = op.inputs[1] if op.type == "Conv2DBackpropInput" else op.outputs[0]
        depth = images.shape.as_list()[-1] if images.shape.ndims else None
        steps = int(np.prod(op.get_attr("strides")))
        return 2 * _size(images.shape) * _size(kernel.shape) // (depth * steps) if depth else 0
    return 0


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
