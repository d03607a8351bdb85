"""GraphDefs without calls: functions put in where they are called, conditionals and loops of functions as Switch and Merge."""

from collections.abc import Callable, Iterable
from typing import Any

from jax_slim.tf1.files import function_defs, old_tensor_arrays, protos
from jax_slim.tf1.graph import dtypes

_CALLS = frozenset({"PartitionedCall", "StatefulPartitionedCall"})
_IFS, _CASES = frozenset({"If", "StatelessIf"}), frozenset({"Case", "StatelessCase"})
_WHILES = frozenset({"While", "StatelessWhile"})
_BOOL, _INT, _STRING = (int(dtypes.as_dtype(name)) for name in ("bool", "int32", "string"))
_HANDLES = frozenset(int(dtypes.as_dtype(name)) for name in ("resource", "variant"))
_MOST_NODES = 1 << 20  # a file of a few kilobytes can ask for any number of them
_DEEPEST = 60

# What makes the nodes of a branch: (scope, inputs, what nodes without inputs wait for) -> outputs.
_Branch = Callable[[str, list[str], str], list[str]]


def lowered(graph_def: Any) -> Any:
    """The same graph without PartitionedCall, If, Case, While and their kin, or `graph_def` itself where it has none of them.

    A node that is replaced leaves one of its name that hands on its outputs, so that they can be named as before; what
    stands for it is below that name. Loop variables that a body gives back as they are enter the loop as constants.

    Raises:
      ValueError: a function is missing, calls itself, or does not fit where it is called.
    """
    graph_def = old_tensor_arrays.renewed(graph_def)
    functions = {f.signature.name: f for f in graph_def.library.function}
    if not any(_is_lowered(node, functions) for node in graph_def.node):
        return graph_def
    lowering = _Lowering(graph_def, functions)
    for node in graph_def.node:
        lowering.add(node, lambda source: source, "", [])
    return lowering.finished()


def _is_lowered(node: Any, functions: dict[str, Any]) -> bool:
    return node.op in functions or any(node.op in kinds for kinds in (_CALLS, _IFS, _CASES, _WHILES))


