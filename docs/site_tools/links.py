"""Links that authors need not write: from names in running text into the reference, from the contents to new pages."""

import json
import re
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.nodes import make_refnode

_NAME = re.compile(r"(?:slim\.|jax_slim\.)?([A-Za-z_][\w.]*?)(?:\(.*\))?")


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    app.connect("env-get-outdated", lambda *_: ["index"])
    app.connect("source-read", _link_pages)
    app.connect("doctree-resolved", _link_names)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _link_pages(app: Sphinx, page: str, source: list[str]) -> None:
    """Links to the changelog, which lies above `docs/`, lead to its page; the contents list every page in `docs/`."""
    source[0] = source[0].replace("](../CHANGELOG.md)", "](changelog.md)")
    if page == "index":
        others = [
            path.stem for path in sorted(Path(app.srcdir).glob("*.md")) if path.stem not in source[0].splitlines()
        ]
        source[0] = source[0].replace("OTHER_PAGES", "\n".join(name for name in others if name != "index"))


def _link_names(app: Sphinx, tree: nodes.document, page: str) -> None:
    """Makes `slim.conv2d`, and `learning.train`, in backquotes links, where the reference describes them elsewhere."""
    objects = app.env.get_domain("py").objects
    aliases = _aliases(app)
    for literal in list(tree.findall(nodes.literal)):
        if any(isinstance(above, nodes.reference | nodes.title) for above in _above(literal)):
            continue
        found = _NAME.fullmatch(literal.astext())
        # A single word may be anything: only with `slim.` before it or a dot within it is it meant as this name.
        if not found or not (literal.astext().startswith(("slim.", "jax_slim.")) or "." in found[1]):
            continue
        name = aliases.get(f"slim.{found[1]}", f"slim.{found[1]}")
        described = objects.get(name)
        if described is not None and described.docname != page:
            link = make_refnode(app.builder, page, described.docname, described.node_id, literal.deepcopy())
            literal.replace_self(link)


def _above(node: nodes.Node) -> list[nodes.Node]:
    found = []
    while node.parent is not None:
        node = node.parent
        found.append(node)
    return found


def _aliases(app: Sphinx) -> dict[str, str]:
    if not hasattr(app, "_public_names"):
        path = Path(app.srcdir) / "made" / "reference" / "aliases.json"
        app._public_names = json.loads(path.read_text())
    return app._public_names
