"""Several processes on one machine: marked output, one end for all, restarts."""

import os
import subprocess
import sys
import time

import pytest

from jax_slim.parallel import launch

SAY = "echo $JAX_PROCESS_ID of $JAX_NUM_PROCESSES at ${JAX_COORDINATOR_ADDRESS%:*}"


def launched(capfdbinary, *arguments):
    code = launch.main(arguments)
    out, err = capfdbinary.readouterr()
    return code, sorted(out.decode().splitlines()), err.decode().splitlines()


def test_lines_are_marked_by_process(capfdbinary):
    code, out, err = launched(capfdbinary, "-n", "3", "--heartbeat_seconds=7", "--", "sh", "-c",
                              f"{SAY}; echo $JAX_SLIM_HEARTBEAT_SECONDS >&2; printf unended")  # fmt: skip
    assert code == 0
    told = [f"[{n}] {n} of 3 at 127.0.0.1" for n in range(3)]
    assert out == sorted([*told, *(f"[{n}] unended" for n in range(3))])
    assert sorted(err) == ["[0] 7", "[1] 7", "[2] 7"]


def test_one_failure_ends_all_and_restarts_are_counted(capfdbinary, tmp_path, monkeypatch):
    monkeypatch.setattr(launch, "_GRACE_SECONDS", 0.2)
    program = (
        f"echo x >> {tmp_path}/$JAX_PROCESS_ID; [ $JAX_PROCESS_ID = 0 ] && sleep 1000; [ -e {tmp_path}/0 ]; exit 7"
    )
    code, _, err = launched(capfdbinary, "-n", "2", "--max_restarts", "2", "--", "sh", "-c", program)
    assert code == 7
    assert err == [
        "launch: process 1 ended with exit code 7, and all others with it.",
        "launch: starting all again (1 of 2).",
        "launch: process 1 ended with exit code 7, and all others with it.",
        "launch: starting all again (2 of 2).",
        "launch: process 1 ended with exit code 7, and all others with it.",
    ]
    assert (tmp_path / "1").read_text() == "x\n" * 3


def test_a_killed_process_and_one_that_was_stopped(capfdbinary):
    code, _, err = launched(capfdbinary, "-n", "1", "--", "sh", "-c", "kill -9 $$")
    assert (code, err) == (137, ["launch: process 0 was ended by SIGKILL."])
    # Stopped by SIGTERM after saving: that is no failure to start again from.
    code, _, err = launched(capfdbinary, "-n", "1", "--max_restarts=5", "--", "sh", "-c", "exit 143")
    assert (code, err) == (143, ["launch: process 0 ended with exit code 143."])
    code, _, err = launched(capfdbinary, "-n", "2", "--", "/nonexistent/program")
    assert (code, err) == (127, ["launch: cannot run /nonexistent/program: No such file or directory."])


@pytest.mark.parametrize(
    "what", [["-n", "0", "--", "true"], ["-n", "2"], ["-n", "2", "--max_restarts=-1", "--", "true"]]
)
def test_refusals(capsys, what):
    with pytest.raises(SystemExit) as end:
        launch.main(what)
    assert end.value.code == 2
    assert "must be" in capsys.readouterr().err


def test_gpus_are_shared_out(monkeypatch):
    monkeypatch.delenv("JAX_PLATFORMS", raising=False)
    monkeypatch.delenv("JAX_LOCAL_DEVICE_IDS", raising=False)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1,2,3,4,5,6,7")
    assert [launch._devices(n, 4)["JAX_LOCAL_DEVICE_IDS"] for n in range(4)] == ["0,1", "2,3", "4,5", "6,7"]
    assert [launch._devices(n, 3)["JAX_LOCAL_DEVICE_IDS"] for n in range(3)] == ["0,1", "2,3,4", "5,6,7"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert launch._devices(0, 2) == {}


def test_a_signal_goes_to_all(tmp_path):
    program = f"trap 'echo ended; exit 143' TERM; touch {tmp_path}/$JAX_PROCESS_ID; while :; do sleep 0.05; done"
    command = [
        sys.executable,
        "-m",
        "jax_slim.parallel.launch",
        "-n",
        "2",
        "--max_restarts=3",
        "--",
        "sh",
        "-c",
        program,
    ]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ)
    ) as it:
        while not all((tmp_path / str(n)).exists() for n in range(2)):
            time.sleep(0.05)
        it.terminate()
        out, err = it.communicate()
    assert it.returncode == 143
    assert sorted(out.splitlines()) == ["[0] ended", "[1] ended"]
    assert "starting all again" not in err
