"""Time of trained nets in use, on the CPU: `slim.predictor` beside ONNX Runtime, OpenVINO and torch.compile, in turn.

    python benchmarks/inference.py                                       # about 40 minutes on two cores
    python benchmarks/inference.py --nets mobilenet_v2 --batches 1,8 --peers slim-logits,onnxruntime
    python benchmarks/inference.py --prepare && python benchmarks/inference.py --keep-compiled --minutes 12
    python benchmarks/inference.py --quick                               # small images, a moment each: does it run?

All compute the logits alone, in float32, but for `slim-points`, which shows what end points cost, and those that say
bfloat16 or int8. ONNX Runtime and OpenVINO run the files that jax-slim exports, so that all run one net (torch.compile
runs `nets.py`'s, and none of those that are not written down there). Each library is a process of its own, in a virtual
environment that this command makes where there is none (`--cache`); what cannot be installed is left out. ONNX
files are kept there too. `--prepare` makes all that is made before anything is measured, and `--keep-compiled` takes
the programs that were compiled then, so that the rest is short; what the first batch took means nothing after that.
Processes run blocks of batches in turn, round by round. For each are printed the medians of wall clock and of processor
time divided by the cores, for one batch; the ratios of both to jax-slim's in the same round (above 1, jax-slim is
faster); what the first batch took besides; and the peak of memory. At batch 1, processor time flatters who leaves a
core idle: the wall clock decides. On a busy machine the wall clock says little. All of it is written to
`inference.json` in `--output`.
"""

import argparse
import contextlib
import hashlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from peers.environments import CACHE, INFERENCE, has, python_of
from peers.processes import Worker, WorkerError
from peers.reports import cores, machine, print_table

from nets import MALLOC, environment_of, names

# Name -> pixels of an edge, channels, classes; pixels of a quick run.
NETS = {
    "mobilenet_v1": (224, 3, 1000, 64),
    "mobilenet_v2": (224, 3, 1000, 64),
    "mobilenet_v3_large": (224, 3, 1000, 64),
    "resnet_v1_50": (224, 3, 1000, 64),
    "inception_v3": (299, 3, 1000, 107),
    "vgg_16": (224, 3, 1000, 64),
    "lenet": (28, 1, 10, 28),
    "efficientnet_b0": (224, 3, 1000, 64),
    "convnext_tiny": (224, 3, 1000, 64),
    "vit_small_16": (224, 3, 1000, 64),
}


class Run:
    """One run of the benchmark, with all that it has found."""

    def __init__(self, options: argparse.Namespace, scratch: str) -> None:
        self.options, self.scratch = options, Path(scratch)
        self.environment = environment_of(options, self.scratch)
        self.deadline = time.monotonic() + 60 * options.minutes
        self.pythons: dict[str, str] = {}
        self.results: list[dict[str, Any]] = []
        self.failures: list[dict[str, str]] = []

    def fail(self, what: str, peer: str, reason: Any) -> None:
        self.failures.append({"what": what, "peer": peer, "reason": str(reason)})
        print(f"  {INFERENCE[peer].title}: {reason}", flush=True)

    def find_pythons(self) -> None:
        for peer in ["slim", *self.options.peers]:
            try:
                self.pythons[peer] = python_of(INFERENCE[peer].environment, self.options.cache)
            except RuntimeError as error:
                self.fail("", peer, error)

    def all(self) -> None:
        waiting = [(net, batch) for net in self.options.nets for batch in self.options.batches]
        for index, (net, batch) in enumerate(waiting):
            left = self.deadline - time.monotonic()
            if left <= 0:
                print(f"left out, --minutes {self.options.minutes:g} are over: {waiting[index:]}")
                break
            self.measure(net, batch, time.monotonic() + left / (len(waiting) - index))
            if not self.options.prepare:
                self.write()

    def measure(self, net: str, batch: int, until: float) -> None:
        what = f"{net}, batch {batch}"
        print(f"\n{what}", flush=True)
        with contextlib.ExitStack() as stack:
            workers = self.workers(stack, net, batch)
            if self.options.prepare:
                return
            found: dict[str, list[dict[str, float]]] = {peer: [] for peer in workers}
            order = list(workers)
            for number in range(self.options.rounds):
                if number and time.monotonic() > until:
                    break
                for peer in order[number % len(order) :] + order[: number % len(order)]:
                    block = workers[peer].block("forward", self.options.seconds, self.options.patience)
                    found[peer].append(block)
            self.summarize(net, batch, workers, found)

    def workers(self, stack: contextlib.ExitStack, net: str, batch: int) -> dict[str, Worker]:
        """Those that can run the net, ready to run. They read their libraries side by side, and the rest in turn."""
        what, started, ready = f"{net}, batch {batch}", {}, {}
        for peer in self.pythons:
            if has(INFERENCE[peer], net):
                try:
                    started[peer] = self.start(peer, net, batch)
                except RuntimeError as error:
                    self.fail(what, peer, error)
                else:
                    stack.callback(started[peer].close)
        for peer, worker in started.items():
            try:
                worker.receive(self.options.patience)
                worker.ask(self.options.patience, do="make")
                worker.prepare("forward", self.options.patience)
            except WorkerError as error:
                worker.close()
                self.fail(what, peer, error)
            else:
                ready[peer] = worker
        return ready

    def start(self, peer: str, net: str, batch: int) -> Worker:
        """A process that reads its library; it has yet to say that it did."""
        kind, (size, channels, classes, small) = INFERENCE[peer], NETS[net]
        size = small if self.options.quick else size
        config = {
            "module": kind.module, "net": net, "size": size, "batch": batch, "channels": channels, "classes": classes,
            "threads": self.options.threads, "parameters": None, **kind.settings,
        }  # fmt: skip
        environment = self.environment if kind.environment in (None, "onnx") else self.environment | {"XLA_FLAGS": ""}
        if kind.module == "onnx_nets":
            config["file"] = str(self.file(peer, net, size, classes))
            config["compiled"] = str(self.options.cache / "compiled" / "onnx") if self.options.keep_compiled else None
        worker = Worker(self.pythons[peer], config, environment)
        worker.send(do="load")
        return worker

    def file(self, peer: str, net: str, size: int, classes: int) -> Path:
        """The net as an ONNX file, written by a process of the environment that can."""
        path = self.options.cache / "files" / f"{net}-{size}-{classes}-{_version()}.onnx"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            here = str(Path(__file__).parent)
            environment = self.environment | {"PYTHONPATH": f"{here}:{self.environment['PYTHONPATH']}"}
            command = [self.pythons[peer], "-m", "peers.onnx_nets", net, str(size), str(classes), str(path)]
            done = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, check=False)
            if done.returncode:
                raise RuntimeError(f"no ONNX file: {(done.stderr.strip().splitlines() or ['?'])[-1]}")
        return path

    def summarize(self, net: str, batch: int, workers: dict[str, Worker], found: dict[str, Any]) -> None:
        rows = []
        for peer, blocks in found.items():
            prepared = workers[peer].prepared["forward"]
            result: dict[str, Any] = {"net": net, "batch": batch, "peer": peer, "rounds": blocks, **prepared}
            for name in ("seconds", "processor"):
                share = 1 if name == "seconds" else self.options.threads
                result[name] = statistics.median(block[name] for block in blocks) / share
                if "slim" in found:
                    pairs = zip(blocks, found["slim"], strict=True)
                    result[f"ratio_{name}"] = statistics.median(theirs[name] / ours[name] for theirs, ours in pairs)
            self.results.append(result)
            rows.append(
                [
                    INFERENCE[peer].title,
                    *(f"{1000 * result[name]:.2f}" for name in ("seconds", "processor")),
                    *(f"{result.get(f'ratio_{name}', 0):.2f}" for name in ("seconds", "processor")),
                    f"{prepared['compile_seconds']:.1f}",
                    f"{prepared['peak_mib'] or 0:.0f}",
                ]
            )
        print_table(["", "wall ms", "processor ms", "ratio", "ratio", "first s", "peak MiB"], rows)

    def write(self) -> None:
        options = self.options
        asked = {name: value for name, value in vars(options).items() if name not in ("cache", "output")}
        report = {"machine": machine(), "options": asked, "results": self.results, "failures": self.failures}
        options.output.mkdir(parents=True, exist_ok=True)
        (options.output / "inference.json").write_text(json.dumps(report, indent=1) + "\n")


