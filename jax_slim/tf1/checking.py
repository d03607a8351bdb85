"""Reads programs without running them, and lists the names of TensorFlow that they use and that are missing here."""

import ast
import collections
import difflib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from jax_slim.tf1 import imports, modules


class Missing(NamedTuple):
    """A name of TensorFlow that a program uses and that is not here."""

    path: str
    line: int
    name: str


class Report(NamedTuple):
    """What was found in files: how many use TensorFlow, how many Slim, which names are missing, what could not be read."""

    missing: list[Missing]
    files: int
    with_slim: int
    whole: int
    whole_with_slim: int
    unread: list[tuple[str, str]]


# What TensorFlow 1.0 called otherwise, and what 1.15 has not got any more: programs older than that name it.
_RENAMED = {
    "pack": "stack", "unpack": "unstack", "sub": "subtract", "mul": "multiply", "neg": "negative", "select": "where", "concat_v2": "concat",
    "batch_matmul": "matmul", "batch_svd": "svd", "image_summary": "summary.image", "histogram_summary": "summary.histogram",
    "scalar_summary": "summary.scalar", "merge_summary": "summary.merge", "merge_all_summaries": "summary.merge_all",
    "train.SummaryWriter": "summary.FileWriter", "nn.deconv2d": "nn.conv2d_transpose", "ReplicaDeviceSetter": "train.replica_device_setter",
    "LegacySyncReplicasOptimizer": "train.SyncReplicasOptimizer", "image.per_image_whitening": "image.per_image_standardization",
    "Supervisor": "train.Supervisor", "Saver": "train.Saver", "SequenceExample": "train.SequenceExample",
}  # fmt: skip


def check(paths: list[str]) -> Report:
    """Reads files and, recursively, folders."""
    missing: list[Missing] = []
    unread: list[tuple[str, str]] = []
    counts: collections.Counter[str] = collections.Counter()
    for path in _programs(paths):
        try:
            tree = ast.parse(Path(path).read_bytes(), path)
        except (SyntaxError, ValueError) as error:
            unread.append((path, f"{type(error).__name__}: {error}"))
            continue
        uses = list(_uses(tree))
        if not uses:
            continue
        found = [Missing(path, line, name) for line, name in uses if not known(name)]
        slim = any(name.startswith("contrib.slim") for _, name in uses)
        counts.update(files=1, slim=int(slim), whole=int(not found), whole_slim=int(slim and not found))
        missing.extend(found)
    return Report(missing, counts["files"], counts["slim"], counts["whole"], counts["whole_slim"], unread)


def known(dotted: str) -> bool:
    """Whether a dotted name below `tensorflow` is here; what stands behind a class or function is not looked at."""
    dotted = modules._plain(dotted).removeprefix("compat.v2.")
    table, packages = modules.table(), modules.packages()
    parts = dotted.split(".")
    for end in range(len(parts), 0, -1):
        if ".".join(parts[:end]) in table:
            return True
    if dotted in packages or modules.is_module(dotted):
        return True
    if parts[0] == "python" or ".python." in f".{dotted}.":
        return any(
            modules.is_module(".".join(parts[:end])) and modules.has_ending(parts[end]) for end in range(1, len(parts))
        )
    return False


def _programs(paths: list[str]) -> Iterator[str]:
    for path in paths:
        if os.path.isdir(path):
            for folder, _, names in sorted(os.walk(path)):
                yield from (os.path.join(folder, name) for name in sorted(names) if name.endswith(".py"))
        else:
            yield path


def _uses(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """(line, dotted name below `tensorflow`) of each use."""
    aliases: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                dotted = imports.dotted_name(alias.name)
                if dotted is not None:
                    aliases[alias.asname or alias.name.partition(".")[0]] = (
                        dotted if alias.asname else imports.dotted_name(alias.name.partition(".")[0]) or ""
                    )
                    if dotted:
                        yield node.lineno, dotted
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            base = imports.dotted_name(node.module)
            if base is not None:
                for alias in node.names:
                    if alias.name == "*":
                        continue
                    dotted = f"{base}.{alias.name}" if base else alias.name
                    aliases[alias.asname or alias.name] = dotted
                    yield node.lineno, dotted
    for node in ast.walk(tree):  # slim = tf.contrib.slim
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            dotted = _dotted(node.value, aliases)
            if dotted and modules.is_module(dotted):
                aliases[node.targets[0].id] = dotted
    inner: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and id(node) not in inner:
            place: ast.AST = node
            while isinstance(place, ast.Attribute):
                inner.add(id(place))
                place = place.value
            dotted = _dotted(node, aliases)
            if dotted:
                yield node.lineno, dotted


def _dotted(node: ast.AST, aliases: dict[str, str]) -> str | None:
    """The dotted name below `tensorflow` that an expression is, or None."""
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    if not names or not isinstance(node, ast.Name) or node.id not in aliases:
        return None
    base = aliases[node.id]
    return ".".join([*([base] if base else []), *reversed(names)])


def _hint(name: str) -> str:
    """The name's own successor, or the nearest name."""
    new = _RENAMED.get(name.removeprefix("python.ops.array_ops.").removeprefix("python.ops.math_ops."))
    if new is not None:
        return f" (TensorFlow 1.0 renamed it: tf.{new})"
    near = difflib.get_close_matches(name, modules.table(), 1, 0.8)
    return f" (there is tf.{near[0]})" if near else ""


def main(arguments: list[str]) -> int:
    """Prints what is missing in files and folders; the exit code is 1 where something is."""
    if not arguments:
        sys.stderr.write("jax_slim.tf1 --check: name files or folders.\n")
        return 2
    absent = [a for a in arguments if not os.path.exists(a)]
    if absent:
        sys.stderr.write(f"jax_slim.tf1 --check: there is no {absent[0]!r}.\n")
        return 2
    report = check(arguments)
    for path, line, name in report.missing:
        sys.stdout.write(f"{path}:{line}: tf.{name} is missing{_hint(name)}\n")
    for path, reason in report.unread:
        sys.stdout.write(f"{path}: not read: {reason}\n")
    counts = collections.Counter(m.name for m in report.missing)
    if counts:
        sys.stdout.write("missing, by uses: " + ", ".join(f"tf.{n} {c}" for n, c in counts.most_common()) + "\n")
    sys.stdout.write(
        f"{report.files} files use TensorFlow; all names are there for {report.whole}. {report.with_slim} use Slim; all names are there for {report.whole_with_slim}.\n"
    )
    return 1 if report.missing else 0
