"""Docstrings of this project as MyST Markdown.

They are plain text: names in single backquotes, examples as indented blocks, and sections ("Args:", "Returns:", ...)
whose entries begin with names. Sphinx reads neither that nor Markdown's special characters in plain text as meant.
"""

import re
import textwrap
import warnings

SECTIONS = ("Args", "Attributes", "Example", "Examples", "Raises", "Returns", "Source", "Yields")
_TITLES = {"Args": "Arguments"}
_HEAD = re.compile(rf"^({'|'.join(SECTIONS)}):(?: (.*))?$")
_ENTRY = re.compile(r"^(\*{0,2}[A-Za-z_][\w.]*(?:, \*{0,2}[A-Za-z_][\w.]*)*): (.*)$", re.DOTALL)


def as_markdown(docstring: str) -> str:
    """The docstring, dedented as `inspect.getdoc` returns it, as Markdown."""
    parts: list[tuple[str | None, list[str]]] = [(None, [])]
    for line in docstring.splitlines():
        head = _HEAD.match(line)
        if head:
            parts.append((head[1], [head[2]] if head[2] else []))
        else:
            parts[-1][1].append(line)
    shown = []
    for title, lines in parts:
        text = textwrap.dedent("\n".join(lines)).strip("\n")
        if title is None:
            shown.append(_prose(text))
        elif text:
            shown.append(f"**{_TITLES.get(title, title)}**\n\n{_entries(text)}")
    return "\n\n".join(part for part in shown if part)


def _entries(text: str) -> str:
    """A section: entries "name: text" as a list, what is none as it is."""
    shown, names = [], 0
    for entry in re.split(r"\n(?=\S)", text):
        found = _ENTRY.match(entry)
        if found:
            first, _, others = found[2].partition("\n")
            body = "\n".join([first, textwrap.dedent(others)]) if others else first
            name = f"`{found[1]}`"
            shown.append("- " + textwrap.indent(f"{name}: {_prose(body)}", "  ").lstrip())
            names += 1
        else:
            shown.append(entry)
    if not names:
        return _prose(text)
    # Lines that follow each other without an entry among them are one paragraph.
    return "\n".join(part if part.startswith("- ") else f"\n{_prose(part)}\n" for part in shown)


def _prose(text: str) -> str:
    """Paragraphs, lists and indented examples."""
    blocks, code = [], []
    for block in re.split(r"\n\s*\n", text.strip("\n")):
        if not block.strip():
            continue
        if block.startswith("    "):
            code.append(block)
            continue
        if code:
            blocks.append(_example(code))
            code = []
        lead, example = _cut(block)
        blocks.append(_escaped(lead))
        if example:
            blocks.append(_example([example]))
    if code:
        blocks.append(_example(code))
    return "\n\n".join(blocks)


def _cut(block: str) -> tuple[str, str]:
    """A paragraph and the indented example that follows it without an empty line."""
    lines = block.splitlines()
    if lines[0].startswith(("- ", "* ")):
        return block, ""
    for index, line in enumerate(lines):
        if index and line.startswith("    ") and all(later.startswith("    ") for later in lines[index:]):
            return "\n".join(lines[:index]), "\n".join(lines[index:])
    return block, ""


def _example(blocks: list[str]) -> str:
    code = textwrap.dedent("\n\n".join(blocks))
    try:
        with warnings.catch_warnings(action="ignore"):
            compile(code, "example", "exec")
        language = "python"
    except SyntaxError:
        language = "text"
    return f"```{language}\n{code}\n```"


def _escaped(text: str) -> str:
    """Plain text with Markdown's special characters taken literally, but for code in backquotes and lists."""
    pieces = re.split(r"(`+[^`]+`+)", text)
    pieces[::2] = [re.sub(r"([<>\[\]*_\\|~])", r"\\\1", piece) for piece in pieces[::2]]
    pieces[::2] = [re.sub(r"(?m)^(\s*)([#+=]|\d+[.)])(?=\s|=)", r"\1\\\2", piece) for piece in pieces[::2]]
    return "".join(pieces)