class _Lowering:
    """One graph that is being made.

    Attributes:
      made: the new GraphDef.
    """

    def __init__(self, graph_def: Any, functions: dict[str, Any]) -> None:
        self.made = protos.GraphDef(library=graph_def.library)
        if graph_def.HasField("versions"):
            self.made.versions.CopyFrom(graph_def.versions)
        self._functions, self._places = functions, {}
        self._instead: dict[str, str] = {}  # an output of a replaced node -> what gives it
        self._names: set[str] = set()
        self._scopes: set[str] = set()  # what other names are below
        self._take_note(node.name for node in graph_def.node)
        self._stack: list[str] = []

    def finished(self) -> Any:
        """The new GraphDef, once all nodes are added."""
        for node in self.made.node:
            for place, source in enumerate(node.input):
                node.input[place] = self._resolved(source)
        return self.made

    def _resolved(self, source: str) -> str:
        for _ in range(_DEEPEST):
            found = self._instead.get(source if ":" in source else source + ":0")
            if found is None:
                return source
            source = found
        return source

    def add(self, node: Any, mapped: Callable[[str], str], scope: str, waits: list[str]) -> None:
        """Adds a node, or what stands for it.

        Args:
          mapped: the node's inputs as they are called in the new graph.
          scope: what stands before its name.
          waits: control inputs besides its own.
        """
        name = f"{scope}/{node.name}" if scope else node.name
        inputs = [mapped(source) for source in node.input] + waits
        data, controls = [s for s in inputs if s[0] != "^"], [s for s in inputs if s[0] == "^"]
        if not _is_lowered(node, self._functions):
            made = self._node(name, node.op, [*data, *dict.fromkeys(controls)])
            for key, value in node.attr.items():
                if not (scope and key == "_class"):
                    made.attr[key].CopyFrom(value)
            made.device = node.device
            return
        if node.op in _IFS or node.op in _CASES:
            types = list(node.attr["Tin"].list.type)
            outputs = self._branches(node, name, data, types, controls)
        elif node.op in _WHILES:
            types = list(node.attr["T"].list.type)
            outputs = self._loop(node, name, data, types, controls)
        else:
            function = node.op if node.op in self._functions else node.attr["f"].func.name
            attrs = node.attr if node.op in self._functions else node.attr["f"].func.attr
            outputs = self._inlined(function, self._scope(name), data, controls, attrs)
        self._stand_in(name, outputs, self._output_types(node), controls)

    def _node(self, name: str, op: str, inputs: list[str], **attrs: Any) -> Any:
        if len(self.made.node) >= _MOST_NODES:
            raise ValueError(f"The functions of the graph make more than {_MOST_NODES} nodes where they are called.")
        made = self.made.node.add(name=name, op=op)
        made.input.extend(inputs)
        for key, value in attrs.items():
            if isinstance(value, list):
                made.attr[key].list.type.extend(value)
            elif key in ("T", "dtype"):
                made.attr[key].type = value
            elif isinstance(value, bool):
                made.attr[key].b = value
            elif isinstance(value, int):
                made.attr[key].i = value
            else:
                made.attr[key].s = value.encode()
        return made

    def _take_note(self, names: Iterable[str]) -> None:
        for name in names:
            self._names.add(name)
            self._scopes.update(name[:at] for at, c in enumerate(name) if c == "/")

    def _scope(self, name: str) -> str:
        """A node's name as a scope, or, where other nodes are below it, one like it."""
        found, number = name, 0
        while found in self._scopes or (number and found in self._names):
            number += 1
            found = f"{name}_{number}"
        self._scopes.add(found)
        return found

    def _stand_in(self, name: str, outputs: list[str], types: list[int], controls: list[str]) -> None:
        if len(outputs) != len(types):
            raise ValueError(f"Node '{name}' has {len(types)} outputs, and what it calls gives {len(outputs)}.")
        self._instead.update((f"{name}:{place}", output) for place, output in enumerate(outputs))
        if not outputs:
            self._node(name, "NoOp", controls)
        elif len(outputs) == 1:
            self._node(name, "Identity", [*outputs, *controls], T=types[0])
        else:
            self._node(name, "IdentityN", [*outputs, *controls], T=types)

    def _output_types(self, node: Any) -> list[int]:
        if node.op in self._functions:
            signature = self._functions[node.op].signature
            return [a.type or node.attr[a.type_attr].type for a in signature.output_arg]
        return list(node.attr["T" if node.op in _WHILES else "Tout"].list.type)

    # Calls.

    def _inlined(self, function: str, scope: str, inputs: list[str], waits: list[str], attrs: Any = None) -> list[str]:
        """Adds a function's nodes below a scope, those that use no other of them behind `waits`; gives its outputs."""
        definition = self._functions.get(function)
        if definition is None:
            raise ValueError(f"The graph has no function '{function}', which it calls.")
        if function in self._stack or len(self._stack) > _DEEPEST:
            raise ValueError(f"The function '{function}' of the graph calls itself.")
        signature = definition.signature
        if len(inputs) != len(signature.input_arg):
            raise ValueError(f"'{function}' takes {len(signature.input_arg)} inputs, and {len(inputs)} are given.")
        arguments = dict(zip((a.name for a in signature.input_arg), inputs, strict=True))
        if function not in self._places:
            self._places[function] = function_defs.Places(definition, self._functions)
        places = self._places[function]

        def mapped(source: str) -> str:
            if source in arguments:
                return arguments[source]
            if source[0] == "^":
                if source[1:] in arguments:
                    return "^" + arguments[source[1:]].partition(":")[0]
                return f"^{scope}/{source[1:]}"
            return f"{scope}/{places.plain(source)}"

        self._take_note(f"{scope}/{node.name}" for node in definition.node_def)
        self._stack.append(function)
        for node in definition.node_def:
            inside = any(source not in arguments for source in node.input)
            self.add(_bound(node, attrs), mapped, scope, [] if inside else waits)
        self._stack.pop()
        outputs = [mapped(definition.ret[a.name]) for a in signature.output_arg]
        ends = [f"^{scope}/{node}" for node in definition.control_ret.values()]
        if not ends:
            return outputs
        types = [a.type or attrs[a.type_attr].type for a in signature.output_arg]
        handed = []
        for place, (output, kind) in enumerate(zip(outputs, types, strict=True)):
            if kind in _HANDLES:
                handed.append(output)
            else:
                name = f"{scope}/output_{place}"
                self._node(name, "Identity", [output, *ends], T=kind)
                handed.append(name)
        return handed

    # Conditionals.

    def _branches(self, node: Any, name: str, inputs: list[str], types: list[int], controls: list[str]) -> list[str]:
        first, *rest = inputs
        results = list(node.attr["Tout"].list.type)
        scope = self._scope(name)
        if node.op in _IFS:
            pred = self._as_bool(f"{scope}/pred", first, node.attr["Tcond"].type)
            branches = [node.attr[key].func for key in ("then_branch", "else_branch")]
            then, other = (self._calling(f) for f in branches)
            return self._conditional(scope, pred, rest, types, results, then, other, controls)
        return self._case(scope, list(node.attr["branches"].list.func), 0, inputs, types, results, controls)

    def _case(
        self, scope: str, branches: list[Any], number: int, inputs: list[str], types: list[int], results: list[int], controls: list[str]
    ) -> list[str]:  # fmt: skip
        """A choice by number (`inputs[0]`; a number that there is not is the last branch): a conditional in each other's branch."""
        if number == len(branches) - 1:
            return self._inlined(
                branches[number].name, f"{scope}/{number}", inputs[1:], controls, branches[number].attr
            )
        constant = self._node(f"{scope}/number", "Const", controls, dtype=_INT)
        constant.attr["value"].tensor.dtype = _INT
        constant.attr["value"].tensor.int_val.append(number)
        constant.attr["value"].tensor.tensor_shape.SetInParent()
        self._node(f"{scope}/pred", "Equal", [inputs[0], f"{scope}/number"], T=_INT)

        def others(inner: str, given: list[str], pivot: str) -> list[str]:
            return self._case(inner, branches, number + 1, given, types, results, [pivot])

        def this(inner: str, given: list[str], pivot: str) -> list[str]:
            return self._calling(branches[number])(inner, given[1:], pivot)

        kinds = [_INT, *types]
        return self._conditional(scope, f"{scope}/pred", inputs, kinds, results, this, others, controls)

    def _calling(self, function: Any) -> _Branch:
        return lambda scope, inputs, pivot: self._inlined(function.name, scope, inputs, [pivot], function.attr)

    def _conditional(
        self, scope: str, pred: str, inputs: list[str], types: list[int], results: list[int], then: _Branch, other: _Branch, controls: list[str]
    ) -> list[str]:  # fmt: skip
        # A name of its own for each conditional: by it, those of one predicate are told apart.
        self._node(f"{scope}/pred_id", "Identity", [pred, *controls], T=_BOOL)
        self._node(f"{scope}/Switch", "Switch", [f"{scope}/pred_id", f"{scope}/pred_id"], T=_BOOL)
        self._node(f"{scope}/switch_t", "Identity", [f"{scope}/Switch:1"], T=_BOOL)
        self._node(f"{scope}/switch_f", "Identity", [f"{scope}/Switch"], T=_BOOL)
        for place, (source, kind) in enumerate(zip(inputs, types, strict=True)):
            self._node(f"{scope}/Switch_{place + 1}", "Switch", [source, f"{scope}/pred_id"], T=kind)
        doors = [f"{scope}/Switch_{place + 1}" for place in range(len(inputs))]
        found = then(f"{scope}/then", [f"{d}:1" for d in doors], f"^{scope}/switch_t")
        otherwise = other(f"{scope}/else", doors, f"^{scope}/switch_f")
        if not len(found) == len(otherwise) == len(results):
            raise ValueError(f"The branches of '{scope}' give {len(found)} and {len(otherwise)} outputs.")
        outputs = []
        for place, (yes, no, kind) in enumerate(zip(found, otherwise, results, strict=True)):
            self._node(f"{scope}/Merge_{place}", "Merge", [no, yes], T=kind, N=2)
            outputs.append(f"{scope}/Merge_{place}")
        return outputs

    def _as_bool(self, name: str, source: str, kind: int) -> str:
        """A condition as a boolean: a number is true where it is not 0."""
        if kind == _BOOL:
            return source
        if kind == _STRING:
            raise ValueError(f"'{name}' decides by a text; jax-slim knows conditions by booleans and numbers.")
        zero = self._node(f"{name}_zero", "Const", [], dtype=kind)
        zero.attr["value"].tensor.dtype = kind
        zero.attr["value"].tensor.tensor_shape.SetInParent()
        self._node(name, "NotEqual", [source, f"{name}_zero"], T=kind)
        return name

    # Loops.

    def _loop(self, node: Any, name: str, inputs: list[str], types: list[int], controls: list[str]) -> list[str]:
        body, condition = node.attr["body"].func, node.attr["cond"].func
        scope = self._scope(name)
        frame = {"frame_name": scope, "parallel_iterations": node.attr["parallel_iterations"].i or 10}
        kept = self._handed_back(body.name, len(inputs))
        inside, merges = [], {}
        for place, (source, kind) in enumerate(zip(inputs, types, strict=True)):
            enter = f"{scope}/Enter_{place}"
            constant = place in kept
            self._node(enter, "Enter", [source, *controls], T=kind, is_constant=constant, **frame)
            inside.append(enter)
            if not constant:
                merges[place] = inside[place] = f"{scope}/Merge_{place}"
                self._node(merges[place], "Merge", [enter, f"{scope}/NextIteration_{place}"], T=kind, N=2)
        if not merges:
            raise ValueError(f"The loop '{name}' changes nothing: it would never end.")
        first = next(iter(merges))
        goes_on = self._inlined(condition.name, f"{scope}/cond", inside, [f"^{merges[first]}"], condition.attr)
        if len(goes_on) != 1:
            raise ValueError(f"The condition of the loop '{name}' gives {len(goes_on)} outputs, not one.")
        kind = self._functions[condition.name].signature.output_arg[0].type or _BOOL
        self._node(f"{scope}/LoopCond", "LoopCond", [self._as_bool(f"{scope}/pred", goes_on[0], kind)])
        given = list(inside)
        for place, merge in merges.items():
            self._node(f"{scope}/Switch_{place}", "Switch", [merge, f"{scope}/LoopCond"], T=types[place])
            given[place] = f"{scope}/Identity_{place}"
            self._node(given[place], "Identity", [f"{scope}/Switch_{place}:1"], T=types[place])
        after = self._inlined(body.name, f"{scope}/body", given, [f"^{given[first]}"], body.attr)
        if len(after) != len(inputs):
            raise ValueError(f"The body of the loop '{name}' gives {len(after)} outputs for {len(inputs)} variables.")
        outputs = list(inputs)
        for place in merges:
            self._node(f"{scope}/NextIteration_{place}", "NextIteration", [after[place]], T=types[place])
            outputs[place] = f"{scope}/Exit_{place}"
            self._node(outputs[place], "Exit", [f"{scope}/Switch_{place}"], T=types[place])
        return outputs

    def _handed_back(self, function: str, count: int) -> set[int]:
        """The places of the arguments that a function gives back as they are, in the same places."""
        definition = self._functions.get(function)
        if definition is None:
            raise ValueError(f"The graph has no function '{function}', which it calls.")
        signature = definition.signature
        if not len(signature.input_arg) == len(signature.output_arg) == count:
            raise ValueError(f"'{function}' must take and give {count} values, as the variables of its loop.")
        passing = {n.name: n.input[0] for n in definition.node_def if n.op == "Identity" and n.input}
        found = set()
        for place, (taken, given) in enumerate(zip(signature.input_arg, signature.output_arg, strict=True)):
            source = definition.ret[given.name]
            for _ in range(_DEEPEST):
                source = passing.get(source.partition(":")[0], source)
            if source == taken.name:
                found.add(place)
        return found


def _bound(node: Any, attrs: Any) -> Any:
    """A node of a function with the attributes that its call gives in the place of their names."""
    if not attrs or not any(value.placeholder for value in node.attr.values()):
        return node
    made = protos.NodeDef()
    made.CopyFrom(node)
    for value in made.attr.values():
        if value.placeholder in attrs:
            value.CopyFrom(attrs[value.placeholder])
    return made
