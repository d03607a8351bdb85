"""The code in the documents runs, and the examples do what they say."""

import re
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import jax_slim as slim

ROOT = Path(__file__).parents[1]


def blocks(document):
    return re.findall(r"^```python\n(.*?)^```", (ROOT / document).read_text(), re.DOTALL | re.MULTILINE)


def test_the_readme_runs(tmp_path, capfd):
    code = "\n".join(blocks("README.md")).replace("/tmp/digits", str(tmp_path))
    assert str(tmp_path) in code
    scope = {}
    exec(compile(code, "README.md", "exec"), scope)
    out = capfd.readouterr().out
    shapes = re.search(r"^# (\{'conv1/.*), \.\.\.$", code, re.MULTILINE).group(1)
    assert f"\n{shapes}" in out
    accuracy = float(re.search(r"accuracy +(0\.\d+)", out).group(1))
    assert accuracy > 0.85
    assert scope["logits"].shape == (8, 10)


def test_the_document_on_fine_tuning_runs(tmp_path, capfd):
    code = "\n".join(blocks("docs/fine_tuning.md")).replace("/tmp/fine_tuning", str(tmp_path))
    scope = {}
    exec(compile(code, "docs/fine_tuning.md", "exec"), scope)
    out = capfd.readouterr().out
    assert re.search(r"LeNet/fc4/weights +float32 +\[1024, 10\]", out)
    assert scope["predictions"].shape == (8, 2)
    assert {path.name for path in tmp_path.glob("tuned.*")} >= {"tuned.ckpt.index", "tuned.safetensors"}


def test_the_program_for_many_machines_runs_on_one(tmp_path):
    (code,) = blocks("docs/many_machines.md")
    scope = {"__name__": "train"}
    exec(compile(code, "docs/many_machines.md", "exec"), scope)
    assert scope["main"](tmp_path).step == 20


@pytest.mark.slow
def test_the_document_on_segmentation_runs(tmp_path, capfd):
    code = "\n".join(blocks("docs/segmentation.md")).replace("/tmp/segmentation", str(tmp_path))
    exec(compile(code, "docs/segmentation.md", "exec"), {})
    shown = re.findall(r"^print\(.*# (.*)$", code, re.MULTILINE)
    assert [line for line in capfd.readouterr().out.splitlines() if line in shown] == shown


@pytest.mark.slow
def test_the_document_on_detection_runs(capfd):
    code = "\n".join(blocks("docs/detection.md"))
    exec(compile(code, "docs/detection.md", "exec"), {})
    shown = re.findall(r"^print\(.*# (.*)$", code, re.MULTILINE)
    assert len(shown) == 3
    assert [line for line in capfd.readouterr().out.splitlines() if line in shown] == shown


def test_the_shapes_of_the_detection_example_lie_in_their_boxes(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["detection.py", str(tmp_path), "--data_only", "--pictures", "6"])
    scope = runpy.run_path(str(ROOT / "examples" / "detection.py"), run_name="__main__")
    train = slim.datasets.open_detection_dataset(tmp_path, "train")
    assert (len(train), train.class_names) == (6, ["circle", "square", "triangle"])
    assert len(slim.datasets.open_detection_dataset(tmp_path, "validation")) == 100
    for example in train:
        bright = (example["image"].max(-1) >= 180).astype(int)
        pixels = np.rint(example["boxes"] * scope["SIZE"]).astype(int)
        assert bright.sum() == sum(bright[top:bottom, left:right].sum() for top, left, bottom, right in pixels)


@pytest.mark.slow
def test_the_segmentation_example_learns(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["segmentation.py", "--logdir", str(tmp_path), "--steps", "120"])
    runpy.run_path(str(ROOT / "examples" / "segmentation.py"), run_name="__main__")
    out = capsys.readouterr().out
    assert float(re.search(r"mean IoU ([\d.]+)%", out).group(1)) > 30
    assert (tmp_path / "segmentation.png").stat().st_size > 1000


def test_the_document_on_tensorflow_1_programs_runs(tmp_path, capfd):
    code = "\n".join(blocks("docs/tf1_programs.md")).replace("/tmp/tf1", str(tmp_path))
    scope = {}
    exec(compile(code, "docs/tf1_programs.md", "exec"), scope)
    shown = re.search(r"# (\['conv/.*), \.\.\.$", code, re.MULTILINE).group(1)
    assert capfd.readouterr().out.startswith(shown)
    np.testing.assert_allclose(scope["after"], scope["before"], rtol=0, atol=1e-5)
    np.testing.assert_allclose(scope["back"], scope["before"], rtol=0, atol=1e-5)


def test_the_document_on_graphs_runs(tmp_path, capfd):
    code = "\n".join(blocks("docs/graphs.md")).replace("/tmp/graphs", str(tmp_path))
    exec(compile(code, "docs/graphs.md", "exec"), {})
    shown = re.findall(r"^print\(.*# (.*)$", code, re.MULTILINE)
    assert capfd.readouterr().out.splitlines() == shown


