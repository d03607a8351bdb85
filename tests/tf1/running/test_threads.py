"""Runs of several threads: they share variables, and a compiled run takes the memory of those that it changes."""

import threading
import time

import jax.numpy as jnp
import numpy as np
import pytest

import jax_slim.tf1 as tf


@pytest.mark.parametrize("resource", [False, True])
@pytest.mark.parametrize("shared", [False, True])
def test_a_variable_is_not_read_while_another_run_takes_its_memory(resource, shared):
    """What another thread's run does is done here by hand, so that the thread that reads meets it for sure."""
    with tf.Graph().as_default():
        target = tf.train.Server.create_local_server().target if shared else ""
        variable = tf.get_variable("v", initializer=np.arange(3.0), use_resource=resource)
        session = tf.Session(target)
        reading = tf.Session(target) if shared else session
        session.run(variable.initializer)
        found = []
        with session.lock:
            (key,) = [k for k, value in session.variables.items() if np.shape(value) == (3,)]
            session.variables[key] = taken = jnp.zeros(3)
            taken.delete()
            thread = threading.Thread(target=lambda: found.append(reading.run(variable)))
            thread.start()
            time.sleep(0.2)
            session.variables[key] = jnp.array([7.0, 8.0, 9.0])
        thread.join()
        np.testing.assert_array_equal(found, [[7, 8, 9]])


@pytest.mark.parametrize("what", ["variable", "queue"])
def test_a_run_whose_session_is_closed_meanwhile_is_cancelled(what):
    """Another thread's closing is done in the middle of the run, before what needs the session."""
    with tf.Graph().as_default():
        variable = tf.get_variable("v", initializer=1.0)
        queue = tf.FIFOQueue(1, tf.float32, shapes=[])
        session = tf.Session()
        session.run(variable.initializer)
        with tf.control_dependencies([tf.py_func(session.close, [], [])]):
            then = variable.read_value() + 1.0 if what == "variable" else queue.dequeue()
        with pytest.raises(tf.errors.CancelledError, match="Session has been closed"):
            session.run(then)


def test_a_queue_runner_ends_quietly_with_its_session():
    """Whether its thread meets the closed session in a run or between two runs, nobody hears of it."""
    with tf.Graph().as_default():
        queue = tf.FIFOQueue(1, tf.float32, shapes=[])
        runner = tf.train.QueueRunner(queue, [queue.enqueue(1.0)])
        session = tf.Session()
        (thread,) = runner.create_threads(session)
        session.close()
        thread.run()
        assert runner.exceptions_raised == []
        with pytest.raises(RuntimeError, match="closed Session"):
            session.run(runner.enqueue_ops[0])
