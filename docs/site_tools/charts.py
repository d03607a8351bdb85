"""The site's charts, drawn from recorded figures: each for light and for dark pages."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

_INK = {"light": "#333333", "dark": "#cccccc"}
_PEERS = {
    "jax": "plain JAX",
    "torch": "PyTorch",
    "torch-compiled": "torch.compile",
    "flax": "Flax",
    "tf1": "TensorFlow 1.15",
}
_COLORS = {"jax": "#4c78a8", "torch": "#e45756", "torch-compiled": "#e45756", "flax": "#54a24b", "tf1": "#f2a541"}


def write(folder: Path, cards: Sequence[Mapping[str, Any]], results: Path) -> None:
    """Writes the charts.

    Args:
      folder: where to.
      cards: the nets' cards.
      results: the folder with the recorded figures of benchmarks.
    """
    folder.mkdir(parents=True, exist_ok=True)
    charts: dict[str, Callable[[], Figure]] = {"nets": lambda: _nets(cards)}
    for path in sorted(results.glob("*.json")):
        charts[path.stem] = lambda recorded=json.loads(path.read_text()): _ratios(recorded)
    for name, draw in charts.items():
        for kind, ink in _INK.items():
            style = {f"{part}.color": ink for part in ("text", "xtick", "ytick", "axes")} | {
                "axes.edgecolor": ink, "axes.labelcolor": ink, "svg.fonttype": "none", "font.family": "sans-serif",
                "svg.hashsalt": name, "font.size": 9, "axes.spines.top": False, "axes.spines.right": False,
            }  # fmt: skip
            with mpl.rc_context({key: value for key, value in style.items() if key in mpl.rcParams}):
                draw().savefig(folder / f"{name}_{kind}.svg", transparent=True, metadata={"Date": None})


def _nets(cards: Sequence[Mapping[str, Any]]) -> Figure:
    """Each net at its parameters and FLOPs; a family in one colour."""
    figure = Figure(figsize=(8, 5), layout="constrained")
    panel = figure.subplots()
    families: dict[str, list[Mapping[str, Any]]] = {}
    for card in cards:
        families.setdefault(Path(card["file"]).stem, []).append(card)
    colors = mpl.colormaps["tab20"].colors
    for number, (family, members) in enumerate(families.items()):
        at = [member["flops"] / 1e9 for member in members], [member["parameters"] / 1e6 for member in members]
        panel.plot(*at, "os^D"[number // 20 % 4], color=colors[number % 20], markersize=6, label=family)
    panel.set(xscale="log", yscale="log", xlabel="GFLOPs for one example", ylabel="million parameters")
    panel.grid(alpha=0.25)
    figure.legend(loc="outside right center", fontsize=8, frameon=False)
    return figure


def _ratios(recorded: Mapping[str, Any]) -> Figure:
    """The times of other libraries over jax-slim's: a panel for training and one for the pass forward."""
    figure = Figure(figsize=(8, 5), layout="constrained")
    nets = list(dict.fromkeys(row["net"] for row in recorded["results"]))
    peers = [peer for peer in _PEERS if any(row["peer"] == peer for row in recorded["results"])]
    width = 0.8 / len(peers)
    for panel, step in zip(figure.subplots(2, 1, sharex=True), ("train", "forward"), strict=True):
        found = {(row["net"], row["peer"]): row["ratio"] for row in recorded["results"] if row["step"] == step}
        for index, peer in enumerate(peers):
            places = [at - 0.4 + (index + 0.5) * width for at, net in enumerate(nets) if (net, peer) in found]
            heights = [found[net, peer] for net in nets if (net, peer) in found]
            bars = panel.bar(places, [h - 1 for h in heights], width, bottom=1, color=_COLORS[peer], label=_PEERS[peer])
            panel.bar_label(bars, [f"{h:.2f}" for h in heights], fontsize=7, padding=2)
        panel.axhline(1, color=mpl.rcParams["axes.edgecolor"], linewidth=1)
        panel.set(yscale="log", title={"train": "a training step", "forward": "the pass forward"}[step])
        panel.set_ylabel("time / jax-slim's")
        panel.set_yticks([0.5, 1, 2, 4, 8], ["0.5", "1", "2", "4", "8"])
        panel.minorticks_off()
        panel.margins(y=0.15)
        panel.set_xticks(range(len(nets)), nets)
    figure.legend(*panel.get_legend_handles_labels(), loc="outside lower center", ncols=len(peers), frameon=False)
    return figure
