"""`jax-slim completion`: what makes a shell complete commands, flags and their values."""

import argparse
import importlib
from collections.abc import Mapping, Sequence

HELP = """print what makes your shell complete commands and flags

  source <(jax-slim completion bash)           in ~/.bashrc
  source <(jax-slim completion zsh)            in ~/.zshrc
  jax-slim completion fish | source            in ~/.config/fish/config.fish"""

Flags = Mapping[str, Sequence[str]]  # '--flag' -> the values it may have; none: any

_BASH = """_jax_slim() {{
  local current="${{COMP_WORDS[COMP_CWORD]}}" before="${{COMP_WORDS[COMP_CWORD-1]}}" words=""
  # Bash takes '=' for a word of its own.
  [ "$before" = "=" ] && before="${{COMP_WORDS[COMP_CWORD-2]}}"
  [ "$current" = "=" ] && current=""
  if [ "$COMP_CWORD" = 1 ]; then
    words="{commands}"
  else
    case "${{COMP_WORDS[1]}} $before" in
{values}
    *)
      case "${{COMP_WORDS[1]}}" in
{flags}
      esac ;;
    esac
  fi
  case "$current" in
  -*|"") COMPREPLY=($(compgen -W "$words" -- "$current")) ;;
  *) COMPREPLY=($(compgen -W "${{words//--[^ ]*/}}" -- "$current")) ;;
  esac
}}
complete -o default -F _jax_slim jax-slim
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments."""
    parser.add_argument("shell", choices=["bash", "zsh", "fish"], help="the shell to complete in")


def run(options: argparse.Namespace) -> int:
    """Prints the script."""
    from jax_slim.cli.main import COMMANDS

    commands = {name: _flags(file) for name, file in COMMANDS.items()}
    if options.shell == "fish":
        print(_for_fish(commands))
        return 0
    if options.shell == "zsh":
        print("autoload -U +X compinit && compinit\nautoload -U +X bashcompinit && bashcompinit")
    print(_for_bash(commands), end="")
    return 0


def _flags(file: str) -> Flags:
    """The flags of a command, which its file adds to a parser."""
    parser = argparse.ArgumentParser()
    importlib.import_module(f"jax_slim.cli.{file}").add_arguments(parser)
    return {
        option: [str(choice) for choice in action.choices or ()]
        for action in parser._actions
        for option in action.option_strings
        if option.startswith("--")
    }


def _for_bash(commands: Mapping[str, Flags]) -> str:
    values = [
        f'    "{command} {flag}") words="{" ".join(choices)}" ;;'
        for command, flags in commands.items()
        for flag, choices in flags.items()
        if choices
    ]
    flags = [f'      {command}) words="{" ".join(flags)}" ;;' for command, flags in commands.items()]
    return _BASH.format(commands=" ".join(commands), values="\n".join(values), flags="\n".join(flags))


def _for_fish(commands: Mapping[str, Flags]) -> str:
    lines = [f"complete -c jax-slim -n __fish_use_subcommand -f -a {command}" for command in commands]
    for command, flags in commands.items():
        for flag, choices in flags.items():
            values = f" -x -a '{' '.join(choices)}'" if choices else ""
            lines.append(f"complete -c jax-slim -n '__fish_seen_subcommand_from {command}' -l {flag[2:]}{values}")
    return "\n".join(lines)
