"""Conditionals, loops, and what orders operations."""

_FLOW, _FUNCTIONAL = "python.control_flow", "python.functional"
NAMES = {
    "cond": f"{_FLOW}:cond",
    "case": "python.cases:case",
    "while_loop": f"{_FLOW}:while_loop",
    "group": f"{_FLOW}:group",
    "tuple": f"{_FLOW}:tuple",
    "no_op": f"{_FLOW}:no_op",
    "TensorArray": "python.tensor_array:TensorArray",
    "map_fn": f"{_FUNCTIONAL}:map_fn",
    "scan": f"{_FUNCTIONAL}:scan",
    "foldl": f"{_FUNCTIONAL}:foldl",
    "foldr": f"{_FUNCTIONAL}:foldr",
    "python.ops.control_flow_ops.with_dependencies": f"{_FLOW}:with_dependencies",
    "python.ops.control_flow_ops.switch": f"{_FLOW}:switch",
    "python.ops.control_flow_ops.merge": f"{_FLOW}:merge",
    "contrib.framework.smart_cond": f"{_FLOW}:smart_cond",
    "contrib.framework.smart_constant_value": f"{_FLOW}:smart_constant_value",
}
