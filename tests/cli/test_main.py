"""The command as a shell sees it: help without jax, exit codes, one line for an error."""

import io
import subprocess
import sys
from pathlib import Path

import pytest

from jax_slim.checkpoints.native import CheckpointError
from jax_slim.cli import main as entry
from jax_slim.cli.failures import CommandError, explained
from jax_slim.data.errors import DataLossError
from jax_slim.exporting.archives import ExportError
from jax_slim.learning.loop import NonFiniteError

COMMANDS = ("train", "evaluate", "predict", "models", "inspect", "convert", "diff", "export", "run", "demo")


def run(capsys, *arguments):
    """The exit code, and what went to the standard output and error streams."""
    try:
        code = entry.main(list(arguments))
    except SystemExit as end:
        code = end.code
    out, err = capsys.readouterr()
    return code, out, err


@pytest.mark.parametrize(
    ("given", "program"),
    [
        (["-m", "a.b", "--x=1", "-m"], ["-m", "a.b", "--x=1", "-m"]),
        (["--check", "folder"], ["--check", "folder"]),
        (["a.py", "--check", "--", "run"], ["a.py", "--check", "--", "run"]),
    ],
)
def test_a_program_s_own_arguments_reach_it(given, program, monkeypatch):
    taken = []
    monkeypatch.setattr("jax_slim.tf1.launching.main", lambda arguments: taken.append(arguments) or 0)
    monkeypatch.setattr("jax_slim.cli.compiled_programs.keep", lambda: None)
    assert entry.main(["run", *given]) == 0
    assert taken == [program]


@pytest.mark.parametrize("arguments", [["--help"], *([command, "--help"] for command in COMMANDS)])
def test_help_needs_no_jax(arguments):
    code = (
        "import sys\nfrom jax_slim.cli.main import main\n"
        f"try:\n    main({arguments!r})\nexcept SystemExit as end:\n    assert not end.code\n"
        "assert not {'jax', 'numpy', 'optax'} & set(sys.modules), 'slow'"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert shown.returncode == 0, shown.stderr
    assert "usage: jax-slim" in shown.stdout
    assert all(command in shown.stdout for command in (COMMANDS if arguments == ["--help"] else arguments[:1]))


def test_without_a_command_it_shows_the_help(capsys):
    code, out, _ = run(capsys)
    assert code == 0
    assert "usage: jax-slim" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["fly"], "invalid choice: 'fly'"),
        (["trian", "--train_dir=x"], "invalid choice: 'trian'. Near names: train"),
        (
            ["train", "--batchsize=3"],
            "unrecognized arguments: --batchsize=3 Near names: --batch_size",
        ),
        (["train", "--learning_rate=fast"], "argument --learning_rate: invalid float value: 'fast'"),
        (["train", "--optimizer=magic"], "argument --optimizer: invalid choice: 'magic'"),
        (["predict"], "the following arguments are required"),
    ],
)
def test_a_wrong_command_line_is_2(capsys, arguments, message):
    code, _, err = run(capsys, *arguments)
    assert code == 2
    assert message in err
    assert len(err.splitlines()) == 1, err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train"], "--train_dir must say where checkpoints and the configuration go"),
        (["train", "--train_dir={tmp}/run"], "--dataset_dir must say where the images or records are"),
        (["train", "--train_dir={tmp}/run", "--batch_size=0"], "--batch_size must be at least 1, got 0"),
        (["train", "--train_dir={tmp}/run", "--learning_rate=nan"], "--learning_rate must be a finite number, got nan"),
        (["train", "--train_dir={tmp}/run", "--dataset_name=digits", "--labels_offset=10"], "must be below 10"),
        (["train", "--train_dir={tmp}/run", "--dataset_name=digits", "--model_name=lenett"], "Near names: lenet"),
        (["train", "--train_dir={tmp}/run", "--dataset_name=digits", "--model_name=i3d"], "takes video"),
        (["evaluate"], "--checkpoint_path must name a run's directory or a checkpoint"),
        (["inspect", "lenet", "--batch_size=0"], "--batch_size must be at least 1"),
        (["predict", "a.jpg", "--checkpoint_path={tmp}", "--model_name=lenett"], "Near names: lenet"),
        (
            ["export", "--checkpoint_path={tmp}", "--output=x.tflite"],
            "--output must end in .zip, .onnx, .pb, .pbtxt, or in / for a SavedModel, got x.tflite",
        ),
        (["evaluate", "--checkpoint_path={tmp}", "--confusion_matrix=x.txt"], "must end with .csv or .png"),
    ],
)
def test_options_that_there_cannot_be_are_2(capsys, tmp_path, arguments, message):
    code, _, err = run(capsys, *(argument.format(tmp=tmp_path) for argument in arguments))
    assert code == 2
    assert len(err.strip().splitlines()) == 1, err
    assert err.startswith(f"jax-slim {arguments[0]}: error: ")
    assert message in err
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["train", "--train_dir={tmp}/run", "--dataset_name=digits", "--model_name=lenet", "--train_image_size=3"],
            "windows must fit into the inputs",
        ),
        (["train", "--train_dir={tmp}/run", "--config={tmp}/none.toml"], "none.toml: No such file"),
        (["predict", "a.jpg", "--checkpoint_path={tmp}/none"], "there is no checkpoint {tmp}/none"),
        (["predict", "a.jpg", "--checkpoint_path={tmp}"], "has no model.json beside it"),
        (["predict", "{tmp}", "--checkpoint_path={tmp}"], "holds no images"),
        (["export", "--checkpoint_path={tmp}/none", "--output=x.zip", "--model_name=lenet"], "{tmp}/none"),
        (["inspect", "{tmp}/none.ckpt"], "there is no file, checkpoint or net called"),
        (["models", "zzz"], "no net is called 'zzz'"),
        (["diff", "{tmp}/a", "lenet"], "{tmp}/a"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_1(capsys, tmp_path, arguments, message):
    code, _, err = run(capsys, *(argument.format(tmp=tmp_path) for argument in arguments))
    assert code == 1
    assert len(err.strip().splitlines()) == 1, err
    assert err.startswith(f"jax-slim {arguments[0]}: error: ")
    assert message.format(tmp=tmp_path) in err
    assert not (tmp_path / "run").exists()


def test_which_errors_are_explained():
    known = CommandError("a"), CheckpointError("a"), DataLossError("a"), NonFiniteError("a", 1), ExportError("a")
    for error in (*known, FileNotFoundError(2, "a", "b")):
        assert "a" in explained(error)
    assert explained(FileNotFoundError(2, "not there", "/x")) == "/x: not there"
    assert explained(KeyError("a")) is None
    assert explained(ValueError("of some other package")) is None


def test_a_mistake_in_the_program_shows_its_traceback(monkeypatch):
    monkeypatch.setattr("jax_slim.cli.listing.run", lambda options: {}["a"])
    with pytest.raises(KeyError):
        entry.main(["models"])


def test_names_that_the_output_cannot_encode_are_escaped(monkeypatch):
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, "ascii"))
    monkeypatch.setattr(entry, "main", lambda: print("名前", "a\udce4", flush=True) or 0)
    monkeypatch.setattr(sys, "argv", ["jax-slim", "models"])
    assert entry.start() == 0
    assert written.getvalue() == rb"\u540d\u524d a\udce4" + b"\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's device that is always full")