def _version() -> str:
    """A name for what ONNX files are made of: the nets, and what writes them."""
    package = Path(__file__).parent.parent / "jax_slim"
    sources = [*sorted((package / "nets").glob("*.py")), *sorted((package / "exporting").glob("*.py"))]
    return hashlib.sha256(b"\0".join(source.read_bytes() for source in sources)).hexdigest()[:12]


def options_of(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    others = [peer for peer in INFERENCE if peer != "slim"]
    add = parser.add_argument
    add("--peers", type=names(others), default="all", help=f"which: all, none, or of {', '.join(others)}")
    add("--nets", type=names(NETS), default="all", help=f"which: all, or of {', '.join(NETS)}")
    add("--batches", default="1,8,32", help="images in a batch, one after the other (1,8,32)")
    add("--rounds", type=int, default=5, help="how often each runs a block (5)")
    add("--seconds", type=float, default=1.0, help="how long a block takes at least, about (1)")
    add("--minutes", type=float, default=40.0, help="fewer rounds where they would take longer (40)")
    add("--patience", type=float, default=900.0, help="seconds to wait for an answer (900)")
    add("--threads", type=int, default=cores(), help="cores for each (all)")
    add(
        "--malloc", choices=MALLOC, default="huge-pages", help="glibc's allocator, for all alike; as the command has it"
    )
    add("--cache", type=Path, default=CACHE, help=f"folder of the virtual environments ({CACHE})")
    add("--keep-compiled", action="store_true", help="use compiled programs of earlier runs")
    add("--prepare", action="store_true", help="make environments, files and compiled programs, and measure nothing")
    add("--output", type=Path, default=Path(__file__).parent / "results", help="folder for inference.json")
    add("--quick", action="store_true", help="small images, two per batch, a round of a moment: to try the command")
    options = parser.parse_args(arguments)
    options.isa, options.omp = None, "default"  # as `nets.py` takes them
    if options.quick:
        options.batches, options.rounds, options.seconds = "2", 1, 0.05
    options.batches = [int(batch) for batch in options.batches.split(",")]
    options.cache = options.cache.expanduser().absolute()
    options.keep_compiled = options.keep_compiled or options.prepare
    return options


def main(arguments: list[str] | None = None) -> int:
    options = options_of(arguments)
    with tempfile.TemporaryDirectory(prefix="jax-slim-bench-") as scratch:
        run = Run(options, scratch)
        print(json.dumps(machine()), flush=True)
        run.find_pythons()
        run.all()
    if options.prepare:
        print(f"\nprepared in {options.cache}")
        return 0
    print(f"\nwritten to {options.output}")
    return 0 if run.results else 1


if __name__ == "__main__":
    sys.exit(main())
