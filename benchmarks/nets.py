"""Forward and training time of whole nets: jax-slim and its peers, in turn, in one run, on the CPU.

    python benchmarks/nets.py                            # plain JAX, PyTorch, timm, TensorFlow 2; 30 minutes
    python benchmarks/nets.py --peers all --minutes 60   # and Flax, Haiku, torch.compile, ...
    python benchmarks/nets.py --quick                    # small images, a minute or two: does it run?

Each library runs in a process of its own, in a virtual environment that this command makes (`--cache`). A process makes
and compiles its net once; then, round by round, each runs a block of steps while the others wait. A table of medians
and ratios (time of the peer / time of jax-slim: above 1, jax-slim is faster) is printed, and written with every round
to `nets.json`, drawn as `nets.png`, both in `--output`.

A training step is the forward pass in training mode (batch norm by the batch's moments, dropout), the cross entropy,
all gradients, the update of the moving averages, and momentum. The forward pass is the one of evaluation.
"""

import argparse
import datetime
import json
import os
import statistics
import sys
import tempfile
import time
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from peers import instructions
from peers.architectures import NETS
from peers.environments import CACHE, PEERS, has, python_of
from peers.processes import Worker, WorkerError
from peers.reports import available_mib, cores, draw, machine, print_table

STEPS = ("train", "forward")
# Not torch.compile: compiling alone takes it as long as all others together.
ORDINARY = "jax,torch,tf2,timm"
# About how the minutes are shared among the nets.
WEIGHTS = {
    "vgg_16": 6, "resnet_v1_50": 4, "inception_v3": 6, "mobilenet_v1": 2.5, "mobilenet_v2": 2.5, "lenet": 1,
    "efficientnet_b0": 3, "convnext_tiny": 4, "vit_small_16": 3,
}  # fmt: skip
# Images that a net just takes.
SMALL = dict.fromkeys(NETS, 64) | {"inception_v3": 107, "lenet": 28}
# How glibc deals with a step's arrays: kept instead of given back, or in pages of 2 MB.
MALLOC = {
    "default": {},
    "kept": {
        "MALLOC_MMAP_MAX_": "0",
        "MALLOC_TRIM_THRESHOLD_": "-1",
        "MALLOC_TOP_PAD_": str(64 << 20),
        "MALLOC_ARENA_MAX": "1",
    },
    "huge-pages": {"GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"},
}


