"""State files: their text against protobuf's own, their paths against TensorFlow's rules, and what is none."""

import logging

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, text_format
from hypothesis import given
from hypothesis import strategies as st

from checkpoints.tensorflow import forging
from jax_slim.checkpoints.native import CheckpointError
from jax_slim.checkpoints.tensorflow import (
    CheckpointState,
    latest_checkpoint,
    read_checkpoint_state,
    update_checkpoint_state,
)

CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\0") | st.sampled_from("\\\"'\n\tné")
PATHS = st.text(CHARACTERS, min_size=1, max_size=15)
TIMES = st.floats(0, 2e9)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("states")


@pytest.fixture(scope="module")
def state_message():
    """protobuf's class for CheckpointState."""
    file = descriptor_pb2.FileDescriptorProto(name="state.proto", syntax="proto3")
    message = file.message_type.add(name="State")
    kind = descriptor_pb2.FieldDescriptorProto
    for number, (name, type, label) in enumerate(
        [
            ("model_checkpoint_path", kind.TYPE_STRING, kind.LABEL_OPTIONAL),
            ("all_model_checkpoint_paths", kind.TYPE_STRING, kind.LABEL_REPEATED),
            ("all_model_checkpoint_timestamps", kind.TYPE_DOUBLE, kind.LABEL_REPEATED),
            ("last_preserved_timestamp", kind.TYPE_DOUBLE, kind.LABEL_OPTIONAL),
        ],
        1,
    ):
        message.field.add(name=name, number=number, type=type, label=label)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("State"))


@given(st.lists(st.tuples(PATHS, TIMES), min_size=1, max_size=3), st.none() | TIMES)
def test_the_text_is_protobufs(folder, state_message, listed, preserved):
    paths, times = [f"/{path}" for path, _ in listed], [time for _, time in listed]
    update_checkpoint_state(folder, paths[-1], paths, None, times, preserved)
    text = (folder / "checkpoint").read_text()
    message = text_format.Parse(text, state_message())
    assert message.model_checkpoint_path == paths[-1]
    assert list(message.all_model_checkpoint_paths) == paths
    assert list(message.all_model_checkpoint_timestamps) == times
    assert message.last_preserved_timestamp == (preserved or 0)
    assert read_checkpoint_state(folder) == CheckpointState(paths[-1], tuple(paths), tuple(times), preserved)
    # And what protobuf writes, in either of its ways, is read.
    for options in ({}, {"as_utf8": True}, {"as_one_line": True}):
        text = text_format.MessageToString(message, **options)
        (folder / "checkpoint").write_bytes(text.encode())
        found = read_checkpoint_state(folder)
        assert (found.model_checkpoint_path, found.all_model_checkpoint_paths) == (paths[-1], tuple(paths))
        assert found.all_model_checkpoint_timestamps == tuple(times)


def test_marks_in_a_path(folder, state_message):
    path = "/a\\b'c\"d\né\x07"
    update_checkpoint_state(folder, path)
    text = (folder / "checkpoint").read_text()
    assert text.splitlines()[0] == r'''model_checkpoint_path: "/a\\b\'c\"d\n\303\251\007"'''
    assert text_format.Parse(text, state_message()).model_checkpoint_path == path
    assert text == text_format.MessageToString(text_format.Parse(text, state_message()), as_utf8=False)
    assert read_checkpoint_state(folder).model_checkpoint_path == path


@pytest.mark.parametrize(
    "text",
    [
        'model_checkpoint_path: "m-1"',
        "model_checkpoint_path : 'm-1'  # the last one\n\n",
        '# by hand\nmodel_checkpoint_path: "m" "-" \'1\';\n',
        'model_checkpoint_path: "\\155-\\x31"',
        'model_checkpoint_path: "first"\nmodel_checkpoint_path: "m-1"\nother: 3\n',
        '\r\nmodel_checkpoint_path:\t"m-1"\r\n',
    ],
)
def test_other_spellings(tmp_path, text):
    (tmp_path / "checkpoint").write_text(text)
    assert read_checkpoint_state(tmp_path) == CheckpointState(str(tmp_path / "m-1"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "no model_checkpoint_path"),
        (b'model_checkpoint_path: ""', "no model_checkpoint_path"),
        (b'all_model_checkpoint_paths: "m"', "no model_checkpoint_path"),
        (b"model_checkpoint_path: m", "not in quotes"),
        (b'model_checkpoint_path: "m', "line 1 is not a name, a colon and a value"),
        (b'model_checkpoint_path: "m"\n\n\xff\xfe', "line 3"),
        (b'model_checkpoint_path: "m\\000"', "zero byte"),
        (b'model_checkpoint_path: "m"\nlast_preserved_timestamp: yesterday', "a time in it is no number"),
        (b"\0" * 100, "line 1"),
        (b"#" * (1 << 25), "far too large"),
        (b" #" * 100_000, "no model_checkpoint_path"),
        (b'"' * 100_000, "line 1"),
        (b'a: "' + b"\\" * 100_001, "line 1"),
    ],
)
def test_damaged(tmp_path, text, message):
    (tmp_path / "checkpoint").write_bytes(text)
    for function in (read_checkpoint_state, latest_checkpoint):
        with pytest.raises(CheckpointError, match=rf"{tmp_path}/checkpoint is no checkpoint state file: .*{message}"):
            function(tmp_path)


