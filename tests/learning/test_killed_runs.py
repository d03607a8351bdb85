"""Real runs in real processes that are killed, interrupted, or run out of disk; and several devices."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import quick_compiling
import warnings_as_errors
from jax_slim.checkpoints import load_variables
from jax_slim.checkpoints.native import Checkpoints, steps_in

SCRIPT = Path(__file__).parent / "small_run.py"
STEPS = 60


def start(logdir, steps=STEPS, pause=0.0, save_secs=0.2, devices=1, largest_file=None):
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    if devices > 1:
        environment["XLA_FLAGS"] = quick_compiling.on_devices(devices)
    command = [
        sys.executable,
        *warnings_as_errors.OPTIONS,
        str(SCRIPT),
        str(logdir),
        str(steps),
        str(pause),
        str(save_secs),
    ]
    if largest_file is not None:
        environment.pop("JAX_COMPILATION_CACHE_DIR", None)  # its files are larger, and not what is tested
        command = ["sh", "-c", f'ulimit -f {largest_file}; exec "$@"', "sh", *command]
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )


def report(process):
    out, err = process.communicate()
    assert process.returncode == 0, err
    return json.loads(out.splitlines()[-1])


def wait_for_step(process, step):
    """Reads the run's lines until it says that it has done `step` steps."""
    for line in process.stderr:
        if line.startswith("train:") and int(line.split()[1].split("/")[0]) >= step:
            return
    pytest.fail(f"the run ended before step {step}: {process.stdout.read()}")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    return report(start(tmp_path_factory.mktemp("undisturbed")))


def kill_at_random_moments(logdir, times, steps, pause, save_secs, longest):
    """Starts the run and kills it, again and again, first when it has saved. The moments vary with the machine too."""
    for attempt in range(times):
        process = start(logdir, steps, pause, save_secs)
        for line in process.stderr:
            if line.startswith("train:") and (attempt or steps_in(logdir)):
                break
        time.sleep(random.Random(attempt).uniform(0, longest))
        process.kill()
        process.communicate()


def test_a_killed_run_ends_as_an_undisturbed_one(tmp_path, undisturbed):
    kill_at_random_moments(tmp_path, 2, STEPS, pause=0.02, save_secs=0.2, longest=0.8)
    steps = Checkpoints(tmp_path).steps()
    assert steps
    assert steps[-1] <= STEPS
    assert report(start(tmp_path)) == undisturbed


@pytest.mark.slow
def test_a_run_killed_twenty_times_ends_as_an_undisturbed_one(tmp_path):
    steps = 300
    undisturbed = report(start(tmp_path / "undisturbed", steps))
    # Saving all the time, so that kills fall into saves as well.
    kill_at_random_moments(tmp_path / "killed", 20, steps, pause=0.01, save_secs=0, longest=0.3)
    assert report(start(tmp_path / "killed", steps)) == undisturbed


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_saves_and_exits(tmp_path, undisturbed, sent, code):
    process = start(tmp_path, pause=0.2, save_secs=1000)  # so slow that it is far from its end when it hears the signal
    wait_for_step(process, 5)
    process.send_signal(sent)
    out, err = process.communicate()
    assert process.returncode == code
    assert not out
    assert "Traceback" not in err
    reached = int(load_variables(tmp_path)["global_step"])
    assert 5 <= reached < STEPS
    assert f"Stopped by {sent.name}: saved step {reached}." in err
    assert report(start(tmp_path)) == undisturbed


def test_a_full_disk_is_one_clear_error_and_loses_nothing(tmp_path, undisturbed):
    report(start(tmp_path, steps=20))

    # A file may have 4 KiB now: to a program that is as if the disk were full.
    process = start(tmp_path, largest_file=8)
    _, err = process.communicate()
    assert process.returncode == 1
    last = err.strip().splitlines()[-1]
    assert "CheckpointError" in err or "EventWriterError" in err, err
    assert str(tmp_path) in err, last
    assert load_variables(tmp_path)["global_step"] == 20
    assert report(start(tmp_path)) == undisturbed


@pytest.mark.slow
def test_eight_devices_give_the_losses_of_one(tmp_path, undisturbed):
    result = report(start(tmp_path, devices=8))
    assert result["devices"] == 8
    assert result["loss"] == pytest.approx(undisturbed["loss"], rel=1e-3)
    assert result["later"] == undisturbed["later"]
