"""The page of the command line: what `--help` of each command prints."""

import contextlib
import importlib
import io
import os
from pathlib import Path


def write(path: Path) -> None:
    """Writes the page."""
    main = importlib.import_module("jax_slim.cli.main")
    os.environ |= {"COLUMNS": "100", "NO_COLOR": "1"}
    parts = [
        "# The command `jax-slim`",
        "What each command prints with `--help`. [The quickstart](../quickstart.md) shows them in use.",
    ]
    for command in (None, *main.COMMANDS):
        text = io.StringIO()
        with contextlib.redirect_stdout(text), contextlib.suppress(SystemExit):
            main.main([command, "--help"] if command else ["--help"])
        parts.append(f"## {f'jax-slim {command}' if command else 'All commands'}\n\n```text\n{text.getvalue()}```")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n\n".join(parts) + "\n")
