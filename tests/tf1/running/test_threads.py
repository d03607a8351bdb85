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
