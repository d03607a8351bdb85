"""The pictures: what is drawn stands in the figure's panels; no pyplot, no display."""

import json
import subprocess
import sys

import numpy as np
import pytest
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure

from jax_slim import plots

IMAGES = np.random.default_rng(0).random((5, 6, 4, 3)).astype(np.float32)


def drawn(figure):
    """The panels that something was drawn in."""
    assert isinstance(figure, Figure)
    return [panel for panel in figure.axes if panel.has_data()]


def titles(figure):
    return [panel.get_title() for panel in drawn(figure)]


def test_curves_of_a_run_and_of_a_mapping(tmp_path):
    lines = [{"step": 1, "loss": 100.0, "accuracy": 0.5}, {"step": 4, "loss": 1.0, "accuracy": None}]
    (tmp_path / "scalars.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    loss, accuracy = drawn(plots.training_curves(tmp_path))
    assert (loss.get_title(loc="left"), loss.get_yscale()) == ("loss", "log")
    assert (accuracy.get_title(loc="left"), accuracy.get_yscale()) == ("accuracy", "linear")
    np.testing.assert_array_equal(loss.lines[0].get_xydata(), [[1, 100], [4, 1]])
    (only,) = drawn(plots.training_curves({"a": [3.0, 2.0], "b": ([5, 9], [1.0, 1.5])}, "b"))
    np.testing.assert_array_equal(only.lines[0].get_xydata(), [[5, 1], [9, 1.5]])
    (counted,) = drawn(plots.training_curves({"a": [3.0, 2.0]}))
    np.testing.assert_array_equal(counted.lines[0].get_xydata(), [[1, 3], [2, 2]])


def test_a_confusion_matrix_has_rows_of_labels():
    (panel,) = drawn(plots.confusion_matrix([[3, 1], [0, 0]], ["cat", "dog"]))
    np.testing.assert_allclose(panel.images[0].get_array(), [[0.75, 0.25], [0, 0]])
    assert {(text.get_position(), text.get_text()) for text in panel.texts} == {((0, 0), "3"), ((1, 0), "1")}
    assert [label.get_text() for label in panel.get_yticklabels()] == ["cat", "dog"]
    assert (panel.get_xlabel(), panel.get_ylabel(), panel.get_title()) == ("predicted", "is", "75.0% of 4 right")
    assert not drawn(plots.confusion_matrix(np.eye(80)))[0].texts


def test_images_of_all_kinds():
    figure = plots.image_grid(IMAGES, list("abcde"), colors=["red"] * 5, columns=2, limit=3)
    assert titles(figure) == ["a", "b", "c"]
    assert drawn(figure)[0].title.get_color() == "red"
    assert drawn(figure)[0].get_subplotspec().get_gridspec().ncols == 2
    np.testing.assert_array_equal(drawn(figure)[1].images[0].get_array(), IMAGES[1])
    for images, expected in [
        (np.uint8([[[0, 255]]]), [[0, 1]]),
        (np.float32([[[[-1], [3]]]]), [[0, 1]]),
        (np.float32([[[0.25, 0.5]]]), [[0.25, 0.5]]),
    ]:
        np.testing.assert_allclose(drawn(plots.image_grid(images))[0].images[0].get_array(), expected)


def test_filters_are_grey_at_zero():
    weights = np.zeros((3, 3, 3, 2), np.float32)
    weights[0, 0, 0, 1] = -4
    first, second = drawn(plots.filters(weights))
    assert (first.images[0].get_array() == 0.5).all()
    np.testing.assert_array_equal(second.images[0].get_array()[0, 0], [0, 0.5, 0.5])
    assert drawn(plots.filters(np.ones((3, 3, 8, 2))))[0].images[0].get_array().shape == (3, 3)


def test_feature_maps_are_a_panel_each():
    panels = drawn(plots.feature_maps(IMAGES[:1]))
    np.testing.assert_array_equal(panels[2].images[0].get_array(), IMAGES[0, :, :, 2])
    assert len(panels) == 3 and len(drawn(plots.feature_maps(IMAGES[0], limit=2))) == 2


def test_heat_maps_lie_over_their_images():
    maps = np.eye(2, 3)[None].repeat(5, 0)
    panel = drawn(plots.heat_maps(IMAGES, maps, list("abcde")))[4]
    image, heat = panel.images
    assert image.get_extent() == heat.get_extent() == [-0.5, 3.5, 5.5, -0.5]
    np.testing.assert_array_equal(heat.get_array(), maps[0])
    assert panel.get_title() == "e"


def test_the_surest_mistakes_come_first():
    chances = np.array([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8], [0.05, 0.95], [1, 0]])
    figure = plots.misclassified(IMAGES, [0, 1, 0, 0, 0], chances, ["cat", "dog"])
    assert titles(figure) == ["dog 95%, is cat", "dog 80%, is cat", "cat 60%, is dog"]
    assert to_rgba(drawn(figure)[0].title.get_color()) == to_rgba("tab:red")
    np.testing.assert_array_equal(drawn(figure)[0].images[0].get_array(), IMAGES[3])
    assert figure.get_suptitle() == "3 of 5 wrong"
    assert titles(plots.misclassified(IMAGES, [0, 1, 0, 0, 0], chances, limit=1)) == ["1 95%, is 0"]
    assert plots.misclassified(IMAGES, chances.argmax(1), chances).get_suptitle().startswith("none of 5 wrong")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: plots.training_curves({"loss": [1.0]}, ["los"]),
            r"tags must be among loss, got 'los'\. Near names: loss",
        ),
        (lambda: plots.training_curves({}), "scalars must have one or more tags, got none"),
        (lambda: plots.training_curves({"a": ([1], [1.0, 2.0])}), r"got shapes \(1,\) and \(2,\) for 'a'"),
        (lambda: plots.confusion_matrix(np.ones((2, 3))), r"matrix must be \[classes, classes\], got shape \(2, 3\)"),
        (lambda: plots.confusion_matrix(np.eye(2), ["a"]), "class_names must be 2 names, got 1"),
        (lambda: plots.image_grid(np.ones((2, 3, 3, 4))), r"images must be .* got shape \(2, 3, 3, 4\)"),
        (lambda: plots.image_grid(IMAGES, ["a"]), "captions must be one for each of 5 images, got 1"),
        (lambda: plots.image_grid(IMAGES, columns=0), "columns must be at least 1, got 0"),
        (lambda: plots.filters(np.ones((3, 3))), r"weights must be \[kh, kw, in, out\], got shape \(3, 3\)"),
        (lambda: plots.feature_maps(IMAGES), r"activations must be \[H, W, C\] of one image, got shape"),
        (lambda: plots.heat_maps(IMAGES, np.ones((4, 2, 2))), r"maps must be \[5, h, w\].* got shape \(4, 2, 2\)"),
        (lambda: plots.heat_maps(IMAGES, np.ones((5, 2, 2)), ["a"]), "captions must be one for each of 5"),
        (lambda: plots.misclassified(IMAGES, [0] * 4, np.ones((5, 2))), r"got shapes \(4,\) and \(5, 2\)"),
        (lambda: plots.misclassified(IMAGES, [0] * 5, np.ones((5, 2)), ["a"]), "class_names must be 2 names, got 1"),
        (lambda: plots.misclassified(IMAGES, [0] * 5, np.ones((5, 2)), limit=0), "limit must be at least 1, got 0"),
    ],
)
def test_refusals(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_notebooks_show_a_figure_and_files_hold_it(tmp_path):
    figure = plots.image_grid(IMAGES)
    assert figure._repr_png_().startswith(b"\x89PNG")
    figure.savefig(tmp_path / "images.svg")
    assert b"<svg" in (tmp_path / "images.svg").read_bytes()


def test_without_matplotlib_there_is_a_hint_and_pyplot_is_never_loaded():
    code = (
        "import sys; from jax_slim import plots; plots.filters([[[[1.0]]]])\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
        "[sys.modules.pop(name) for name in list(sys.modules) if 'matplotlib' in name or 'plots.pictures' in name]\n"
        "sys.modules['matplotlib'] = None\n"
        "plots.filters([[[[1.0]]]])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.strip().endswith('ImportError: filters: needs matplotlib: pip install "jax-slim[plots]".')
