"""The parser of the command line, made from the table of commands."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import NoReturn

from connectedmachine import __version__
from connectedmachine.frontends.cli_calls import Options
from connectedmachine.frontends.cli_command import Command
from connectedmachine.frontends.cli_commands import COMMANDS, GROUPS
from connectedmachine.frontends.cli_options import Option
from connectedmachine.model.errors import InvalidRequestError

OUTPUTS = ("json", "table")

_OUTPUT = Option(("--output", "-o"), "output", "how to print; by default json", choices=OUTPUTS)


def parse(arguments: Sequence[str] | None) -> tuple[Command, Options, str]:
    """The command, its options, and how to print; ``None`` takes the arguments of this process.

    Raises:
        InvalidRequestError: ``InvalidArgument``.
        SystemExit: Help or the version was asked for, and printed.
    """
    given, unknown = _parser().parse_known_args(arguments)
    options = dict(vars(given))
    command, parser = options.pop("the_command"), options.pop("the_parser")
    assert isinstance(command, Command)
    assert isinstance(parser, _Parser)
    if unknown:
        parser.error(f"unknown argument '{unknown[0]}'")
    return command, options, str(options.pop("output", OUTPUTS[0]))


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        sentence = message.rstrip(".")
        raise InvalidRequestError(
            "InvalidArgument", f"{sentence[0].upper()}{sentence[1:]}.", hint=f"See '{self.prog} --help'."
        )


def _parser() -> _Parser:
    root = _Parser(
        prog="connectedmachine",
        allow_abbrev=False,
        description="Extensions of Azure Arc-enabled servers that keep themselves current, without Azure.",
        epilog="'connectedmachine GROUP COMMAND --help' shows options and an example.",
    )
    root.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    top = _subcommands(root)
    groups = {"": top}
    for words, text in GROUPS.items():
        outer, _, name = words.rpartition(" ")
        group_parser = groups[outer].add_parser(
            name, help=text, description=_sentence(text), allow_abbrev=False
        )
        groups[words] = _subcommands(group_parser)
    for command in COMMANDS:
        group, _, name = command.words.rpartition(" ")
        parser = groups[group].add_parser(
            name,
            help=command.help,
            description=_sentence(command.help),
            epilog=f"example:\n  connectedmachine {command.example}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        for option in (*command.options, _OUTPUT):
            option.add_to(parser)
        parser.set_defaults(the_command=command, the_parser=parser)
    return root


def _subcommands(parser: argparse.ArgumentParser) -> argparse._SubParsersAction[_Parser]:
    return parser.add_subparsers(title="commands", metavar="COMMAND", required=True, parser_class=_Parser)


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."
