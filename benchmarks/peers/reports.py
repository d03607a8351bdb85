"""What a benchmark leaves behind: a description of the machine, tables, a chart."""

import os
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

_EXTENSIONS = ("avx2", "fma", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "amx_tile", "asimd", "sve")


def cores() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def machine() -> dict[str, Any]:
    """Processor, what it can do, cores for this process, memory."""
    about: dict[str, Any] = {"system": platform.platform(), "cores": cores()}
    described = _fields("/proc/cpuinfo")
    about["processor"] = described.get("model name", platform.machine())
    flags = set((described.get("flags") or described.get("Features") or "").split())
    about["extensions"] = [name for name in _EXTENSIONS if name in flags]
    memory = _fields("/proc/meminfo")
    if "MemTotal" in memory:
        about["memory_gib"] = round(int(memory["MemTotal"].split()[0]) / 2**20, 1)
    about["load"] = os.getloadavg()[0]
    return about


def available_mib() -> float:
    """What new processes may take of the memory."""
    found = _fields("/proc/meminfo").get("MemAvailable")
    return int(found.split()[0]) / 1024 if found else float("inf")


def _fields(path: str) -> dict[str, str]:
    try:
        lines = Path(path).read_text().splitlines()
    except OSError:
        return {}
    pairs = (line.partition(":") for line in lines)
    found: dict[str, str] = {}
    for name, _, value in pairs:
        found.setdefault(name.strip(), value.strip())
    return found


def print_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """The first column to the left, the others to the right."""
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    for row in [head, *rows]:
        cells = [cell.rjust(width) for cell, width in zip(row, widths, strict=True)]
        cells[0] = row[0].ljust(widths[0])
        print("  ".join(cells).rstrip(), flush=True)


def draw(path: Path, titles: Mapping[str, Mapping[str, Mapping[str, float]]], label: str, line: str) -> bool:
    """A chart of bars: a panel for each title, a group for each net, a bar for each peer.

    Args:
      path: the PNG.
      titles: panel -> net -> peer -> ratio.
      label: of the vertical axis.
      line: what the line at 1 stands for.

    Returns:
      Whether it was drawn: matplotlib may be missing.
    """
    try:
        import matplotlib

        matplotlib.use("Agg")
        import matplotlib.pyplot as plt
    except ImportError:
        return False
    figure, axes = plt.subplots(len(titles), 1, figsize=(11, 4 * len(titles)), squeeze=False, layout="constrained")
    for axis, (title, nets) in zip(axes[:, 0], titles.items(), strict=True):
        peers = list(dict.fromkeys(peer for ratios in nets.values() for peer in ratios))
        width = 0.8 / max(1, len(peers))
        for index, peer in enumerate(peers):
            places = [place - 0.4 + (index + 0.5) * width for place, net in enumerate(nets) if peer in nets[net]]
            bars = axis.bar(places, [ratios[peer] for ratios in nets.values() if peer in ratios], width, label=peer)
            axis.bar_label(bars, fmt="%.2f", fontsize=7, padding=1)
        axis.axhline(1.0, color="black", linewidth=1)
        axis.set_xticks(range(len(nets)), list(nets))
        axis.set_yscale("log")
        axis.set_ylabel(label)
        axis.set_title(f"{title} ({line})")
        axis.legend(fontsize=8, ncols=4)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)
    plt.close(figure)
    return True