class Run:
    """One run of the benchmark, with all that it has found so far.

    Attributes:
      name: of the files that are written.
      steps: which of a peer's functions are timed.
      settings: what all peers get besides.
    """

    name = "nets"
    steps: tuple[str, ...] = STEPS
    settings: Mapping[str, Any] = types.MappingProxyType({})

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.deadline = time.monotonic() + 60 * options.minutes
        self.scratch = tempfile.TemporaryDirectory(prefix="jax-slim-bench-")
        self.environment = environment_of(options, Path(self.scratch.name))
        self.pythons: dict[str, str] = {}
        self.versions: dict[str, Any] = {}
        self.results: list[dict[str, Any]] = []
        self.failures: list[dict[str, str]] = []
        self.more: dict[str, Any] = {}  # what else is written
        self.group = 0  # of processes that were measured in turn

    def fail(self, net: str, peer: str, reason: Any) -> None:
        self.failures.append({"net": net, "peer": peer, "reason": str(reason)})
        print(f"  {PEERS[peer].title}: {reason}", flush=True)

    def find_pythons(self) -> None:
        for peer in ["slim", *self.options.peers]:
            try:
                environment = PEERS[peer].environment
                self.pythons[peer] = python_of(environment, self.options.cache, self.options.tf1_python)
            except RuntimeError as error:
                self.fail("", peer, error)

    def start(self, peer: str, net: str) -> Worker:
        """A worker whose steps are compiled."""
        options, kind = self.options, PEERS[peer]
        config = {
            "module": kind.module, "net": net, "size": size_of(net, options), "batch": options.batch,
            "threads": options.threads, **kind.settings, **self.settings,
        }  # fmt: skip
        # TensorFlow 1.15 ends at flags of XLA's that it does not know; of the others only JAX reads them.
        on_jax = kind.environment in (None, "flax", "haiku")
        environment = self.environment if on_jax else self.environment | {"XLA_FLAGS": ""}
        worker = Worker(self.pythons[peer], config, environment)
        try:
            made = worker.ask(options.patience, do="make")
            self.versions.setdefault(peer, made["versions"])
            said = f"  {kind.title}: {made['parameters']:,} parameters"
            for step in self.steps:
                found = worker.prepare(step, options.patience)
                self.results.append({"net": net, "peer": peer, "step": step, "rounds": [], **made, **found})
                said += f"; {step} {found['step_seconds']:.3f} s, compiling {found['compile_seconds']:.1f} s"
            print(said, flush=True)
        except BaseException:
            worker.close()
            raise
        return worker

    def take_turns(self) -> None:
        """All nets, one after the other, in the minutes that there are."""
        waiting = list(self.options.nets)
        while waiting:
            left = (self.deadline - time.monotonic()) / 60
            if left <= 0:
                print(f"\nleft out, --minutes {self.options.minutes:g} are over: {', '.join(waiting)}")
                self.failures += [{"net": net, "peer": "", "reason": "--minutes were over"} for net in waiting]
                break
            net = waiting.pop(0)
            weight = WEIGHTS[net]
            try:
                self.net(net, left * weight / (weight + sum(WEIGHTS[other] for other in waiting)))
            except WorkerError as error:
                self.fail(net, "slim", error)
            self.summarize()
            self.print_net(net)
            self.write()

    def net(self, net: str, minutes: float) -> None:
        """All peers on one net: as many at a time as the memory holds, jax-slim among them each time."""
        size = size_of(net, self.options)
        print(f"\n{net}, {self.options.batch} images of {size} x {size}", flush=True)
        until = time.monotonic() + 60 * minutes
        try:
            ours = self.start("slim", net)
        except WorkerError as error:
            self.fail(net, "slim", error)
            return
        workers, waiting = (
            {"slim": ours},
            [peer for peer in self.options.peers if peer in self.pythons and has(PEERS[peer], net)],
        )
        try:
            while waiting:
                peer = waiting[0]
                largest = max(found["peak_with_compiler_mib"] or 0 for found in self.results if found["net"] == net)
                if len(workers) > 1 and available_mib() < 1.5 * largest + 1024:
                    self.measure(net, workers, until, share=0.5)
                    for name in [name for name in workers if name != "slim"]:
                        workers.pop(name).close()
                    continue
                waiting.pop(0)
                try:
                    workers[peer] = self.start(peer, net)
                except WorkerError as error:
                    self.fail(net, peer, error)
            self.measure(net, workers, until)
        finally:
            for worker in workers.values():
                worker.close()

    def measure(self, net: str, workers: dict[str, Worker], until: float, share: float = 1.0) -> None:
        """Blocks in turn: each round every peer once, for each step."""
        seconds = self.options.seconds
        once = sum(
            max(seconds, found["step_seconds"]) + found["step_seconds"]
            for worker in workers.values()
            for found in worker.prepared.values()
        )
        left = share * (until - time.monotonic())
        rounds = max(1, min(self.options.rounds, int(left / once)))
        shortened = f" of {self.options.rounds}: --minutes" if rounds < self.options.rounds else ""
        print(f"  {rounds} rounds{shortened}", flush=True)
        names = list(workers)
        self.group += 1
        for index in range(rounds):
            for step in self.steps:
                for peer in names[index % len(names) :] + names[: index % len(names)]:
                    if peer not in workers:
                        continue
                    try:
                        block = workers[peer].block(step, seconds, self.options.patience)
                    except WorkerError as error:
                        self.fail(net, peer, error)
                        workers.pop(peer).close()
                        continue
                    self.found(net, peer, step)["rounds"].append({"group": self.group, "round": index, **block})
        if "slim" not in workers:
            raise WorkerError("jax-slim itself failed")

    def found(self, net: str, peer: str, step: str) -> dict[str, Any]:
        return next(f for f in self.results if (f["net"], f["peer"], f["step"]) == (net, peer, step))

    def summarize(self) -> None:
        """Medians, and the median over the rounds of the time beside jax-slim's in the same round."""
        clock = self.options.clock
        for found in self.results:
            if not found["rounds"]:
                continue
            for name in ("seconds", "processor"):
                found[f"median_{name}"] = statistics.median(block[name] for block in found["rounds"])
            ours = {
                (block["group"], block["round"]): block[clock]
                for block in self.found(found["net"], "slim", found["step"])["rounds"]
            }
            ratios = [
                block[clock] / ours[block["group"], block["round"]]
                for block in found["rounds"]
                if ours.get((block["group"], block["round"]))
            ]
            if ratios:
                found["ratio"] = statistics.median(ratios)

    def print_net(self, net: str) -> None:
        rows = []
        ours = {found["step"]: found for found in self.results if (found["net"], found["peer"]) == (net, "slim")}
        for found in self.results:
            if found["net"] != net or "ratio" not in found:
                continue
            differs = found["parameters"] - ours[found["step"]]["parameters"]
            rows.append(
                [
                    f"{found['step']}, {PEERS[found['peer']].title}",
                    f"{found['median_seconds']:.4f}",
                    f"{found['median_processor']:.4f}",
                    f"{found['ratio']:.2f}",
                    f"{found['compile_seconds']:.1f}",
                    f"{found['compile_processor_seconds']:.1f}",
                    f"{found['peak_mib'] or 0:.0f}",
                    f"{found['parameters']:,}" + (f" ({differs:+,})" if differs else ""),
                ]
            )
        rows.sort(key=lambda row: row[0].partition(",")[0], reverse=True)
        print()
        columns = ("s", "processor s", "ratio", "compiling s", "processor s", "peak MiB", "parameters")
        print_table([net, *columns], rows)

    def write(self) -> None:
        options = self.options
        # Without folders, which say nothing to others.
        asked = {name: value for name, value in vars(options).items() if name not in ("cache", "output", "tf1_python")}
        environment = {name: value for name, value in self.environment.items() if os.sep not in value}
        report = {
            "when": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"), "options": asked,
            "machine": machine(), "environment": environment, "versions": self.versions,
            "ratio": f"median over rounds of the peer's {options.clock} / jax-slim's", "results": self.results,
            "failures": self.failures, **self.more,
        }  # fmt: skip
        options.output.mkdir(parents=True, exist_ok=True)
        (options.output / f"{self.name}.json").write_text(json.dumps(report, indent=1) + "\n")
        panels: dict[str, dict[str, dict[str, float]]] = {}
        for found in self.results:
            if "ratio" in found and found["peer"] != "slim":
                title = {"train": "Training step", "forward": "Forward pass"}[found["step"]]
                of_net = panels.setdefault(title, {}).setdefault(found["net"], {})
                of_net[PEERS[found["peer"]].title] = found["ratio"]
        if panels and not draw(
            options.output / f"{self.name}.png", panels, "time / jax-slim's", "above 1 jax-slim is faster"
        ):
            print("no chart: matplotlib is not installed")


