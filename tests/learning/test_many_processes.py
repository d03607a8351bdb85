"""Runs of several real processes on this machine: the numbers of one process, and an end for whatever goes wrong."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from jax_slim.checkpoints.native import latest_checkpoint

SCRIPT = Path(__file__).parent / "many_run.py"
DEVICES = 4  # of all processes together
LOST = "another process of this run has ended or cannot be reached"

pytestmark = pytest.mark.slow


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Group:
    """The processes of one run."""

    def __init__(self, count, folder, devices=DEVICES, largest_file=None, heartbeat=100, each=None, **options):
        options = {"logdir": str(folder / "run"), **options}
        address = f"127.0.0.1:{free_port()}"
        self.logdir, self.processes, self.logs = Path(options["logdir"]), [], []
        for index in range(count):
            environment = os.environ | {
                "PYTHONPATH": f"{SCRIPT.parents[2]}{os.pathsep}{SCRIPT.parent}",
                "XLA_FLAGS": f"--xla_force_host_platform_device_count={devices // count}",
                "JAX_SLIM_HEARTBEAT_SECONDS": str(heartbeat),
                "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
                **(each or {}).get(index, {}),
            }
            if count > 1:
                environment |= {
                    "JAX_COORDINATOR_ADDRESS": address,
                    "JAX_NUM_PROCESSES": str(count),
                    "JAX_PROCESS_ID": str(index),
                }
            command = [sys.executable, str(SCRIPT), json.dumps(options)]
            if largest_file is not None and index == largest_file[0]:
                environment.pop("JAX_COMPILATION_CACHE_DIR", None)
                command = ["sh", "-c", f'ulimit -f {largest_file[1]}; exec "$@"', "sh", *command]
            log = folder / f"log-{len(list(folder.glob('log-*')))}"
            self.logs.append(log)
            with log.open("wb") as sink:
                self.processes.append(
                    subprocess.Popen(command, stdout=subprocess.PIPE, stderr=sink, env=environment, text=True)
                )

    def __enter__(self):
        return self

    def __exit__(self, *error):
        for process in self.processes:
            process.kill()
            process.communicate()

    def told(self, index):
        return self.logs[index].read_text(errors="replace")

    def wait_for_step(self, step):
        """Waits until the first process has said that it has done `step` steps."""
        reading = subprocess.Popen(["tail", "-n", "+1", "-f", str(self.logs[0])], stdout=subprocess.PIPE, text=True)
        try:
            for line in reading.stdout:
                if line.startswith("train:") and int(line.split()[1].split("/")[0]) >= step:
                    return
                assert self.processes[0].poll() is None, self.told(0)
        finally:
            reading.kill()
            reading.communicate()

    def codes(self, timeout=200):
        self.out = [process.communicate(timeout=timeout)[0] for process in self.processes]
        return [process.returncode for process in self.processes]

    def report(self):
        codes = self.codes()
        assert codes == [0] * len(codes), "\n".join(map(self.told, range(len(codes))))
        assert not any("{" in out for out in self.out[1:])
        return json.loads(self.out[0].splitlines()[-1])


def run(count, folder, **options):
    folder.mkdir(exist_ok=True, parents=True)
    with Group(count, folder, **options) as group:
        return group.report()


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """One process on as many devices."""
    return run(1, tmp_path_factory.mktemp("alone"), validate=True, evaluate=True)


def test_two_processes_give_the_numbers_of_one(tmp_path, alone):
    both = run(2, tmp_path, validate=True, evaluate=True)
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
def test_layouts_across_processes_give_the_numbers_of_one(tmp_path, alone, count, layout):
    found = run(count, tmp_path, layout=layout)
    np.testing.assert_allclose(found["losses"], alone["losses"], rtol=1e-5)
    weights = [np.prod(shape) for shape in found["held"]["optimizer/0/trace/f1/weights"]]
    parts = {"data": 1, "sharded": 4, "tensor": 4, "both": 4}[layout]
    assert weights == [196 * 16 / parts] * (DEVICES // count)


def test_a_run_goes_on_with_other_numbers_of_processes_and_layouts(tmp_path, alone):
    losses = run(1, tmp_path, steps=8)["losses"]
    losses += run(2, tmp_path, steps=16, layout="sharded")["losses"]
    losses += run(4, tmp_path, steps=22)["losses"]
    losses += run(1, tmp_path, steps=30, layout="both")["losses"]
    np.testing.assert_allclose(losses, alone["losses"], rtol=1e-5)


def test_a_killed_process_ends_the_others_and_the_run_goes_on_bit_for_bit(tmp_path, alone):
    (tmp_path / "whole").mkdir()
    whole = run(2, tmp_path / "whole")
    for victim in (1, 0):
        with Group(2, tmp_path, save_secs=0.2, pause=0.1, heartbeat=10) as group:
            group.wait_for_step(12 + 5 * victim)
            group.processes[victim].kill()
            other = 1 - victim
            group.processes[other].wait(60)  # JAX alone would take 72 s, or for ever
            assert group.processes[other].returncode != 0
            told = group.told(other)
            assert LOST in told or "coordination service" in told.lower(), told
    resumed = run(2, tmp_path)
    assert resumed["state"] == whole["state"]


def test_sigterm_to_one_saves_the_same_step_in_all(tmp_path, alone):
    with Group(2, tmp_path, pause=0.1) as group:
        group.wait_for_step(5)
        group.processes[1].terminate()
        assert group.codes() == [143, 143]
        reached = int(Path(latest_checkpoint(group.logdir)).name)
        assert 5 <= reached < 30
        assert f"Stopped by SIGTERM: saved step {reached}." in group.told(0)
    rest = run(2, tmp_path)
    np.testing.assert_allclose(rest["losses"], alone["losses"][reached:], rtol=1e-5)


def test_a_process_that_hangs_ends_the_others(tmp_path):
    with Group(2, tmp_path, pause=0.1, heartbeat=5) as group:
        group.wait_for_step(5)
        group.processes[1].send_signal(signal.SIGSTOP)
        assert group.processes[0].wait(60) != 0


@pytest.mark.parametrize("odd", ["stop", "raise", "rate", "version"])
def test_what_one_process_alone_does(tmp_path, odd):
    with Group(2, tmp_path, odd_process=1, odd=odd, pause=0.05, save_secs=0.2, heartbeat=10) as group:
        codes = group.codes(100)
        told = group.told(0), group.told(1)
        if odd == "stop":
            assert codes == [0, 0], told
            report = json.loads(group.out[0].splitlines()[-1])
            assert 7 <= report["step"] <= 10
            assert report["stopped"] == "another process asked for it"
        elif odd == "raise":
            assert all(codes)
            assert "IndexError" in told[1]
            assert LOST in told[0] or "coordination service" in told[0].lower()
        else:
            assert codes == [1, 1]
            what = {"rate": "program of a step", "version": "version of jax-slim"}[odd]
            assert all(f"DifferentProcessError: train: all processes must run the same program, got another {what}" in t
                       for t in told), told  # fmt: skip
            assert latest_checkpoint(group.logdir) is None


def test_a_full_disk_of_one_process(tmp_path):
    first = run(2, tmp_path, steps=10)
    assert first["step"] == 10
    with Group(2, tmp_path, largest_file=(1, 8), pause=0.05, save_secs=0.2) as group:
        codes = group.codes(100)
        assert all(codes)
        # The one whose disk is full cannot write its log either; the other tells.
        assert "CheckpointError" in group.told(0), group.told(0)
        assert "process 1 failed: File too large" in group.told(0)
    assert int(Path(latest_checkpoint(group.logdir)).name) >= 10
    assert run(2, tmp_path)["step"] == 30


def test_saves_and_histograms_all_the_time_never_hang(tmp_path):
    for attempt in range(3):
        report = run(2, tmp_path / str(attempt), devices=2, steps=90, save_secs=0.2, summary_secs=0.1, pause=0.02)
        assert report["step"] == 90
