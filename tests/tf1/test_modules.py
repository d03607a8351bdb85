"""The tables of names: everything they say is there, and modules behave as TensorFlow's."""

import subprocess
import sys

import pytest

import jax_slim.tf1 as tf
from jax_slim.tf1 import modules


def test_every_name_of_the_tables_is_there():
    modules.load_rows()
    missing = []
    for name, place in modules.table().items():
        try:
            modules.load(place)
        except (AttributeError, ImportError) as error:
            missing.append(f"{name}: {error}")
    assert missing == []


def test_a_missing_name_says_that_jax_slim_lacks_it():
    with pytest.raises(AttributeError, match=r"tf\.nn\.no_such_thing is not part of jax-slim's TensorFlow 1"):
        _ = tf.nn.no_such_thing


def test_a_subpackage_of_ours_does_not_hide_tensorflows_module():
    import jax_slim.tf1.contrib
    import jax_slim.tf1.python  # noqa: F401

    assert tf.contrib.slim.conv2d is tf.contrib.layers.conv2d


def _python(code):
    return subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True)


def test_import_tensorflow_is_answered_only_after_install():
    code = """
import importlib.util, sys
import jax_slim
assert importlib.util.find_spec("tensorflow") is None, "the test needs an environment without TensorFlow"
import jax_slim.tf1
assert importlib.util.find_spec("tensorflow") is None
jax_slim.tf1.install()
import tensorflow as tf, tensorflow.contrib.slim as slim, tf_slim
import tensorflow.compat.v1 as old
from tensorflow.python.framework import ops
from tensorflow.contrib.slim.nets import vgg
from tensorflow.python.ops import array_ops
assert slim.conv2d is tf_slim.conv2d and old.placeholder is tf.placeholder and ops.Graph is tf.Graph
assert array_ops.reshape is tf.reshape
jax_slim.tf1.uninstall()
assert "tensorflow" not in sys.modules
"""
    done = _python(code)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "says"), [([], 2, "usage"), (["--help"], 0, "usage"), (["absent.py"], 2, "must be a file")]
)
def test_command_line_of_the_launcher(arguments, code, says):
    done = subprocess.run([sys.executable, "-m", "jax_slim.tf1", *arguments], capture_output=True, text=True)
    assert done.returncode == code and says in done.stdout + done.stderr


def test_check_lists_missing_names_with_their_lines(tmp_path):
    (tmp_path / "train.py").write_text(
        "import tensorflow as tf\nfrom tensorflow.contrib import slim\n\n"
        "x = tf.nn.relu(tf.no_such(1))\ny = slim.conv2d\nlayers = tf.contrib.layers\nlayers.absent(tf.pack([x]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "jax_slim.tf1", "--check", str(tmp_path)], capture_output=True, text=True
    )
    assert done.returncode == 1
    assert f"{tmp_path / 'train.py'}:4: tf.no_such is missing" in done.stdout
    assert f"{tmp_path / 'train.py'}:7: tf.contrib.layers.absent is missing" in done.stdout
    assert "tf.pack is missing (TensorFlow 1.0 renamed it: tf.stack)" in done.stdout
    assert "1 files use TensorFlow; all names are there for 0. 1 use Slim" in done.stdout


def test_a_name_in_an_inner_file_is_that_files_function():
    """`gradients` and `device` are files as well."""
    from jax_slim.tf1.modules import lookup

    assert lookup("python.ops.gradients.gradients") is tf.gradients
    assert lookup("python.framework.ops.device") is tf.device
    assert lookup("python.summary.summary_iterator").summary_iterator is tf.train.summary_iterator
    assert lookup("python.framework.dtypes").float32_ref == tf.float32._as_ref
    assert lookup("python.ops.nn").rnn_cell.BasicLSTMCell is tf.nn.rnn_cell.BasicLSTMCell


def test_functions_of_compat_v2_take_tensorflow_2s_arguments():
    from jax_slim.tf1.modules import is_module, lookup

    second = lookup("compat.v2")
    assert is_module("compat.v2.nn")
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.reshape(tf.range(4.0), [1, 2, 2, 1])
        assert session.run(second.nn.avg_pool2d(input=x, ksize=2, strides=1, padding="VALID")) == 1.5
        assert session.run(second.argmax([[1, 3, 2]], 1, tf.int32)).dtype == "int32"
        assert second.Variable is tf.Variable
        with pytest.raises(TypeError, match="unexpected keyword argument 'value'"):
            second.nn.avg_pool2d(value=x)
        assert session.run(second.where([True, False], 1.0, [2.0, 3.0])).tolist() == [1.0, 3.0]
        assert session.run(tf.atan2(x=1.0, y=0.0)) == 0.0
        assert tf.random.poisson([1.0, 2.0], [3]).shape.as_list() == [3, 2]


def test_calling_what_is_not_there_in_an_inner_file_says_so():
    from jax_slim.tf1.modules import lookup

    with pytest.raises(AttributeError, match=r"bipartite_matching is not part of jax-slim's TensorFlow 1"):
        lookup("contrib.image.python.ops.image_ops").bipartite_matching(1)


def test_helpers_of_contribs_layers_for_layers_of_ones_own():
    from jax_slim.tf1.modules import lookup

    inner = lookup("contrib.layers.python.layers.layers")
    with tf.Graph().as_default():
        with tf.variable_scope("own", custom_getter=inner._build_variable_getter({"kernel": "weights"})):
            kernel = tf.get_variable("kernel", [2])
        inner._add_variable_to_collections(kernel, {"weights": ["kept"]}, "weights")
        assert tf.get_collection("kept") == tf.model_variables() == [kernel]
        assert kernel.op.name == "own/weights"


def test_contrib_may_be_used_first():
    code = (
        "import jax_slim.tf1 as tf; print(tf.contrib.stateless.stateless_random_uniform([2], [3, 4], 1.0, 2.0).shape)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "(2,)\n"
