"""How nodes are made: inputs converted and checked against TF's definition, attributes filled in, shapes inferred."""

import contextlib
from collections.abc import Iterator
from typing import Any

from jax_slim.tf1.graph import conversion, dtypes, graphs, op_defs, rows, shape_inference, shapes
from jax_slim.tf1.graph.tensors import Operation, Tensor


def make(type: str, /, *inputs: Any, name: str | None = None, **attributes: Any) -> Any:
    """Makes an operation and gives what it gives.

        building.make("Conv2D", images, weights, strides=[1, 2, 2, 1], padding="SAME", name=name)

    Inputs are converted to tensors inside of the name scope that the operation's name opens, so that a constant is
    called `<name>/<argument>`. Types follow from the inputs, missing attributes from TF's defaults.

    Returns:
      A tensor; a list, where TF's definition has a list; a tuple of those where it has several outputs; the
      operation, where it has none.

    Raises:
      TypeError, ValueError: inputs that do not fit; the message is TF's.
    """
    return results(make_op(type, *inputs, name=name, **attributes))


def results(op: Operation) -> Any:
    """An operation's outputs, as `make` gives them."""
    found: list[Any] = []
    place = 0
    for argument in op.op_def.outputs:
        count = rows.size_of(argument, op.attrs)
        found.append(op.outputs[place] if count is None else op.outputs[place : place + count])
        place += 1 if count is None else count
    if not found:
        return op
    return found[0] if len(found) == 1 else tuple(found)


def make_op(type: str, /, *inputs: Any, name: str | None = None, **attributes: Any) -> Operation:
    """`make`, but the operation itself."""
    definition = op_defs.find(type)
    assert definition is not None, type
    graph = graphs.graph_of(inputs)
    with graph.as_default(), graph.name_scope(name or type) as scope:
        attrs = {n: _attribute(definition, n, v, type) for n, v in attributes.items() if v is not None}
        tensors = _inputs(definition, inputs, attrs, type)
        for attribute in definition.attributes.values():
            if attribute.name not in attrs and attribute.has_default:
                attrs[attribute.name] = attribute.default
            if attribute.name not in attrs:
                raise TypeError(f"No argument for attr {attribute.name} found in '{type}' Op")
            _check_attribute(attribute, attrs[attribute.name], type)
        with _beside_variables(graph, definition, tensors):
            op = graph.create_op(
                type, tensors, output_types(definition, attrs), name=scope, attrs=attrs, op_def=definition
            )
    shape_inference.infer(op)
    return op


@contextlib.contextmanager
def _beside_variables(graph: Any, definition: op_defs.OpDef, tensors: list[Tensor]) -> Iterator[None]:
    """What takes references to variables is where these are."""
    with contextlib.ExitStack() as stack:
        for argument, tensor in zip(definition.inputs, tensors, strict=False):
            if argument.is_ref:
                stack.enter_context(graph.colocate_with(tensor))
        yield


def output_types(definition: op_defs.OpDef, attrs: dict[str, Any]) -> list[dtypes.DType]:
    """The types of all outputs, lists spread."""
    found: list[dtypes.DType] = []
    for argument in definition.outputs:
        if argument.list_attr:
            found.extend(attrs[argument.list_attr])
            continue
        kind = argument.type or attrs[argument.type_attr]
        kind = kind._as_ref if argument.is_ref else kind
        found.extend([kind] * (attrs[argument.count_attr] if argument.count_attr else 1))
    return found


def _attribute(definition: op_defs.OpDef, name: str, value: Any, type: str) -> Any:
    if name.startswith("_"):
        return value
    if name not in definition.attributes:
        raise TypeError(f"apply_op() got unexpected keyword arguments: {name}")
    return converted_attribute(definition.attributes[name].kind, value, name, type)


