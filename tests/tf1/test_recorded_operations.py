"""2,172 calls of single functions of TensorFlow 1.15.5: names, types, shapes, values, gradients, errors."""

import pytest

import jax_slim.tf1
import quick_compiling
from jax_slim.kernels import compiling
from tf1 import replaying

# Cases that differ, and why.
DIFFERENT: dict[str, str] = {
    "unary_024": "TF's vectorized square root of infinity is NaN on a CPU; ours is infinity",
    "unary_026": "the same of its inverse: ours is 0",
    "while_012": "the gradient of a loop is one node, and so has another name",
    "while_018": "the gradient of what a loop gathers is dense",
    "gradients_041": "the gradient of a product over axes is one node, and so has another name",
    "gradients_049": "the gradient of top_k is one node, and so has another name",
}
_EVERY = 8  # the fast test takes one of so many; the slow one all


# The recorded programs leave files open, as programs do.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore:Exception ignored in:pytest.PytestUnraisableExceptionWarning"),
]


def _failures(cases):
    found = {}
    for case in cases:
        try:
            problems = replaying.problems(case)
        except Exception as error:
            problems = [f"{type(error).__name__}: {error}"]
        if bool(problems) != (case["id"] in DIFFERENT):
            found[case["id"]] = [case["code"], *(problems or ["behaves as recorded: take it out of DIFFERENT"])]
    return found


@pytest.fixture(autouse=True)
def _as_a_program_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    # Most of the time goes into compiling; the numbers are compared to more than what that could change.
    quick = {name: str(value) for name, value in quick_compiling.OPTIONS.items()}
    monkeypatch.setattr(compiling, "_WANTED", compiling._WANTED | quick)
    jax_slim.tf1.install()  # some of the programs import TensorFlow's inner modules
    yield
    jax_slim.tf1.uninstall()


FAMILIES = replaying.by_family()


@pytest.mark.parametrize("family", FAMILIES)
def test_some_of_each_family(family):
    assert _failures(FAMILIES[family][::_EVERY]) == {}


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("family", FAMILIES)
def test_all_of_each_family(family):
    assert _failures(case for place, case in enumerate(FAMILIES[family]) if place % _EVERY) == {}


def test_the_table_of_differences_is_short():
    assert len(DIFFERENT) <= 0.02 * sum(map(len, FAMILIES.values()))
