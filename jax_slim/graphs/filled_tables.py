"""The lookup tables of a graph as nodes that fill them: what a SavedModel runs before it is used."""

from typing import Any

import numpy as np

from jax_slim.tf1.files import protos
from jax_slim.tf1.graph import tensor_protos

_IMMUTABLE = ("HashTable", "HashTableV2")


def table_nodes(definition: Any) -> list[Any]:
    """The nodes of a GraphDef that are tables."""
    return [node for node in definition.node if "HashTable" in node.op]


def add_filling(definition: Any, tables: dict[str, Any]) -> str | None:
    """Adds constants with the entries of tables, and operations that fill them.

    Args:
      definition: the GraphDef, which gets further nodes.
      tables: node -> what it holds; tables without entries need none.

    Returns:
      The node that runs them all; None where there is nothing to fill.
    """
    taken = {node.name for node in definition.node}
    filling = []
    for node in table_nodes(definition):
        table = tables.get(node.name)
        if table is None or (not table.entries and node.op not in _IMMUTABLE):
            continue
        parts = {}
        columns = {"keys": list(table.entries), "values": list(table.entries.values())}
        for what, kind in (("keys", table.key_dtype), ("values", table.value_dtype)):
            array = np.array(columns[what], kind.as_numpy_dtype)
            if what == "values" and not len(array):
                array = array.reshape(0, *table.value_shape)
            constant = definition.node.add(name=_free(taken, f"{node.name}/{what}"), op="Const")
            constant.attr["dtype"].type = int(kind)
            constant.attr["value"].tensor.CopyFrom(tensor_protos.make_tensor_proto(array))
            parts[what] = constant.name
        op = "InitializeTable" if node.op in _IMMUTABLE else "LookupTableImport"
        made = definition.node.add(
            name=_free(taken, f"{node.name}/fill"), op=op + ("V2" if node.op.endswith("V2") else "")
        )
        made.input.extend([node.name, parts["keys"], parts["values"]])
        names = ("Tkey", "Tval") if node.op in _IMMUTABLE else ("Tin", "Tout")
        for name, kind in zip(names, (table.key_dtype, table.value_dtype), strict=True):
            made.attr[name].type = int(kind)
        filling.append(made.name)
    if not filling:
        return None
    whole = protos.NodeDef(name=_free(taken, "fill_tables"), op="NoOp", input=[f"^{name}" for name in filling])
    definition.node.append(whole)
    return whole.name


def _free(taken: set[str], name: str) -> str:
    while name in taken:
        name += "_1"
    taken.add(name)
    return name
