"""MetaGraphDefs: a graph, its collections and how it is saved, as one message; written here, read by `meta_graph_import`."""

from typing import Any

from jax_slim.tf1.files import protos
from jax_slim.tf1.graph import graphs

VERSION = "1.15.5"


def create(graph_def: Any, tags: Any = ()) -> Any:
    """A MetaGraphDef that holds a graph (a GraphDef, or a Graph) and nothing else."""
    if isinstance(graph_def, graphs.Graph):
        graph_def = graph_def.as_graph_def(add_shapes=True)
    made = protos.MetaGraphDef()
    made.meta_info_def.tensorflow_version = VERSION
    made.meta_info_def.tensorflow_git_version = "unknown"
    made.meta_info_def.tags.extend(tags)
    if graph_def is not None:
        made.graph_def.CopyFrom(graph_def)
    return made
