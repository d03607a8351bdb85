"""The command line: which command was asked for, and how it ends.

Nothing here, and nothing at the top of a command's file, imports jax: `--help` must come in a blink.

Exit codes: 0, all went well; 1, something is wrong with files, data or a run (one line on the standard error stream
says what and how to mend it); 2, the command line itself is wrong; 130 and 143, stopped by Ctrl-C or SIGTERM, after
saving.
"""

import argparse
import importlib
import io
import os
import re
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from jax_slim.cli import compiled_programs, huge_pages
from jax_slim.cli.failures import UsageError, explained, near_names

COMMANDS = {
    "train": "training",
    "evaluate": "evaluating",
    "predict": "predicting",
    "models": "listing",
    "inspect": "inspecting",
    "convert": "conversions",
    "diff": "differences",
    "export": "exports",
    "launch": "launching",
    "native": "native",
    "run": "old_programs",
    "demo": "demonstration",
    "completion": "completions",
}
"""Command -> its file, which has `HELP`, `add_arguments(parser)` and `run(options) -> exit code`."""

_COMPUTE = ("train", "evaluate", "predict", "run", "demo")


def start() -> int:
    """Runs the command that this process was started for.

    What the encoding of the output lacks (a class's name, on a pipe of Windows) is written as an escape.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    # All that is ever called here is this package and JAX: without their frames, a traceback would have nothing left.
    os.environ.setdefault("JAX_TRACEBACK_FILTERING", "off")
    if len(sys.argv) > 1 and sys.argv[1] in _COMPUTE:
        huge_pages.start_again()
    return main()


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command and returns its exit code."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    parser, chosen = _parser(arguments)
    try:
        code = _run(parser, chosen, arguments)
    except SystemExit as end:
        end.code = _with_output_written(parser.prog, end.code)
        raise
    except OSError as error:  # of the help, where output is not buffered
        print(f"{parser.prog}: error: the output cannot be written: {error.strerror or error}", file=sys.stderr)
        return 1
    return _with_output_written(f"{parser.prog} {chosen}", code)


def _run(parser: argparse.ArgumentParser, chosen: str | None, arguments: Sequence[str]) -> int:
    options = parser.parse_args(_with_marked_program(arguments) if chosen == "run" else arguments)
    if chosen is None:
        parser.print_help()
        return 0
    try:
        if chosen in _COMPUTE:
            compiled_programs.keep()
        return importlib.import_module(f"jax_slim.cli.{COMMANDS[chosen]}").run(options)
    except KeyboardInterrupt as end:
        if not isinstance(end, SystemExit):  # else the run has said what it saved
            more = " ".join(getattr(end, "__notes__", ()))
            print(f"jax-slim {chosen}: stopped by Ctrl-C. {more}".rstrip(), file=sys.stderr)
        return 130
    except BrokenPipeError:  # `jax-slim models | head`: who reads has had enough
        _forget_output()
        return 0
    except Exception as error:
        text = explained(error)
        if text is None or options.traceback:
            raise
        if type(error).__name__ == "DataLossError" and chosen in ("train", "evaluate"):
            text += " --skip_damaged leaves such images out, and lists them."
        print(f"jax-slim {chosen}: error: {text}", file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 1


def _with_marked_program(arguments: Sequence[str]) -> list[str]:
    """`run -m MODULE ...` with '--' where the program begins: argparse would take its first flag for one of `run`."""
    place = arguments.index("run") + 1
    begins_with_flag = arguments[place : place + 1] in (["-m"], ["--check"])
    return [*arguments[:place], *["--"] * begins_with_flag, *arguments[place:]]


def _with_output_written(command: str, code: Any) -> Any:
    """The exit code, once what was printed has left: a full disk shows here, and later Python itself would complain."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _forget_output()
    except OSError as error:
        _forget_output()
        if not code:
            print(f"{command}: error: the output cannot be written: {error.strerror or error}", file=sys.stderr)
            return 1
    return code


def _forget_output() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, without the list of all options before it."""

    known: Sequence[str] = ()
    """The flags of the command that was chosen."""

    def error(self, message: str) -> NoReturn:
        unknown = re.match(r"unrecognized arguments: .*?(--[^ =]+)", message)
        command = re.search(r"invalid choice: '(.*?)' \(choose from .*\)", message)
        if unknown:
            message += near_names(unknown[1], self.known)
        elif command and "COMMAND" in message:
            message = message.replace(command[0], f"invalid choice: {command[1]!r}.") + near_names(command[1], COMMANDS)
        self.exit(2, f"{self.prog}: error: {message} ({self.prog} --help tells more)\n")

    def _print_message(self, message: str, file: Any = None) -> None:
        (file or sys.stderr).write(message)  # argparse's own says nothing of a disk that is full


def _parser(arguments: Sequence[str]) -> tuple[argparse.ArgumentParser, str | None]:
    """The parser, and the command asked for. Only that command's file is imported, where there is one."""
    chosen = next((argument for argument in arguments if argument in COMMANDS), None)
    common = _Parser(add_help=False)
    common.add_argument("--traceback", action="store_true", help="show the whole traceback of an error")
    parser = _Parser(
        prog="jax-slim",
        description="Trains, evaluates and runs image classifiers: TF-Slim on JAX.",
        epilog="jax-slim COMMAND --help tells more.",
    )
    parser.add_argument("--version", action="version", version=f"jax-slim {_version()}")
    commands = parser.add_subparsers(metavar="COMMAND")
    for name, file in COMMANDS.items():
        module = importlib.import_module(f"jax_slim.cli.{file}")
        sub = commands.add_parser(
            name,
            help=module.HELP.partition("\n")[0],
            description=module.HELP,
            parents=[common],
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        if name == chosen:
            module.add_arguments(sub)
            parser.known = [option for action in sub._actions for option in action.option_strings]
    return parser, chosen


def _version() -> str:
    return sys.modules["jax_slim"].__version__  # the root, which no room imports, is loaded before any of them
