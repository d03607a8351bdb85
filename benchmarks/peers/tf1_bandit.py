"""A program of many tiny runs: a bandit that learns which of its arms pays, by two `session.run` a step.

Read by Python 3.7.
"""

import sys
import warnings

import numpy as np

warnings.filterwarnings("ignore")

_PAYS = np.array([0.2, 0.9, 0.5, 0.4])


class Peer:
    def __init__(self, config):
        if config.get("room"):
            import jax_slim.tf1

            jax_slim.tf1.install()
        import tensorflow as tf

        tf.logging.set_verbosity(tf.logging.ERROR)
        values = tf.get_variable("values", [len(_PAYS)], initializer=tf.ones_initializer())
        self._best = tf.argmax(values, 0)
        self._arm, self._reward = tf.placeholder(tf.int32, [1]), tf.placeholder(tf.float32, [1])
        chosen = tf.slice(values, self._arm, [1])
        self._loss = -tf.reduce_sum(tf.log(chosen) * self._reward)
        self._train = tf.train.GradientDescentOptimizer(0.001).minimize(self._loss)
        self.parameters, self._random = len(_PAYS), np.random.RandomState(0)
        self.versions = {"python": sys.version.split()[0], "tensorflow": tf.__version__}
        threads = config.get("threads") or 0
        self._session = tf.Session(config=tf.ConfigProto(intra_op_parallelism_threads=threads))
        self._session.run(tf.global_variables_initializer())

    def train(self, steps):
        for _ in range(steps):
            arm = self._session.run(self._best)
            if self._random.rand() < 0.1:
                arm = self._random.randint(len(_PAYS))
            reward = 1.0 if self._random.rand() < _PAYS[arm] else -1.0
            _, loss = self._session.run([self._train, self._loss], {self._reward: [reward], self._arm: [arm]})
        return float(loss)
