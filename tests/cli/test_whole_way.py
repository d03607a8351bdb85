"""From a folder of photographs to a classifier that runs alone: the commands of docs/quickstart.md, as processes."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def environment():
    # The command of this environment, not one that happens to be on the PATH.
    return {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}


def shell(command, cwd, check=True):
    """Runs one line as a user would type it."""
    done = subprocess.run(
        command, shell=True, executable="/bin/bash", cwd=cwd, env=environment(), capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert not check or done.returncode == 0, f"$ {command}\n{done.stdout}\n{done.stderr}"
    return done


def commands():
    text = (ROOT / "docs" / "quickstart.md").read_text()
    blocks = re.findall(r"^```sh\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    return [line for block in blocks for line in block.splitlines() if line.strip()]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where all the commands have run, with what each printed."""
    pytest.importorskip("skimage")
    place = tmp_path_factory.mktemp("quickstart")
    shutil.copytree(ROOT / "examples", place / "examples")
    printed = {}
    for command in commands():
        if command.startswith("jax-slim train") and "--train_dir=run" in command:
            _stopped_and_resumed(command, place)
        else:
            printed[command] = shell(command, place).stdout
    (place / "printed.json").write_text(json.dumps(printed))
    return place


def _stopped_and_resumed(command, place):
    """Ends the training by SIGTERM once it is under way, then goes on with nothing but its directory."""
    log = place / "train.log"
    with log.open("w") as stream:
        process = subprocess.Popen(
            ["/bin/bash", "-c", f"exec {command}"], cwd=place, env=environment(), stdout=stream, stderr=stream
        )
        while not re.search(r"train: [1-9]\d*/", log.read_text()) and process.poll() is None:
            time.sleep(0.2)
        process.send_signal(signal.SIGTERM)
        code = process.wait()
    assert code == 143, log.read_text()
    assert "Traceback" not in log.read_text()
    resumed = shell("jax-slim train --train_dir=run", place)
    assert "step 120," in resumed.stderr
    assert "Traceback" not in resumed.stderr


def printed_by(folder, beginning):
    printed = json.loads((folder / "printed.json").read_text())
    (found,) = [text for command, text in printed.items() if command.startswith(beginning)]
    return found


def test_it_learns(folder):
    results = json.loads(printed_by(folder, "jax-slim evaluate --checkpoint_path=run").strip().splitlines()[-1])
    assert results["Accuracy"] > 0.5  # of 6 classes


def test_the_run_says_what_it_is(folder):
    said = json.loads((folder / "run" / "model.json").read_text())
    assert said["labels"] == ["brick", "cat", "coffee", "galaxies", "grass", "motorcycle"]
    assert (said["model_name"], said["image_size"], said["preprocessing"]) == ("mobilenet_v1_025", 64, "inception")
    assert (folder / "answers.png").read_bytes().startswith(b"\x89PNG")


def test_fine_tuning_changed_the_last_layer_alone(folder):
    done = shell("jax-slim diff run tuned --json", folder, check=False)
    different = json.loads(done.stdout)
    assert done.returncode == 1
    shapes = set(different["shapes"])
    assert shapes >= {"MobilenetV1/Logits/Conv2d_1c_1x1/weights", "MobilenetV1/Logits/Conv2d_1c_1x1/biases"}
    trained = [
        name for name in different["values"] if name.endswith(("weights", "beta", "gamma")) and "Logits" not in name
    ]
    assert not trained


def test_the_exported_file_says_the_same_without_jax_slim(folder):
    # As PNG: Pillow, which the file reads photographs with, decodes JPEG a few levels away from TensorFlow.
    paths = []
    for path in sorted(folder.glob("photos/*/*_00[0-3].jpg")):
        paths.append(folder / f"{path.stem}.png")
        Image.open(path).save(paths[-1])
    photos = " ".join(map(str, paths))
    here = json.loads(shell(f"jax-slim predict {photos} --checkpoint_path=run --json", folder).stdout)
    blocked = (
        "import sys, runpy; sys.modules['jax_slim'] = None; sys.argv = ['classifier.zip', *sys.argv[1:]];"
        "runpy.run_path('classifier.zip', run_name='__main__')"
    )
    there = json.loads(shell(f'python -c "{blocked}" {photos} --json', folder).stdout)
    assert set(here) == set(there)
    for path, rows in here.items():
        assert rows[0]["label"] == there[path][0]["label"]
        assert there[path][0]["probability"] == pytest.approx(rows[0]["probability"], abs=1e-3)


def test_the_safetensors_file_holds_the_variables(folder):
    different = json.loads((folder / "differences.json").read_text())
    assert not different["values"]
    from safetensors.numpy import load_file

    assert any(name.endswith("/depthwise_weights") for name in load_file(folder / "classifier.safetensors"))


def test_damaged_input_ends_in_one_line(folder):
    (folder / "text.jpg").write_text("no image")
    good = sorted(folder.glob("photos/cat/*.jpg"))[0]
    (folder / "cut.jpg").write_bytes(good.read_bytes()[:200])
    done = shell(f"jax-slim predict text.jpg cut.jpg none.jpg {good} --checkpoint_path=run --json", folder, check=False)
    assert done.returncode == 1
    errors = [line for line in done.stderr.splitlines() if "error:" in line]
    assert len(errors) == 3, done.stderr
    assert list(json.loads(done.stdout)) == [str(good)]
    wrong = shell("jax-slim evaluate --checkpoint_path=tuned --dataset_dir=photos", folder, check=False)
    assert wrong.returncode == 1
    assert "label" in wrong.stderr.strip().splitlines()[-1]
    assert "Traceback" not in wrong.stderr
    again = shell("jax-slim train --train_dir=run --dataset_dir=others --max_number_of_steps=200", folder, check=False)
    assert again.returncode == 1
    assert "holds a run with the classes" in again.stderr
    assert np.all(
        np.diff([int(p.name) for p in sorted((folder / "run").glob("[0-9]*"), key=lambda p: int(p.name))]) > 0
    )
