"""Runs of several real processes on this machine: the numbers of one process, and an end for whatever goes wrong.

Processes do one run after the other, until a test ends them: starting them takes longer than most of the runs.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import quick_compiling
from jax_slim.checkpoints.native import latest_checkpoint

SCRIPT = Path(__file__).parent / "many_run.py"
DEVICES = 4  # of all processes together
HEARTBEAT_SECONDS = 10

# `make test-slow` runs them in one worker, so that they find the processes of those before them.
pytestmark = pytest.mark.slow


def kept_port():
    """A socket whose port nobody else gets while it is open; JAX's service, which shares ports, listens there."""
    one = socket.socket()
    if hasattr(socket, "SO_REUSEPORT"):
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    one.bind(("127.0.0.1", 0))
    return one


class Group:
    """The processes of some runs."""

    def __init__(self, count, folder):
        self.port = kept_port()
        address = f"127.0.0.1:{self.port.getsockname()[1]}"
        self.processes, self.logs, self.outs = [], [], []
        for index in range(count):
            environment = os.environ | {
                "PYTHONPATH": f"{SCRIPT.parents[2]}{os.pathsep}{SCRIPT.parent}",
                "XLA_FLAGS": quick_compiling.on_devices(DEVICES // count),
                "JAX_SLIM_HEARTBEAT_SECONDS": str(HEARTBEAT_SECONDS),
                "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
            }
            if count > 1:
                environment |= {
                    "JAX_COORDINATOR_ADDRESS": address,
                    "JAX_NUM_PROCESSES": str(count),
                    "JAX_PROCESS_ID": str(index),
                }
            self.logs.append(folder / f"log-{index}")
            self.outs.append(folder / f"out-{index}")
            with self.logs[-1].open("wb") as log, self.outs[-1].open("wb") as out:
                command = [sys.executable, str(SCRIPT)]
                self.processes.append(
                    subprocess.Popen(command, stdin=subprocess.PIPE, stdout=out, stderr=log, env=environment, text=True)
                )
        self.runs = 0

    def alive(self):
        return all(process.poll() is None for process in self.processes)

    def begin(self, folder, **options):
        """Begins a run in all of them."""
        self.logdir = folder / "run"
        self.runs += 1
        self.said_before = [log.stat().st_size for log in self.logs]
        for process in self.processes:
            process.stdin.write(json.dumps({"logdir": str(self.logdir), **options}) + "\n")
            process.stdin.flush()

    def told(self, index):
        """What a process has said on its standard error since the run began."""
        return self.logs[index].read_bytes()[self.said_before[index] :].decode(errors="replace")

    def wait_for_step(self, step):
        """Waits until the first process has said that it has done `step` steps."""

        def reached():
            lines = [line for line in self.told(0).splitlines() if line.startswith("train:")]
            return bool(lines) and int(lines[-1].split()[1].split("/")[0]) >= step

        self._wait(reached)

    def reports(self):
        """What each process reports of the run, once all have."""

        def all_there():
            texts = [out.read_text() for out in self.outs]
            return all(text.count("report: ") == self.runs and text.endswith("\n") for text in texts)

        self._wait(all_there)
        return [json.loads(out.read_text().rpartition("report: ")[2]) for out in self.outs]

    def run(self, folder, **options):
        """The report of a whole run."""
        folder.mkdir(exist_ok=True, parents=True)
        self.begin(folder, **options)
        return self.reports()[0]

    def codes(self):
        """The exit codes, once all have ended."""
        return [process.wait() for process in self.processes]

    def close(self):
        """No more runs: living processes end."""
        was_alive = self.alive()
        try:
            for process in self.processes:
                process.stdin.close()
            if was_alive:
                assert self.codes() == [0] * len(self.processes)
        finally:
            for process in self.processes:
                process.kill()
                process.wait()
            self.port.close()

    def _wait(self, until):
        while not until():
            assert self.alive(), "\n".join(map(self.told, range(len(self.processes))))
            time.sleep(0.02)


def ended(lost, other):
    """What a process says when another one has ended."""
    return f"train: process {lost} of this run has ended, so process {other} ends too.\n"


@pytest.fixture(scope="module")
def groups(tmp_path_factory):
    """So many processes, those of the test before where they live: by their number."""
    living = {}

    def of(count):
        if count in living and not living[count].alive():
            living.pop(count).close()
        if count not in living:
            living[count] = Group(count, tmp_path_factory.mktemp(f"of-{count}"))
        return living[count]

    yield of
    for group in living.values():
        group.close()


@pytest.fixture(scope="module")
def alone(groups, tmp_path_factory):
    """One process on as many devices."""
    return groups(1).run(tmp_path_factory.mktemp("alone"), validate=True, evaluate=True)


def test_two_processes_give_the_numbers_of_one(tmp_path, groups, alone):
    both = groups(2).run(tmp_path, validate=True, evaluate=True)
    np.testing.assert_allclose(both["losses"], alone["losses"], rtol=1e-5)
    assert both["results"] == alone["results"]  # 101 examples: each once, in uneven batches and in padded ones
    assert np.sum(both["results"][0]["confusion"]) == 101
    assert both["results"][0] == both["results"][1]
    lines = [json.loads(line) for line in (tmp_path / "run" / "scalars.jsonl").read_text().splitlines()]
    validated = [line["step"] for line in lines if "validation/accuracy" in line]
    assert validated == [10, 20, 30]
    assert len((tmp_path / "run" / "eval" / "results.jsonl").read_text().splitlines()) == 2
    assert len(list((tmp_path / "run").glob("events*"))) == 1


@pytest.mark.parametrize(("count", "layout"), [(4, "data"), (2, "sharded"), (2, "tensor"), (2, "both")])
def test_layouts_across_processes_give_the_numbers_of_one(tmp_path, groups, alone, count, layout):
    found = groups(count).run(tmp_path, layout=layout)
    np.testing.assert_allclose(found["losses"], alone["losses"], rtol=1e-5)
    weights = [np.prod(shape) for shape in found["held"]["optimizer/0/trace/f1/weights"]]
    parts = {"data": 1, "sharded": 4, "tensor": 4, "both": 4}[layout]
    assert weights == [196 * 16 / parts] * (DEVICES // count)


def test_a_run_goes_on_with_other_numbers_of_processes_and_layouts(tmp_path, groups, alone):
    losses = groups(1).run(tmp_path, steps=8)["losses"]
    losses += groups(2).run(tmp_path, steps=16, layout="sharded")["losses"]
    losses += groups(4).run(tmp_path, steps=22)["losses"]
    losses += groups(1).run(tmp_path, steps=30, layout="both")["losses"]
    np.testing.assert_allclose(losses, alone["losses"], rtol=1e-5)


def test_saves_and_histograms_all_the_time_never_hang(tmp_path, groups):
    for attempt in range(20):
        folder = tmp_path / str(attempt)
        report = groups(2).run(folder, steps=16, save_secs=0.2, summary_secs=0.1, pause=0.05)
        assert report["step"] == 16


@pytest.mark.parametrize("odd", ["rate", "version"])
def test_another_program_in_one_process_is_refused_by_all(tmp_path, groups, odd):
    group = groups(2)
    group.begin(tmp_path, odd_process=1, odd=odd)
    what = {"rate": "program of a step", "version": "version of jax-slim"}[odd]
    for report in group.reports():
        assert report["error"].startswith(
            f"DifferentProcessError: train: all processes must run the same program, got another {what}"
        )
    assert latest_checkpoint(group.logdir) is None


def test_one_process_asks_for_the_end(tmp_path, groups):
    report = groups(2).run(tmp_path, odd_process=1, odd="stop", pause=0.05, save_secs=0.2)
    assert 7 <= report["step"] <= 10
    assert report["stopped"] == "another process asked for it"


def test_a_killed_process_ends_the_others_and_the_run_goes_on_bit_for_bit(tmp_path, groups):
    whole = groups(2).run(tmp_path / "whole")
    for victim in (1, 0):
        group = groups(2)
        # Once the step is reached the run is slow: it is far from its end when the process is killed.
        group.begin(tmp_path, save_secs=0.2, pause=0.1, late=19 * victim)
        group.wait_for_step(12 + 5 * victim)
        group.processes[victim].kill()
        other = 1 - victim
        assert group.processes[other].wait(70)  # JAX alone would take 72 s, or for ever
        told = group.told(other)
        assert ended(victim, other) in told or (victim == 0 and "coordination service" in told.lower()), told
    resumed = groups(2).run(tmp_path)
    assert resumed["state"] == whole["state"]


def test_sigterm_to_one_saves_the_same_step_in_all(tmp_path, groups, alone):
    group = groups(2)
    group.begin(tmp_path, pause=0.1, late=7)
    group.wait_for_step(5)
    group.processes[1].terminate()
    assert group.codes() == [143, 143]
    reached = int(Path(latest_checkpoint(group.logdir)).name)
    assert 5 <= reached < 30
    assert f"Stopped by SIGTERM: saved step {reached}." in group.told(0)
    rest = groups(2).run(tmp_path)
    np.testing.assert_allclose(rest["losses"], alone["losses"][reached:], rtol=1e-5)


def test_a_full_disk_of_one_process(tmp_path, groups):
    first = groups(2).run(tmp_path, steps=10)
    assert first["step"] == 10
    group = groups(2)
    group.begin(tmp_path, odd_process=1, odd="full disk", pause=0.05, save_secs=0.2)
    assert all(group.codes())
    # The one whose disk is full cannot write its log either; the other tells.
    assert "CheckpointError" in group.told(0), group.told(0)
    assert "process 1 failed: File too large" in group.told(0)
    assert int(Path(latest_checkpoint(group.logdir)).name) >= 10
    assert groups(2).run(tmp_path)["step"] == 30


def test_an_error_in_one_process_ends_all(tmp_path, groups):
    group = groups(2)
    group.begin(tmp_path, odd_process=1, odd="raise", pause=0.05, save_secs=0.2)
    assert all(group.codes())
    told = group.told(0), group.told(1)
    assert "IndexError" in told[1]
    assert ended(1, 0) in told[0], told[0]


def test_a_process_that_hangs_ends_the_others(tmp_path, groups):
    group = groups(2)
    group.begin(tmp_path, pause=0.1, late=7)
    group.wait_for_step(5)
    group.processes[1].send_signal(signal.SIGSTOP)
    assert group.processes[0].wait() != 0