def size_of(net: str, options: argparse.Namespace) -> int:
    if options.size and net != "lenet":
        return options.size
    return SMALL[net] if options.quick else NETS[net].size


def environment_of(options: argparse.Namespace, scratch: Path) -> dict[str, str]:
    """Variables that all workers get, whatever the library."""
    root = str(Path(__file__).parent.parent)
    found = {
        "JAX_PLATFORMS": "cpu", "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "", "PYTHONWARNINGS": "ignore",
        "OMP_NUM_THREADS": str(options.threads), "MKL_NUM_THREADS": str(options.threads), "PYTHONPATH": root,
    }  # fmt: skip
    if options.isa:
        found |= instructions.environment_of(options.isa, scratch)
    if options.omp == "passive":
        found["OMP_WAIT_POLICY"] = "passive"
    found |= MALLOC[options.malloc]
    # Compile times are those of the first time: no cache of an earlier run, unless it is asked for.
    kept = options.cache / "compiled" if options.keep_compiled else scratch
    found["TORCHINDUCTOR_CACHE_DIR"] = str(kept / "torch")
    if options.keep_compiled:
        found |= {"JAX_COMPILATION_CACHE_DIR": str(kept / "jax"), "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0.5"}
    else:
        found["JAX_ENABLE_COMPILATION_CACHE"] = "false"
    return found


