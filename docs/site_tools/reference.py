"""The pages of the reference, written from docstrings: one for each room and each public file of one."""

import inspect
import json
from pathlib import Path
from typing import Any

from site_tools.docstrings import as_markdown
from site_tools.public_names import Entry, Page, pages, tensorflow_names
from site_tools.signatures import signature


def write(folder: Path) -> None:
    """Writes the pages into `folder`, and `aliases.json`: every public name -> the one that it is documented under."""
    found = pages()
    texts = {f"{page.name}.md": _page(page, found) for page in found}
    texts["index.md"] = _index(found)
    texts["tensorflow.md"] = _tensorflow()
    aliases = {name: entry.name for page in found for entry in page.entries for name in [entry.name, *entry.others]}
    texts["aliases.json"] = json.dumps(aliases, indent=0)
    folder.mkdir(parents=True, exist_ok=True)
    for old in set(folder.iterdir()) - {folder / name for name in texts}:
        old.unlink()
    for name, text in texts.items():
        path = folder / name
        if not path.exists() or path.read_text() != text:  # what is as it was is not read again
            path.write_text(text)


def _index(found: list[Page]) -> str:
    rooms = [page for page in found if page.name.count(".") == 1]
    lines = [f"- [`{page.name}`]({page.name}.md): {_first_line(page.module)}" for page in rooms]
    names = "\n".join([*(page.name for page in rooms), "tensorflow"])
    return f"""# Reference

Everything public, room by room. What stands at the root (`slim.conv2d`, `slim.Model`) is on the page of the room that
it comes from; [the index](genindex) has all names.

{chr(10).join(lines)}
- [`slim.tf1`](tensorflow.md): the names of TensorFlow 1 that programs find

```{{toctree}}
:hidden:

{names}
```
"""


def _page(page: Page, found: list[Page]) -> str:
    below = [other.name for other in found if other.name.startswith(f"{page.name}.")]
    parts = [f"# {page.name}", as_markdown(inspect.getdoc(page.module) or "")]
    if below:
        links = "\n".join(f"- [`{name}`]({name}.md)" for name in below)
        toctree = "\n".join(below)
        parts.append(f"Its files:\n\n{links}\n\n```{{toctree}}\n:hidden:\n\n{toctree}\n```")
    parts += [_entry(entry) for entry in page.entries]
    return "\n\n".join(part for part in parts if part) + "\n"


def _entry(entry: Entry) -> str:
    others = f"Also {', '.join(f'`{name}`' for name in entry.others)}." if entry.others else ""
    value = entry.value
    if inspect.isclass(value):
        kind = "exception" if issubclass(value, BaseException) else "class"
        members = [_member(entry.name, name, member) for name, member in _members(value)]
        return _directive(kind, entry.name + signature(value), [_text(value), others, *members], colons=5)
    if callable(value) and hasattr(value, "__name__"):
        return _directive("function", entry.name + signature(value), [_text(value), others])
    shown = repr(value)
    shown = f"`{shown}`" if len(shown) < 200 and " at 0x" not in shown else ""
    return _directive("data", entry.name, [shown, others])


def _members(cls: type) -> list[tuple[str, Any]]:
    """The public methods and properties that have docstrings of their own."""
    found: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        if base.__module__.startswith("jax_slim"):
            found |= {name: member for name, member in vars(base).items() if not name.startswith("_")}
    return [(name, member) for name, member in found.items() if _is_member(member)]


def _is_member(member: Any) -> bool:
    function = member.fget if isinstance(member, property) else getattr(member, "__func__", member)
    return inspect.isfunction(function) and bool(inspect.getdoc(function))


def _member(owner: str, name: str, member: Any) -> str:
    if isinstance(member, property):
        return _directive("property", f"{owner}.{name}", [_text(member)])
    kind = {classmethod: "classmethod", staticmethod: "staticmethod"}.get(type(member), "method")
    arguments = signature(getattr(member, "__func__", member))
    if kind == "staticmethod":
        arguments = str(inspect.signature(member.__func__))
    return _directive(kind, f"{owner}.{name}{arguments}", [_text(getattr(member, "__func__", member))])


def _directive(kind: str, head: str, parts: list[str], colons: int = 4) -> str:
    fence = ":" * colons
    body = "\n\n".join(part for part in parts if part)
    return f"{fence}{{py:{kind}}} {' '.join(head.split())}\n\n{body}\n{fence}"


def _text(value: Any) -> str:
    return as_markdown(inspect.getdoc(value) or "")


def _first_line(module: Any) -> str:
    return as_markdown((inspect.getdoc(module) or "").partition("\n\n")[0])


def _tensorflow() -> str:
    sections = [
        f"## {module}\n\n{', '.join(f'`{name}`' for name in names)}" for module, names in tensorflow_names().items()
    ]
    return (
        "# The names of TensorFlow 1\n\n"
        "What a program finds that runs with `jax-slim run` or after `jax_slim.tf1.install()`: TensorFlow 1.15's "
        "names, arguments and defaults, described in TensorFlow's own documents; `tf.compat.v1` and "
        "`tensorflow.python` have the same. [Running TensorFlow 1 programs](../../tf1_programs.md) tells what "
        "differs.\n\n" + "\n\n".join(sections) + "\n"
    )
