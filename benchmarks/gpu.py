"""Forward and training speed of whole nets on one GPU: jax-slim beside torch.compile and Flax.

    python benchmarks/gpu.py                                    # about 6 minutes
    python benchmarks/gpu.py --nets resnet_v1_50 --minutes 3
    python benchmarks/gpu.py --platform cpu --quick             # does it run?

Everything runs in this interpreter's environment: of jax-slim only what builds nets is used, so that JAX and NumPy are
enough for it; a library that is missing is left out. Each library has a process of its own. For every net and dtype the
processes compile side by side, then run blocks of steps in turn. Printed for each, as soon as it is known: seconds a
step, images a second, the part of the device's peak that the model's own FLOPs are (3 forward passes for a training
step; biases, normalization and pooling not counted), peak memory, and the ratio of times (peer / jax-slim: above 1,
jax-slim is faster). All figures are written to `gpu.json` in `--output`, with a chart, after every net.

bfloat16 is mixed precision: `slim.precision`, autocast, Flax's `dtype`; variables stay float32. float32 products go
through TF32, which PyTorch ("high") and jax-slim (by JAX_DEFAULT_MATMUL_PRECISION) are told, and JAX does by itself;
`--highest` forbids it.
"""

import argparse
import contextlib
import datetime
import importlib.util
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from peers.architectures import NETS, WRITTEN_DOWN
from peers.environments import PEERS
from peers.processes import Worker, WorkerError
from peers.reports import draw, machine, print_table

from nets import SMALL, names

STEPS = ("train", "forward")
# The makers' figures for dense products, in TFLOP/s: bfloat16, TF32, float32.
PEAKS = {
    "B200": (2250, 1125, 75),
    "H200": (989, 494, 67),
    "H100 PCIe": (756, 378, 51),
    "H100": (989, 494, 67),
    "A100": (312, 156, 19.5),
    "L40S": (362, 183, 91.6),
    "L4": (121, 60, 30.3),
    "A10": (125, 62.5, 31.2),
    "RTX 4090": (165, 82.6, 82.6),
    "RTX 3090": (71, 35.6, 35.6),
    "V100": (15.7, 15.7, 15.7),
    "T4": (8.1, 8.1, 8.1),
}