def names(known: Any) -> Any:
    """An argparse type: names among the known ones, divided by commas; 'all', or 'none'."""

    def parse(text: str) -> list[str]:
        if text in ("all", "none", ""):
            return list(known) if text == "all" else []
        found = [name.strip() for name in text.split(",")]
        wrong = [name for name in found if name not in known]
        if wrong:
            raise argparse.ArgumentTypeError(
                f"must be among {', '.join(known)}, or all or none; got {', '.join(wrong)}"
            )
        return found

    return parse


def options_of(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    others = [peer for peer in PEERS if peer != "slim"]
    add = parser.add_argument
    add("--peers", type=names(others), default=ORDINARY, help=f"which: all, none, or of {', '.join(others)}")
    add("--nets", type=names(NETS), default="all", help=f"which: all, or of {', '.join(NETS)}")
    add("--batch", type=int, default=8, help="images in a batch (8)")
    add("--size", type=int, help="pixels of an edge (what each net was made for), but for LeNet")
    add("--rounds", type=int, default=3, help="how often each runs a block (3)")
    add("--seconds", type=float, default=1.0, help="how long a block takes at least, about (1)")
    add("--minutes", type=float, default=30.0, help="fewer rounds where they would take longer; nets that the minutes "
        "do not reach are left out (30)")  # fmt: skip
    add("--patience", type=float, default=900.0, help="seconds to wait for an answer before a peer is given up (900)")
    add("--threads", type=int, default=cores(), help="cores for each (all)")
    add("--clock", choices=("seconds", "processor"), default="seconds", help="what ratios are of: wall clock, or "
        "processor time on a busy machine")  # fmt: skip
    add("--isa", choices=instructions.SETS, help="hide newer instructions from all (x86-64 Linux, a C compiler)")
    add("--malloc", choices=MALLOC, default="default", help="glibc's allocator, for all alike")
    add("--omp", choices=("default", "passive"), default="default", help="how OpenMP's threads wait for one another: "
        "passive on a busy machine, where PyTorch's else wait a hundred times too long")  # fmt: skip
    add("--tf1-python", metavar="PYTHON", help="a Python 3.7, with or without TensorFlow 1.15; adds tf1 to the peers")
    add("--cache", type=Path, default=CACHE, help=f"folder of the virtual environments ({CACHE})")
    add(
        "--keep-compiled", action="store_true", help="use compiled programs of earlier runs; compile times mean nothing"
    )
    add("--output", type=Path, default=Path(__file__).parent / "results", help="folder for nets.json and nets.png")
    add("--quick", action="store_true", help="small images, two per batch, a round of a moment: to try the command")
    options = parser.parse_args(arguments)
    if options.quick:
        options.batch, options.rounds, options.seconds = 2, 1, 0.1
    if options.tf1_python and "tf1" not in options.peers:
        options.peers.append("tf1")
    if not options.tf1_python and "tf1" in options.peers:
        options.peers.remove("tf1")
        print("tf1 is left out: give a Python 3.7 with --tf1-python")
    options.cache = options.cache.expanduser().absolute()
    return options


def main(arguments: list[str] | None = None) -> int:
    options = options_of(arguments)
    try:
        run = Run(options)
    except RuntimeError as error:
        print(error, file=sys.stderr)
        return 1
    print(json.dumps(machine()), flush=True)
    run.find_pythons()
    run.take_turns()
    print(f"\nwritten to {options.output}")
    measured = {found["net"] for found in run.results if "ratio" in found}
    return 0 if measured else 1


if __name__ == "__main__":
    sys.exit(main())
