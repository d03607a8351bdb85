"""Which graphs a SavedModel's folder holds, by their tags: `saved_model_utils`."""

from collections.abc import Sequence
from typing import Any

from jax_slim.tf1.python import saved_model


def tag_sets(folder: Any) -> list[list[str]]:
    """The tags of each graph in a SavedModel, sorted.

    Raises:
      OSError: there is none.
    """
    return sorted(sorted(meta.meta_info_def.tags) for meta in saved_model.parse_saved_model(folder).meta_graphs)


def meta_graph(folder: Any, tags: str | Sequence[str]) -> Any:
    """The MetaGraphDef with just these tags (a list, or a text with commas).

    Raises:
      OSError: there is no SavedModel.
      RuntimeError: it has no such graph.
    """
    wanted = {tag.strip() for tag in (tags.split(",") if isinstance(tags, str) else tags) if tag.strip()}
    model = saved_model.parse_saved_model(folder)
    for meta in model.meta_graphs:
        if set(meta.meta_info_def.tags) == wanted:
            return meta
    there = [sorted(meta.meta_info_def.tags) for meta in model.meta_graphs]
    raise RuntimeError(
        f"MetaGraphDef associated with tag-set {', '.join(sorted(wanted))!r} could not be found in SavedModel {folder}, which has {there}."
    )