class Run:
    def __init__(self, options: argparse.Namespace, scratch: str) -> None:
        self.options = options
        self.start = time.monotonic()
        self.deadline = self.start + 60 * options.minutes
        self.peers = present(options.peers)
        self.results: list[dict[str, Any]] = []
        self.failures: list[dict[str, str]] = []
        self.versions: dict[str, Any] = {}
        self.measured_peaks: dict[str, float] = {}
        self.device = "?"
        self.environment = {
            "JAX_PLATFORMS": options.platform, "XLA_PYTHON_CLIENT_PREALLOCATE": "false", "PYTHONWARNINGS": "ignore",
            "JAX_ENABLE_COMPILATION_CACHE": "false", "TORCHINDUCTOR_CACHE_DIR": scratch,
            "PYTHONPATH": str(Path(__file__).parent.parent), "TF_CPP_MIN_LOG_LEVEL": "2",
        }  # fmt: skip
        # jax-slim alone asks for full float32 where nothing is set.
        self.environment["JAX_DEFAULT_MATMUL_PRECISION"] = "highest" if options.highest else "tensorfloat32"

    def left(self) -> float:
        return self.deadline - time.monotonic()

    def fail(self, case: dict[str, Any], peer: str, error: Any) -> None:
        self.failures.append({**case, "peer": peer, "reason": str(error)})
        print(f"  {PEERS[peer].title}: {str(error)[:300]}", flush=True)

    def workers(self, case: dict[str, Any]) -> dict[str, Worker]:
        """The processes for a case, already importing, which needs no device."""
        started = {}
        for peer in self.peers:
            kind = PEERS[peer]
            config = {
                "module": kind.module, "device": "cpu" if self.options.platform == "cpu" else "cuda", "by_hand": True,
                "highest": self.options.highest, **case, **kind.settings,
            }  # fmt: skip
            started[peer] = Worker(sys.executable, config, self.environment)
            started[peer].send(do="load")
        return started

    def together(self, case: dict[str, Any], workers: dict[str, Worker], **request: Any) -> dict[str, dict[str, Any]]:
        """The answers of all; who does not answer in time is left out from here on."""
        found: dict[str, dict[str, Any]] = {}
        if request:
            for worker in workers.values():
                worker.send(**request)
        for peer in list(workers):
            try:
                found[peer] = workers[peer].receive(max(1.0, self.left()))
            except WorkerError as error:
                self.fail(case, peer, error)
                workers.pop(peer).close()
        return found

    def case(self, case: dict[str, Any], workers: dict[str, Worker]) -> None:
        options = self.options
        print(
            f"\n{case['net']}, {case['dtype']}, {case['batch']} images of {case['size']} x {case['size']} "
            f"({time.monotonic() - self.start:.0f} s)",
            flush=True,
        )
        self.together(case, workers)  # of "load"
        lost = set(self.peers) - set(workers)
        self.peers = list(dict.fromkeys([*workers, *(["jax"] if "flax" in lost else [])]))
        made = self.together(case, workers, do="make")
        for peer, found in made.items():
            self.versions.setdefault(peer, found["versions"])
        rows: dict[tuple[str, str], dict[str, Any]] = {}
        for step in STEPS:
            for peer, found in self.together(case, workers, do="prepare", step=step).items():
                workers[peer].prepared[step] = found
                rows[step, peer] = {**case, "peer": peer, "step": step, "rounds": [], **made[peer], **found}
                print(f"  {PEERS[peer].title}: {step} compiled in {found['compile_seconds']:.0f} s", flush=True)
            if step == "train":
                memory = self.together(case, workers, do="memory")
                for peer, found in memory.items():
                    rows[step, peer]["device_peak_mib"], self.device = found["peak_mib"], found["device"]
        for _ in range(options.rounds):
            for step in STEPS:
                for peer in list(workers):
                    if self.left() < options.seconds and rows[step, peer]["rounds"]:
                        continue
                    try:
                        block = workers[peer].block(step, options.seconds, max(5.0, self.left()))
                    except WorkerError as error:
                        self.fail(case, peer, error)
                        workers.pop(peer).close()
                        continue
                    rows[step, peer]["rounds"].append(block)
        self.conclude(case, workers, rows)

    def conclude(
        self, case: dict[str, Any], workers: dict[str, Worker], rows: dict[tuple[str, str], dict[str, Any]]
    ) -> None:
        """Medians and what follows from them, into the results."""
        flops: dict[str, float] = {}
        if "slim" in workers:
            with contextlib.suppress(WorkerError):
                flops = workers["slim"].ask(max(20.0, self.left()), do="flops")
                if case["dtype"] not in self.measured_peaks:
                    measured = workers["slim"].ask(max(10.0, self.left()), do="matmul_peak")
                    self.measured_peaks[case["dtype"]] = measured["flops_per_second"]
        for (step, _), row in rows.items():
            if not row["rounds"]:
                continue
            seconds = row["median_seconds"] = statistics.median(block["seconds"] for block in row["rounds"])
            row["images_per_second"] = case["batch"] / seconds
            if flops:
                row["flops"] = flops[step] * (3 if step == "train" else 1)
                row["utilization"] = row["flops"] / seconds / self.peak(case["dtype"])
            ours = rows.get((step, "slim"), {}).get("rounds")
            if ours:
                pairs = zip(row["rounds"], ours, strict=False)
                row["ratio"] = statistics.median(block["seconds"] / other["seconds"] for block, other in pairs)
            self.results.append(row)

    def peak(self, dtype: str) -> float:
        """FLOP/s of the device in the dtype: the maker's, or what a product was measured at."""
        column = 0 if dtype == "bfloat16" else 2 if self.options.highest else 1
        known = next((peaks for name, peaks in PEAKS.items() if name in self.device), None)
        return known[column] * 1e12 if known else self.measured_peaks.get(dtype, float("inf"))

    def print_case(self, case: dict[str, Any]) -> None:
        rows = [
            [
                f"{row['step']}, {PEERS[row['peer']].title}",
                f"{row['median_seconds']:.4f}",
                f"{row['images_per_second']:.0f}",
                f"{100 * row['utilization']:.1f}" if "utilization" in row else "",
                f"{row.get('device_peak_mib') or 0:.0f}" if row["step"] == "train" else "",
                f"{row['ratio']:.2f}" if "ratio" in row else "",
                f"{row['compile_seconds']:.0f}",
                f"{row['parameters']:,}",
            ]
            for row in self.results
            if all(row[name] == value for name, value in case.items())
        ]
        if rows:
            columns = ("s", "images/s", "% of peak", "peak MiB", "ratio", "compiling s", "parameters")
            print_table([f"{case['net']}, {case['dtype']}", *columns], rows)

    def write(self) -> None:
        options = self.options
        report = {
            "when": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"), "device": self.device,
            "machine": machine(), "versions": self.versions, "highest": options.highest,
            "measured_matmul_flops_per_second": self.measured_peaks,
            "peak_flops_per_second": {dtype: self.peak(dtype) for dtype in self.measured_peaks},
            "results": self.results, "failures": self.failures,
        }  # fmt: skip
        options.output.mkdir(parents=True, exist_ok=True)
        (options.output / "gpu.json").write_text(json.dumps(report, indent=1) + "\n")
        panels: dict[str, dict[str, dict[str, float]]] = {}
        for row in self.results:
            if "ratio" in row and row["peer"] != "slim":
                title = {"train": "Training step", "forward": "Forward pass"}[row["step"]]
                of_net = panels.setdefault(f"{title}, {row['dtype']}", {}).setdefault(row["net"], {})
                of_net[PEERS[row["peer"]].title] = row["ratio"]
        if panels:
            draw(options.output / "gpu.png", panels, "time / jax-slim's", f"above 1 jax-slim is faster; {self.device}")