@pytest.mark.parametrize("arguments", ["--help", "train --help", "models"])
def test_output_that_cannot_be_written_is_one_line_and_1(arguments):
    shown = subprocess.run(
        f"'{sys.executable}' -m jax_slim.cli {arguments} > /dev/full",
        shell=True, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert shown.returncode == 1
    assert "error: " in shown.stderr.splitlines()[-1]
    assert "No space left on device" in shown.stderr.splitlines()[-1]
    assert not any(word in shown.stderr for word in ("Traceback", "Exception"))


def test_a_reader_that_has_had_enough_is_no_error():
    shown = subprocess.run(
        f"'{sys.executable}' -m jax_slim.cli models | head -n 2; exit ${{PIPESTATUS[0]}}",
        shell=True, executable="/bin/bash", capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert shown.returncode == 0, shown.stderr
    assert len(shown.stdout.splitlines()) == 2
    assert "Error" not in shown.stderr


def test_the_package_runs_as_the_command():
    shown = subprocess.run([sys.executable, "-m", "jax_slim", "--version"], capture_output=True, text=True, check=False)
    assert shown.stdout.startswith("jax-slim ")


def completed(script, words):
    """What bash offers for the last of these words."""
    code = f"{script}\nCOMP_WORDS=({' '.join(words)}); COMP_CWORD={len(words) - 1}; _jax_slim; echo ${{COMPREPLY[@]}}"
    return subprocess.run(["bash", "-c", code], capture_output=True, text=True, check=True).stdout.split()


def test_bash_completes_commands_flags_and_values(capsys):
    code, script, _ = run(capsys, "completion", "bash")
    assert code == 0
    assert completed(script, ["jax-slim", "ev"]) == ["evaluate"]
    assert completed(script, ["jax-slim", "train", "--batch_s"]) == ["--batch_size"]
    assert completed(script, ["jax-slim", "train", "--optimizer", "=", "rms"]) == ["rmsprop"]
    assert completed(script, ["jax-slim", "train", "--optimizer", "mom"]) == ["momentum"]
    assert run(capsys, "completion", "zsh")[1].startswith("autoload")
    assert "-l batch_size" in run(capsys, "completion", "fish")[1]


def test_exports_a_frozen_graph_and_a_saved_model(capsys, tmp_path):
    import jax

    import jax_slim as slim

    model = slim.nets.create_model("lenet", 3, image_size=12)
    checkpoint = str(tmp_path / "lenet.safetensors")
    slim.checkpoints.convert_checkpoint(dict(model.init(jax.random.key(0))), checkpoint)
    options = [f"--checkpoint_path={checkpoint}", "--model_name=lenet", "--num_classes=3", "--image_size=12"]
    for output in ("net.pb", "served/"):
        code, _, err = run(capsys, "export", *options, f"--output={tmp_path}/{output}")
        assert code == 0, err
        assert "nodes: input -> LeNet/fc4/BiasAdd, Predictions/Reshape_1" in err
    assert (tmp_path / "net.pb").is_file()
    assert (tmp_path / "served" / "saved_model.pb").is_file()
