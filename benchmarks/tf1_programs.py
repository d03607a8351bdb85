"""TensorFlow 1 programs, unmodified, beside the same nets in pure jax-slim, and beside TensorFlow 1.15; on the CPU.

    python benchmarks/tf1_programs.py                                     # beside pure jax-slim: about 20 minutes
    python benchmarks/tf1_programs.py --tf1-python /path/to/python3.7     # and beside TensorFlow 1.15.5
    python benchmarks/tf1_programs.py --only bandit                       # or: steps, start
    python benchmarks/tf1_programs.py --quick                             # small images, a minute or two: does it run?

Three things, in processes of their own that take turns, as in `nets.py`:

- steps: training steps of TF-Slim programs (`peers/tf1_nets.py`, batches by feeds, `slim.learning.create_train_op`);
- bandit: a program of many tiny runs, two `session.run` a step;
- start: wall clock and processor time from the start of the process to the end of the first training step, without
  compiled programs of earlier runs ("cold") and with them ("warm").

Ratios are of time: of steps over pure jax-slim's, of the bandit over its own on jax-slim. All figures are written to
`tf1_programs.json` in `--output`, those of steps drawn as `tf1_programs.png`.
"""

import argparse
import json
import statistics
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from peers.architectures import WRITTEN_DOWN
from peers.environments import CACHE, PEERS
from peers.processes import Worker, WorkerError
from peers.reports import cores, machine, print_table

import nets

PARTS = ("steps", "bandit", "start")
OURS = "tf1-room"


class Programs(nets.Run):
    """Training steps in turn; the program on jax-slim is what the others are compared with."""

    name = "tf1_programs"
    steps = ("train",)
    settings = {"feed": True, "train_only": True}  # noqa: RUF012 - a mapping that nobody changes

    def peers(self) -> list[str]:
        """Those that run programs of TensorFlow 1."""
        return [peer for peer in (OURS, "tf1") if peer in self.pythons]

    def worker(self, peer: str, config: dict[str, Any], **environment: str) -> Worker:
        config = {"threads": self.options.threads, "batch": self.options.batch, **config}
        # TensorFlow 1.15 ends at flags of XLA's that it does not know.
        flags = {"XLA_FLAGS": ""} if peer == "tf1" else {}
        return Worker(self.pythons[peer], config, self.environment | flags | environment)

    def bandit(self) -> None:
        """Steps of two runs, in turn."""
        print("\nbandit, two session.run a step", flush=True)
        workers: dict[str, Worker] = {}
        found: dict[str, list[dict[str, Any]]] = {}
        try:
            for peer in self.peers():
                config = {"module": "tf1_bandit", "net": "lenet", "room": peer == OURS}
                workers[peer] = self.worker(peer, config)
                workers[peer].ask(self.options.patience, do="make")
                workers[peer].ask(self.options.patience, do="block", step="train", count=20)  # compiled by the fourth
                workers[peer].prepare("train", self.options.patience)
            for _ in range(self.options.rounds):
                for peer, worker in workers.items():
                    block = worker.block("train", self.options.seconds, self.options.patience)
                    found.setdefault(peer, []).append(block)
        except WorkerError as error:
            self.fail("bandit", "tf1", error)
        finally:
            for worker in workers.values():
                worker.close()
        medians = {
            peer: [statistics.median(block[clock] for block in blocks) for clock in ("seconds", "processor")]
            for peer, blocks in found.items()
        }
        rows = [
            [PEERS[peer].title, *(f"{1e6 * one:.0f}" for one in times), f"{times[0] / medians[OURS][0]:.2f}"]
            for peer, times in medians.items()
        ]
        print_table(["bandit", "us a step", "processor us", "ratio"], rows)
        self.more["bandit"] = {"median_seconds_and_processor": medians, "rounds": found}

    def start_of(self, net: str) -> None:
        """From the start of the process to the end of the first step: cold and warm where JAX compiles."""
        size = nets.size_of(net, self.options)
        print(f"\n{net}, start to first training step, {self.options.batch} images of {size} x {size}", flush=True)
        kept = {
            "JAX_ENABLE_COMPILATION_CACHE": "true", "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0.2",
            "JAX_COMPILATION_CACHE_DIR": str(Path(self.scratch.name) / f"compiled-{net}"),
        }  # fmt: skip
        rows, found = [], []
        for peer, which in [("slim", "cold"), ("slim", "warm"), (OURS, "cold"), (OURS, "warm"), ("tf1", "")]:
            if peer not in self.pythons:
                continue
            kind, began = PEERS[peer], time.perf_counter()
            config = {"module": kind.module, "net": net, "size": size, **kind.settings, **self.settings}
            environment = {**kept, "JAX_COMPILATION_CACHE_DIR": kept["JAX_COMPILATION_CACHE_DIR"] + peer}
            worker = self.worker(peer, config, **environment)
            try:
                worker.ask(self.options.patience, do="make")
                done = worker.ask(self.options.patience, do="prepare", step="train")
            except WorkerError as error:
                self.fail(net, peer, error)
                continue
            finally:
                worker.close()
            wall = time.perf_counter() - began - done["step_seconds"]
            figures = {
                "wall": wall,
                "processor": done["processor_since_start"],
                "peak_mib": done["peak_with_compiler_mib"],
            }
            found.append({"peer": peer, "which": which, **figures})
            rows.append(
                [f"{kind.title} {which}", *(f"{figures[name]:.1f}" for name in ("wall", "processor", "peak_mib"))]
            )
            print(f"  {kind.title} {which}: {wall:.1f} s, {figures['processor']:.1f} s of processor", flush=True)
        print_table([f"{net}, start", "s", "processor s", "peak MiB"], rows)
        self.more.setdefault("start", {})[net] = found


