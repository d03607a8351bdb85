"""Joining processes: who says how many there are; and what they tell each other, of one."""

import jax
import pytest

import jax_slim as slim
from jax_slim.core import processes
from jax_slim.parallel import processes as joining


@pytest.fixture(autouse=True)
def preemption_service():
    """As it was before, after each test."""
    before = jax.config.jax_enable_preemption_service
    yield
    jax.config.update("jax_enable_preemption_service", before)


@pytest.fixture
def joined(monkeypatch):
    """What `jax.distributed.initialize` was called with."""
    calls = []
    for variable in ("JAX_COORDINATOR_ADDRESS", "JAX_NUM_PROCESSES", "JAX_PROCESS_ID", "JAX_SLIM_HEARTBEAT_SECONDS"):
        monkeypatch.delenv(variable, raising=False)

    def initialize(address, count, index, devices, *, initialization_timeout, heartbeat_timeout_seconds):
        if address is None:
            raise ValueError("coordinator_address should be defined.")
        if count is None:
            raise ValueError("Number of processes must be defined.")
        calls.append((address, count, index, heartbeat_timeout_seconds))

    monkeypatch.setattr(jax.distributed, "initialize", initialize)
    return calls


def test_arguments_come_before_the_environment(joined, monkeypatch):
    slim.parallel.initialize("a:1", 2, 1)
    monkeypatch.setenv("JAX_COORDINATOR_ADDRESS", "b:2")
    monkeypatch.setenv("JAX_NUM_PROCESSES", "4")
    monkeypatch.setenv("JAX_PROCESS_ID", "3")
    monkeypatch.setenv("JAX_SLIM_HEARTBEAT_SECONDS", "60")
    slim.parallel.initialize()
    slim.parallel.initialize(process_id=0, heartbeat_seconds=5)
    assert joined == [("a:1", 2, 1, 10), ("b:2", 4, 3, 60), ("b:2", 4, 0, 5)]


def test_a_process_alone_is_no_error(joined):
    slim.parallel.initialize()
    slim.parallel.initialize(num_processes=1)
    assert not joined


def test_it_has_to_come_first_where_there_are_others(monkeypatch):
    jax.devices()
    for variable in joining._OF_CLUSTERS:
        monkeypatch.delenv(variable, raising=False)
    slim.parallel.initialize()  # alone
    with pytest.raises(RuntimeError, match=r"^initialize: must be called before anything uses a device"):
        slim.parallel.initialize("127.0.0.1:1", 2, 0)
    monkeypatch.setenv("SLURM_PROCID", "0")
    with pytest.raises(RuntimeError, match=r"^initialize: must be called before anything uses a device"):
        slim.parallel.initialize()


def test_refusals(joined, monkeypatch):
    with pytest.raises(ValueError, match=r"^initialize: process_id must be below num_processes=2, got 2\."):
        slim.parallel.initialize("a:1", 2, 2)
    with pytest.raises(ValueError, match=r"must be known together, got no num_processes, process_id\. They are arg"):
        slim.parallel.initialize("a:1")
    with pytest.raises(ValueError, match=r"^initialize: num_processes must be a whole number of at least 1, got 0"):
        slim.parallel.initialize("a:1", 0, 0)
    monkeypatch.setenv("JAX_PROCESS_ID", "first")
    with pytest.raises(ValueError, match=r"^initialize: JAX_PROCESS_ID must be a whole number, got 'first'\."):
        slim.parallel.initialize("a:1", 2)
    assert not joined


def test_of_one_process_nothing_is_told_or_changed():
    assert processes.told_by_all("text") == ["text"]
    assert processes.told_by_first([None, 1]) == [None, 1]
    processes.refuse_differences("train", {"what": "this"})
    with pytest.raises(KeyError), processes.failing_together(KeyError):
        raise KeyError("a")
    with pytest.raises(ValueError, match="gloo"), processes.leaving("train"):
        raise ValueError("gloo: connection closed")


def test_what_processes_tell_each_other(monkeypatch):
    def others(*texts):
        monkeypatch.setattr(processes, "several", lambda: True)
        monkeypatch.setattr(processes, "told_by_all", lambda text: [text, *texts])

    others("disk full")
    with (
        pytest.raises(processes.OtherProcessError, match=r"^Process 1 failed: disk full"),
        processes.failing_together(OSError),
    ):
        pass
    others('{"program of a step": "b"}')
    with pytest.raises(
        processes.DifferentProcessError, match=r"^train: all .* got another program of a step in process 1"
    ):
        processes.refuse_differences("train", {"program of a step": "a"})
    left = []
    monkeypatch.setattr(processes, "_end_without_waiting", lambda: left.append("end"))
    with (
        pytest.raises(processes.LostProcessError, match=r"^train: another process of this run has ended or cannot be"),
        processes.leaving("train", KeyError, abandon=lambda: left.append("abandoned")),
    ):
        raise ValueError("UNKNOWN: Gloo all-reduce failed: Connection closed by peer")
    with pytest.raises(IndexError), processes.leaving("train", KeyError):
        raise IndexError(1)
    with pytest.raises(KeyError), processes.leaving("train", KeyError):  # all processes raise it
        raise KeyError(1)
    assert left == ["abandoned", "end", "end"]
