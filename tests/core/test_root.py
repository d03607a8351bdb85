"""The root of the package: what `dir` lists, and what a name that there is not is answered with."""

import pytest

import jax_slim as slim


def test_dir_lists_what_is_public():
    names = dir(slim)
    assert {"conv2d", "Model", "nets", "learning", "assign_from_checkpoint", "__version__"} <= set(names)
    assert not {"importlib", "pkgutil", "Any", "TYPE_CHECKING"} & set(names)
    assert not [name for name in names if name.startswith("_") and not name.startswith("__")]


@pytest.mark.parametrize(
    ("name", "near"), [("con2d", "conv2d"), ("Dense", "fully_connected"), ("arg_scop", "arg_scope"), ("net", "nets")]
)
def test_near_names(name, near):
    with pytest.raises(AttributeError, match=f"module 'jax_slim' has no attribute '{name}'. Near names: .*{near}"):
        getattr(slim, name)


def test_a_model_of_the_zoo_says_what_it_is():
    shown = repr(slim.nets.create_model("lenet", num_classes=3, dropout_keep_prob=0.9))
    assert shown == (
        "NetModel('lenet', num_classes=3, images [28, 28, 1], preprocessing='lenet', dropout_keep_prob=0.9: "
        "no variables yet)"
    )