def options_of(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--only", type=nets.names(PARTS), default="all", help=f"which: all, or of {', '.join(PARTS)}")
    add("--nets", type=nets.names(WRITTEN_DOWN), default="vgg_16,resnet_v1_50,inception_v3,mobilenet_v1",
        help=f"whose steps: all, or of {', '.join(WRITTEN_DOWN)}")  # fmt: skip
    add("--start-nets", type=nets.names(WRITTEN_DOWN), default="inception_v3", help="whose start (inception_v3)")
    add("--batch", type=int, default=8, help="images in a batch (8)")
    add("--size", type=int, help="pixels of an edge (what each net was made for), but for LeNet")
    add("--rounds", type=int, default=3, help="how often each runs a block (3)")
    add("--seconds", type=float, default=1.0, help="how long a block takes at least, about (1)")
    add(
        "--minutes",
        type=float,
        default=15.0,
        help="for the steps: fewer rounds, and fewer nets, where they take longer (15)",
    )
    add("--patience", type=float, default=900.0, help="seconds to wait for an answer before a peer is given up (900)")
    add("--threads", type=int, default=cores(), help="cores for each (all)")
    add("--tf1-python", metavar="PYTHON", help="a Python 3.7, with or without TensorFlow 1.15")
    add("--cache", type=Path, default=CACHE, help=f"folder of the virtual environments ({CACHE})")
    add("--output", type=Path, default=Path(__file__).parent / "results", help="folder for tf1_programs.json")
    add("--quick", action="store_true", help="small images, two per batch, a round of a moment: to try the command")
    options = parser.parse_args(arguments)
    if options.quick:
        options.batch, options.rounds, options.seconds = 2, 1, 0.1
    options.peers = [OURS, *(["tf1"] if options.tf1_python else [])]
    options.clock, options.isa, options.malloc, options.omp, options.keep_compiled = (
        "seconds",
        None,
        "default",
        "default",
        False,
    )
    options.cache = options.cache.expanduser().absolute()
    return options


def main(arguments: list[str] | None = None) -> int:
    options = options_of(arguments)
    run = Programs(options)
    print(json.dumps(machine()), flush=True)
    run.find_pythons()
    if "bandit" in options.only:
        run.bandit()
    if "start" in options.only:
        for net in options.start_nets:
            run.start_of(net)
    if "steps" in options.only:
        run.deadline = time.monotonic() + 60 * options.minutes
        run.take_turns()
    run.write()
    print(f"\nwritten to {options.output}")
    return 1 if run.failures else 0


if __name__ == "__main__":
    sys.exit(main())