@pytest.mark.slow
def test_the_training_script_of_tf_slim_runs_as_it_is(tmp_path):
    from tensorboard.backend.event_processing import event_accumulator

    script, steps = str(ROOT / "examples" / "tf1_training.py"), 30
    done = subprocess.run(
        [sys.executable, "-m", "jax_slim.tf1", script, f"--train_log_dir={tmp_path}", f"--number_of_steps={steps}"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert float(re.search(r"never seen: ([\d.]+)%", done.stdout).group(1)) > 40
    assert f'model_checkpoint_path: "{tmp_path}/model.ckpt-{steps}"' in (tmp_path / "checkpoint").read_text()
    events = event_accumulator.EventAccumulator(str(tmp_path)).Reload()
    curve = events.Scalars("losses/total_loss")
    assert curve[-1].value < curve[0].value
    nodes = {node.name: node.op for node in events.Graph().node}
    assert (nodes["conv1/conv1_1/Conv2D"], nodes["train_op/control_dependency"]) == ("Conv2D", "Identity")


@pytest.mark.slow
def test_the_example_of_fine_tuning_gains_from_what_was_learnt_before(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["fine_tuning.py", "--logdir", str(tmp_path), "--steps", "160"])
    runpy.run_path(str(ROOT / "examples" / "fine_tuning.py"), run_name="__main__")
    out = capsys.readouterr().out
    scratch, head, everything = (float(found) for found in re.findall(r"^  [a-z ]+ ([\d.]+)%$", out, re.MULTILINE))
    assert min(head, everything) > scratch + 2
    assert "6 entries are the same." in out  # the layers below the last one, while it was trained alone
    assert out.count("max |a - b|") == 1  # and they are not, after


@pytest.mark.parametrize(
    "document",
    [
        "docs/old_checkpoints.md",
        "docs/writing_a_layer.md",
        "docs/memory.md",
        "docs/coming_from_tf_slim.md",
        "docs/coming_from/keras.md",
        "docs/coming_from/flax.md",
        "docs/coming_from/pytorch.md",
    ],
)
def test_the_code_in_a_document_runs(document, tmp_path, capfd):
    code = "\n".join(blocks(document)).replace("/tmp/old", str(tmp_path))
    exec(compile(code, document, "exec"), {})
    assert capfd.readouterr().out


def test_the_document_on_speed_runs(tmp_path):
    code = "\n".join(blocks("docs/speed.md")).replace("/tmp/speed", str(tmp_path))
    # In a process of its own, as it sets JAX's options.
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert shown.returncode == 0, shown.stderr
    difference, *_, shape = shown.stdout.splitlines()
    assert float(difference) < 1e-5 and shape == "(4, 32, 32, 3)"


def test_every_document_is_linked_and_every_link_leads_somewhere():
    documents = sorted((ROOT / "docs").rglob("*.md"))
    documents = [path for path in documents if "made" not in path.parts]  # what the site is built of besides
    pages = {path: path.read_text() for path in [ROOT / "README.md", *documents]}
    for path in (ROOT / "docs").glob("*.md"):
        if path.name != "changelog.md":  # CHANGELOG.md, as a page of the site
            assert f"docs/{path.name}" in pages[ROOT / "README.md"], f"README.md does not mention docs/{path.name}"
    for path, text in pages.items():
        for link in re.findall(r"\]\((?!http)([^)#]+)", text):
            if "made/notebooks/" in link:
                assert (ROOT / "examples" / Path(link).name).exists(), f"{path.name}: {link}"
            else:
                assert (path.parent / link).exists(), f"{path.name}: {link}"


def test_every_page_of_the_site_is_in_its_contents():
    index = (ROOT / "docs" / "index.md").read_text()
    listed = {line for block in re.findall(r"```{toctree}\n(.*?)```", index, re.DOTALL) for line in block.splitlines()}
    for path in (ROOT / "docs").rglob("*.md"):
        page = path.relative_to(ROOT / "docs").with_suffix("").as_posix()
        # Those of the folder itself are added when the site is built.
        assert page in listed or page.startswith("made/") or "/" not in page, page


def test_the_example_vgg16_makes_its_32_variables(capsys):
    runpy.run_path(str(ROOT / "examples" / "vgg16.py"), run_name="__main__")
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 32
    assert lines[0].split() == ["conv1/conv1_1/weights", "(3,", "3,", "3,", "64)"]


def test_the_digits_example_learns(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["digits.py", "--logdir", str(tmp_path), "--steps", "60"])
    monkeypatch.setattr("warnings.filters", [("ignore", None, DeprecationWarning, None, 0)])
    runpy.run_path(str(ROOT / "examples" / "digits.py"), run_name="__main__")
    out = capsys.readouterr().out
    assert float(re.search(r"never seen: ([\d.]+)%", out).group(1)) > 50
    assert "tensorboard --logdir" in out
    for name in ("curves.png", "digits.png"):
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")