@given(st.binary(max_size=80) | st.text('m:"\\ #\n').map(str.encode))
def test_any_text_is_a_state_or_refused(folder, text):
    (folder / "any").write_bytes(text)
    try:
        read_checkpoint_state(folder, "any")
    except CheckpointError:
        pass


def test_none(tmp_path, caplog):
    assert read_checkpoint_state(tmp_path) is None
    assert latest_checkpoint(tmp_path) is latest_checkpoint(tmp_path / "gone") is None
    update_checkpoint_state(tmp_path, tmp_path / "m-3")
    with caplog.at_level(logging.WARNING):
        assert latest_checkpoint(tmp_path) is None
    assert f"{tmp_path}/checkpoint names {tmp_path}/m-3, which is not there" in caplog.text
    (tmp_path / "directory").mkdir()
    with pytest.raises(CheckpointError, match="cannot be read: Is a directory"):
        read_checkpoint_state(tmp_path, "directory")


def test_the_latest_may_be_v1_or_a_pattern(tmp_path):
    forging.write_v1(tmp_path / "m-00000-of-00001", {"x": 1})
    for name in ("m-00000-of-00001", "m-?????-of-00001"):
        update_checkpoint_state(tmp_path, tmp_path / name)
        assert latest_checkpoint(tmp_path) == str(tmp_path / name)


@pytest.mark.parametrize(
    ("directory", "latest", "paths", "relative", "lines"),
    [
        ("run", "run/m-2", ["run/m-1", "run/m-2"], False, ["m-2", "m-1", "m-2"]),
        ("run", "run/m-2", ["run/m-1"], False, ["m-2", "m-1", "m-2"]),
        ("run", "run/m-2", None, False, ["m-2", "m-2"]),
        ("run", "/elsewhere/m-2", ["run/m-1"], False, ["/elsewhere/m-2", "m-1", "/elsewhere/m-2"]),
        ("run", "best/m-2", None, False, ["../best/m-2", "../best/m-2"]),
        ("{}/run", "{}/run/m-2", None, False, ["{}/run/m-2", "{}/run/m-2"]),
        ("{}/run", "{}/run/m-2", ["{}/run/m-1"], True, ["m-2", "m-1", "m-2"]),
        # A relative path and an absolute directory: TensorFlow takes it as relative to the state file.
        ("{}/run", "m-2", None, False, ["m-2", "m-2"]),
        ("", "m-2", None, False, ["m-2", "m-2"]),
    ],
)
def test_paths_as_tensorflow_writes_them(tmp_path, monkeypatch, directory, latest, paths, relative, lines):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "run").mkdir()

    def here(text):
        return text.format(tmp_path)

    update_checkpoint_state(
        here(directory), here(latest), paths and list(map(here, paths)), save_relative_paths=relative
    )
    text = (tmp_path / here(directory) / "checkpoint").read_text()
    assert text == f'model_checkpoint_path: "{here(lines[0])}"\n' + "".join(
        f'all_model_checkpoint_paths: "{here(line)}"\n' for line in lines[1:]
    )


def test_refused(tmp_path):
    with pytest.raises(ValueError, match="all_model_checkpoint_timestamps must be 2, one a path, got 1"):
        update_checkpoint_state(tmp_path, "b", ["a", "b"], all_model_checkpoint_timestamps=[1.0])
    with pytest.raises(ValueError, match="model_checkpoint_path must differ from the state file"):
        update_checkpoint_state(tmp_path, tmp_path / "checkpoint")
    with pytest.raises(CheckpointError, match="cannot be written: No such file or directory"):
        update_checkpoint_state(tmp_path / "gone", "m")
    assert list(tmp_path.iterdir()) == []