def converted_attribute(kind: str, value: Any, name: str = "", type: str = "") -> Any:
    """A value in the form that attributes of a kind are kept in."""
    if kind.startswith("list("):
        if not isinstance(value, list | tuple | shapes.TensorShape) and not hasattr(value, "__iter__"):
            raise TypeError(f"Expected list for {name} argument to '{type}' Op, not {value!r}.")
        return [converted_attribute(kind[5:-1], v, name, type) for v in value]
    if kind == "type":
        return dtypes.as_dtype(value).base_dtype
    if kind == "shape":
        return shapes.as_shape(value)
    if kind == "string":
        if not isinstance(value, str | bytes):
            raise TypeError(f"Expected string for argument '{name}' not {value!r}.")
        return value.encode() if isinstance(value, str) else value
    if kind == "int":
        if isinstance(value, str | bytes | Tensor):
            raise TypeError(f"Expected int for argument '{name}' not {value!r}.")
        value = shapes.dimension_value(value)
        if int(value) != value:
            raise TypeError(f"Expected int for argument '{name}' not {value!r}.")
        return int(value)
    if kind == "float":
        if isinstance(value, str | bytes | Tensor):
            raise TypeError(f"Expected float for argument '{name}' not {value!r}.")
        return float(value)
    if kind == "bool":
        if isinstance(value, Tensor):
            raise TypeError(f"Expected bool for argument '{name}' not {value!r}.")
        return bool(value)
    return value


def _check_attribute(attribute: op_defs.Attribute, value: Any, type: str) -> None:
    if attribute.allowed is not None:
        for element in value if isinstance(value, list) else [value]:
            if element in attribute.allowed:
                continue
            if attribute.kind.endswith("string"):
                raise ValueError(
                    f"Attr '{attribute.name}' of '{type}' Op passed string '{element.decode()}' not in: "
                    + ", ".join(f'"{a.decode()}"' for a in sorted(attribute.allowed)) + "."
                )  # fmt: skip
            allowed = ", ".join(sorted(a.name for a in attribute.allowed))
            raise TypeError(
                f"Value passed to parameter '{attribute.name}' has DataType {element.name} not in list of allowed values: {allowed}"
            )
    if attribute.minimum is not None:
        size = len(value) if isinstance(value, list) else value
        if size < attribute.minimum:
            raise ValueError(
                f"Attr '{attribute.name}' of '{type}' Op passed {size} less than minimum {attribute.minimum}."
            )


def _inputs(definition: op_defs.OpDef, given: tuple[Any, ...], attrs: dict[str, Any], type: str) -> list[Tensor]:
    assert len(given) == len(definition.inputs), (type, len(given))
    tensors: list[Tensor] = []
    from_input: dict[str, str] = {}  # attribute -> the argument it was taken from
    for argument, value in zip(definition.inputs, given, strict=True):
        if argument.count_attr or argument.list_attr:
            found = _list_input(definition, argument, value, attrs, from_input, type)
            tensors.extend(found)
        else:
            tensors.append(_one_input(definition, argument, value, attrs, from_input, type))
    return tensors


def _one_input(definition: op_defs.OpDef, argument: op_defs.Argument, value: Any, attrs: dict[str, Any], from_input: dict[str, str], type: str) -> Tensor:  # fmt: skip
    kind = argument.type or attrs.get(argument.type_attr)
    wish = None
    if kind is None and argument.type_attr in definition.attributes:
        wish = definition.attributes[argument.type_attr].default
    try:
        tensor = conversion.convert_to_tensor(value, kind, argument.name, wish, as_ref=argument.is_ref)
    except TypeError as error:
        if kind is None:
            raise
        raise TypeError(
            f"Expected {kind.name} passed to parameter '{argument.name}' of op '{type}', got {value!r} of type '{value.__class__.__name__}' instead. Error: {error}"
        ) from None
    except ValueError as error:
        if kind is None:
            raise
        try:
            other = conversion.convert_to_tensor(value, name=argument.name, as_ref=argument.is_ref).dtype.name
        except ValueError:
            raise error from None
        prefix = f"Input '{argument.name}' of '{type}' Op has type {other} that does not match"
        if argument.type is not None:
            raise TypeError(f"{prefix} expected type of {argument.type.name}.") from None
        raise TypeError(
            f"{prefix} type {kind.name} of argument '{from_input.get(argument.type_attr, argument.type_attr)}'."
        ) from None
    if argument.is_ref and not tensor.dtype._is_ref_dtype:
        raise TypeError(f"'{type}' Op requires that input '{argument.name}' be a mutable tensor (e.g.: a tf.Variable)")
    if argument.type_attr and argument.type_attr not in attrs:
        attrs[argument.type_attr] = tensor.dtype.base_dtype
        from_input[argument.type_attr] = argument.name
        _check_attribute_of_input(definition, argument, attrs, type)
    return tensor