def present(peers: list[str]) -> list[str]:
    """Those whose library is installed; plain JAX in place of Flax."""
    found: dict[str, None] = {}
    for peer in peers:
        library = PEERS[peer].environment
        if library is None or importlib.util.find_spec(library) is not None:
            found[peer] = None
            continue
        print(f"{PEERS[peer].title} is left out: {library} is not installed", flush=True)
        if peer == "flax":
            found["jax"] = None
    return list(found)


def options_of(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    possible = [peer for peer in PEERS if PEERS[peer].environment in (None, "flax", "torch")]
    add("--peers", type=names(possible), default="slim,torch-compiled,flax", help=f"of {', '.join(possible)}")
    add("--nets", type=names(WRITTEN_DOWN), default="resnet_v1_50,vgg_16,mobilenet_v2,inception_v3",
        help=f"which: all, or of {', '.join(WRITTEN_DOWN)}")  # fmt: skip
    add("--dtypes", type=names(("bfloat16", "float32")), default="all", help="bfloat16, float32 or all")
    add("--batch", type=int, help="images in a batch (256, but 128 for vgg_16 and inception_v3)")
    add("--rounds", type=int, default=3, help="how often each runs a block (3)")
    add("--seconds", type=float, default=1.0, help="how long a block takes, about (1)")
    add("--minutes", type=float, default=6.0, help="no net is begun that would not end in this time (6)")
    add("--highest", action="store_true", help="float32 without TF32")
    add("--platform", default="cuda", help="JAX's name of it: cuda, rocm, or cpu for a trial")
    add("--output", type=Path, default=Path(__file__).parent / "results", help="folder for gpu.json and gpu.png")
    add("--quick", action="store_true", help="small images, two per batch, a round of a moment: to try the command")
    options = parser.parse_args(arguments)
    if options.quick:
        options.batch, options.rounds, options.seconds = 2, 1, 0.1
    return options


def cases_of(options: argparse.Namespace) -> list[dict[str, Any]]:
    """All nets in the first dtype, then in the next: the most important first."""
    return [
        {
            "net": net, "dtype": dtype, "size": SMALL[net] if options.quick else NETS[net].size,
            "batch": options.batch or (128 if net in ("vgg_16", "inception_v3") else 256),
        }
        for dtype in options.dtypes
        for net in options.nets
    ]  # fmt: skip


def main(arguments: list[str] | None = None) -> int:
    options = options_of(arguments)
    with tempfile.TemporaryDirectory(prefix="jax-slim-bench-") as scratch:
        run, waiting = Run(options, scratch), cases_of(options)
        longest, coming = 0.0, run.workers(waiting[0])
        while waiting:
            case, workers, begun = waiting.pop(0), coming, time.monotonic()
            # The next ones import while these compile; their libraries do not touch the device before they are asked.
            coming = run.workers(waiting[0]) if waiting else {}
            try:
                run.case(case, workers)
            finally:
                for worker in workers.values():
                    worker.close()
            run.print_case(case)
            run.write()
            longest = max(longest, time.monotonic() - begun)
            if waiting and run.left() < longest:
                skipped = [f"{other['net']} {other['dtype']}" for other in waiting]
                print(f"\nleft out, --minutes {options.minutes:g} are over: {', '.join(skipped)}")
                run.failures += [{**other, "peer": "", "reason": "--minutes were over"} for other in waiting]
                run.write()
                break
        for worker in coming.values():
            worker.close()
    print(f"\n{run.device}; written to {options.output / 'gpu.json'} ({time.monotonic() - run.start:.0f} s)")
    return 0 if any("ratio" in row for row in run.results) else 1


if __name__ == "__main__":
    sys.exit(main())
