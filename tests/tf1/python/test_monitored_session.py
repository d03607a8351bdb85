"""Sessions with hooks: recovery, feeds, the end; coordinators."""

import threading

import pytest

import jax_slim.tf1 as tf


def test_a_session_is_made_again_after_an_interruption(tmp_path):
    failed = []

    def interrupt(value):
        if value == 2 and not failed:
            failed.append(value)
            raise tf.errors.AbortedError(None, None, "interrupted")
        return value

    class Interrupting(tf.train.SessionRunHook):
        def after_run(self, run_context, run_values):
            interrupt(run_context.session.run("global_step:0"))

    with tf.Graph().as_default():
        step = tf.train.get_or_create_global_step()
        count = tf.assign_add(step, 1)
        saving = {"save_checkpoint_steps": 1, "save_checkpoint_secs": None, "log_step_count_steps": None}
        hooks = [tf.train.StopAtStepHook(last_step=4), Interrupting()]
        with tf.train.MonitoredTrainingSession(checkpoint_dir=str(tmp_path), hooks=hooks, **saving) as session:
            while not session.should_stop():
                session.run(count)
    assert failed == [2]
    assert tf.train.load_variable(str(tmp_path), "global_step") == 4


def test_hooks_may_feed_but_not_what_others_feed():
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [])
        y = x * 2.0
        with tf.train.SingularMonitoredSession(hooks=[tf.train.FeedFnHook(lambda: {x: 3.0})]) as session:
            assert session.run(y) == 6.0
            with pytest.raises(RuntimeError, match="Same tensor is fed"):
                session.run(y, {x: 1.0})


def test_the_end_of_the_data_ends_the_block_quietly():
    ended = []

    class Ending(tf.train.SessionRunHook):
        def end(self, session):
            ended.append(True)

    with tf.Graph().as_default():
        tf.constant(1.0)
        with tf.train.MonitoredSession(hooks=[Ending()]):
            raise tf.errors.OutOfRangeError(None, None, "no more")
        assert ended == [True]
        assert not tf.get_default_graph().finalized


def test_a_model_that_is_not_ready_says_which_variables_are_missing():
    with tf.Graph().as_default():
        tf.get_variable("w", initializer=1.0)
        scaffold = tf.train.Scaffold(init_op=tf.no_op())
        with pytest.raises(RuntimeError, match="Variables not initialized: w"):
            tf.train.MonitoredTrainingSession(scaffold=scaffold)


def test_what_a_thread_reported_is_raised_by_join():
    coordinator = tf.train.Coordinator()

    def fail():
        with coordinator.stop_on_exception():
            raise KeyError("lost")

    thread = threading.Thread(target=fail)
    thread.start()
    with pytest.raises(KeyError, match="lost"):
        coordinator.join([thread])
    assert coordinator.should_stop()
    assert coordinator.joined


def test_a_looper_calls_at_once_and_then_at_intervals():
    coordinator, calls = tf.train.Coordinator(), []

    def call():
        calls.append(1)
        if len(calls) == 3:
            coordinator.request_stop()

    tf.train.LooperThread.loop(coordinator, 0.01, call)
    coordinator.join(stop_grace_period_secs=10)
    assert len(calls) == 3
