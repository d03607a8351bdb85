"""A training script of TensorFlow 1 and TF-Slim, as it was written for them; jax-slim runs it unmodified.

    python -m jax_slim.tf1 examples/tf1_training.py --train_log_dir=/tmp/tf1_digits
    tensorboard --logdir=/tmp/tf1_digits             # the curve, and the graph

Nothing here knows of JAX. Only the data, 4000 bundled digits as NumPy arrays, are jax-slim's.
"""

import tensorflow as tf
import tensorflow.contrib.slim as slim

from jax_slim.data import digits

tf.app.flags.DEFINE_string("train_log_dir", "/tmp/tf1_digits", "Where checkpoints and events go.")
tf.app.flags.DEFINE_integer("number_of_steps", 300, "Training steps of 50 images.")
FLAGS = tf.app.flags.FLAGS


def vgg(inputs, is_training):
    """A VGG for images of 28 pixels: its layers, fewer of them."""
    with (
        slim.arg_scope(
            [slim.conv2d, slim.fully_connected],
            activation_fn=tf.nn.relu,
            weights_initializer=tf.contrib.layers.variance_scaling_initializer(),
            weights_regularizer=slim.l2_regularizer(0.0005),
        ),
        slim.arg_scope([slim.dropout], is_training=is_training),
    ):
        net = slim.repeat(inputs, 2, slim.conv2d, 16, [3, 3], scope="conv1")
        net = slim.max_pool2d(net, [2, 2], scope="pool1")
        net = slim.repeat(net, 2, slim.conv2d, 32, [3, 3], scope="conv2")
        net = slim.max_pool2d(net, [2, 2], scope="pool2")
        net = slim.flatten(net, scope="flatten")
        net = slim.fully_connected(net, 64, scope="fc6")
        net = slim.dropout(net, 0.8, scope="dropout6")
        return slim.fully_connected(net, 10, activation_fn=None, scope="fc8")


def load_batch(split, batch_size, **producing):
    """Queues: one of examples, one of batches."""
    data = digits.load(split)
    image, label = tf.train.slice_input_producer([data["image"], data["label"]], **producing)
    images, labels = tf.train.batch([tf.to_float(image) / 127.5 - 1.0, label], batch_size)
    return images, slim.one_hot_encoding(labels, 10)


def train(train_log_dir, number_of_steps):
    if not tf.gfile.Exists(train_log_dir):
        tf.gfile.MakeDirs(train_log_dir)

    with tf.Graph().as_default():
        tf.set_random_seed(1)
        images, labels = load_batch("train", 50, seed=1)

        # Define the model:
        predictions = vgg(images, is_training=True)

        # Specify the loss function:
        slim.losses.softmax_cross_entropy(predictions, labels)

        total_loss = slim.losses.get_total_loss()
        tf.summary.scalar("losses/total_loss", total_loss)

        # Specify the optimization scheme:
        optimizer = tf.train.GradientDescentOptimizer(learning_rate=0.05)

        # create_train_op ensures that when we evaluate it to get the loss,
        # the update_ops are done and the gradient updates are computed.
        train_tensor = slim.learning.create_train_op(total_loss, optimizer)

        # Actually runs training.
        return slim.learning.train(
            train_tensor, train_log_dir, number_of_steps=number_of_steps, log_every_n_steps=50, save_summaries_secs=1
        )


def evaluate(train_log_dir):
    with tf.Graph().as_default():
        images, labels = load_batch("test", 100, shuffle=False)
        predictions = vgg(images, is_training=False)
        accuracy, update_op = slim.metrics.streaming_accuracy(tf.argmax(predictions, 1), tf.argmax(labels, 1))
        return slim.evaluation.evaluate_once(
            "", tf.train.latest_checkpoint(train_log_dir), train_log_dir + "/eval", num_evals=10, eval_op=update_op,
            final_op=accuracy,
        )  # fmt: skip


def main(_):
    loss = train(FLAGS.train_log_dir, FLAGS.number_of_steps)
    accuracy = evaluate(FLAGS.train_log_dir)
    print(f"Last loss {loss:.3f}; accuracy on 1000 digits never seen: {accuracy:.1%}")


if __name__ == "__main__":
    tf.logging.set_verbosity(tf.logging.INFO)
    tf.app.run()