def _check_attribute_of_input(
    definition: op_defs.OpDef, argument: op_defs.Argument, attrs: dict[str, Any], type: str
) -> None:
    attribute, kind = definition.attributes[argument.type_attr], attrs[argument.type_attr]
    if attribute.allowed is not None and kind not in attribute.allowed:
        allowed = ", ".join(sorted(a.name for a in attribute.allowed))
        raise TypeError(
            f"Value passed to parameter '{argument.name}' has DataType {kind.name} not in list of allowed values: {allowed}"
        )


def _list_input(definition: op_defs.OpDef, argument: op_defs.Argument, value: Any, attrs: dict[str, Any], from_input: dict[str, str], type: str) -> list[Tensor]:  # fmt: skip
    if not isinstance(value, list | tuple):
        raise TypeError(f"Expected list for '{argument.name}' argument to '{type}' Op, not {value!r}.")
    if argument.list_attr:
        kinds = attrs.get(argument.list_attr)
        if kinds is not None and len(kinds) != len(value):
            raise ValueError(
                f"List argument '{argument.name}' to '{type}' Op with length {len(value)} must match length {len(kinds)} of argument '{argument.list_attr}'."
            )
        found = [
            conversion.convert_to_tensor(
                v, None if kinds is None else kinds[i], f"{argument.name}_{i}", as_ref=argument.is_ref
            )
            for i, v in enumerate(value)
        ]
        attrs[argument.list_attr] = [t.dtype.base_dtype for t in found]
        return found
    count = attrs.get(argument.count_attr)
    if count is not None and count != len(value):
        raise ValueError(
            f"List argument '{argument.name}' to '{type}' Op with length {len(value)} must match length {count} of argument '{from_input.get(argument.count_attr, argument.count_attr)}'."
        )
    kind = argument.type or attrs.get(argument.type_attr)
    if kind is None:  # what the first tensor among them is decides for numbers beside it
        kind = next((v.dtype.base_dtype for v in value if isinstance(getattr(v, "dtype", None), dtypes.DType)), None)
    try:
        found = conversion.convert_n_to_tensor(value, kind, argument.name) if not argument.is_ref else [
            conversion.convert_to_tensor(v, kind, as_ref=True) for v in value]  # fmt: skip
    except (TypeError, ValueError):
        kinds = [str(getattr(v, "dtype", builtin_name(v))) for v in value]
        raise TypeError(
            f"Tensors in list passed to '{argument.name}' of '{type}' Op have types {kinds} that don't all match."
        ) from None
    if len({t.dtype.base_dtype for t in found}) > 1:
        raise TypeError(
            f"Tensors in list passed to '{argument.name}' of '{type}' Op have types [{', '.join(t.dtype.name for t in found)}] that don't all match."
        )
    attrs[argument.count_attr] = len(found)
    from_input.setdefault(argument.count_attr, argument.name)
    attribute = definition.attributes[argument.count_attr]
    if attribute.minimum is not None and len(found) < attribute.minimum:
        raise ValueError(
            f"List argument '{argument.name}' to '{type}' Op with length {len(found)} shorter than minimum length {attribute.minimum}."
        )
    if argument.type_attr and argument.type_attr not in attrs:
        if found:
            attrs[argument.type_attr] = found[0].dtype.base_dtype
            _check_attribute_of_input(definition, argument, attrs, type)
        from_input[argument.type_attr] = argument.name
    return found


def builtin_name(value: Any) -> str:
    """The name of a value's class, for messages."""
    return value.__class__.__name__
