"""The command ``connectedmachine``: arguments in, JSON or a table out. A front door; it holds no rule.

Exit codes (design page, section 7): 0 done, 1 the service refused or failed, or a package that was checked
does not keep the contract, 2 the arguments are wrong, 3 what was named does not exist, 4 after ``upgrade
run`` and ``schedule run`` when a rollback is pending, 130 after Ctrl+C.
An error is one line on standard error and one with what to do next.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from connectedmachine.frontends.cli_output import text
from connectedmachine.frontends.cli_parser import parse
from connectedmachine.frontends.cli_terminal import Declined, Terminal
from connectedmachine.frontends.cli_words import in_cli_words
from connectedmachine.model.errors import ConnectedMachineError, InvalidRequestError, NotFoundError

DONE, FAILED, WRONG_ARGUMENTS, NOT_FOUND, ROLLBACK_PENDING, INTERRUPTED = 0, 1, 2, 3, 4, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Do one command; ``None`` takes the arguments of this process. Returns the exit code.

    Raises:
        SystemExit: Help or the version was asked for.
    """
    terminal = Terminal()
    try:
        return _do(arguments, terminal)
    except ConnectedMachineError as error:
        _explain(error, terminal)
        return _exit_code(error)
    except Declined:
        return FAILED
    except KeyboardInterrupt:
        terminal.say("Interrupted.")
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read the output has seen enough; the interpreter must not meet the broken pipe once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except Exception as error:
        terminal.say("ERROR: (InternalError) The command met an error of its own.")
        terminal.say(_logged(error))
        return FAILED


def _do(arguments: Sequence[str] | None, terminal: Terminal) -> int:
    command, options, output = parse(arguments)
    from connectedmachine.service import Service

    home = options.pop("home", None)
    service = Service.open(None if home is None else Path(str(home)).absolute())
    result = command.call(service, options, terminal)
    if terminal.cancelled():
        terminal.say("Stopped waiting; what was asked for goes on in the background.")
        return INTERRUPTED
    if command.shows is not None:
        _print(text(command.shows, result, output))
    if command.words in ("upgrade run", "schedule run") and _has(result, "reason", "RollbackPending"):
        return ROLLBACK_PENDING
    return FAILED if command.words == "gallery check" and _has(result, "result", "Failed") else DONE


def _print(output: str) -> None:
    if output and sys.stdout is not None:
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(errors="replace")  # a code page lacks characters
        print(output, flush=True)


def _has(result: object, key: str, value: str) -> bool:
    assert isinstance(result, dict)
    return any(item[key] == value for item in result["value"])


def _explain(error: ConnectedMachineError, terminal: Terminal) -> None:
    terminal.say(f"ERROR: ({error.code}) {error.message}")
    if error.hint:
        terminal.say(in_cli_words(error.hint))


def _exit_code(error: ConnectedMachineError) -> int:
    if isinstance(error, NotFoundError):
        return NOT_FOUND
    return WRONG_ARGUMENTS if isinstance(error, InvalidRequestError) else FAILED


def _logged(error: Exception) -> str:
    """Write the traceback to the log, which is for whoever mends this; say where that is."""
    import logging
    import logging.handlers

    from connectedmachine.store.home import state_root

    try:
        path = state_root() / "cli.log"
        handler = logging.handlers.RotatingFileHandler(
            path, maxBytes=1 << 20, backupCount=1, encoding="utf-8"
        )
    except (OSError, ConnectedMachineError):
        return f"Its log cannot be written; it was {type(error).__name__}."
    handler.setFormatter(logging.Formatter("%(asctime)s %(process)d %(levelname)s %(message)s"))
    record = logging.LogRecord(
        __name__,
        logging.ERROR,
        __file__,
        0,
        "Command failed.",
        None,
        (type(error), error, error.__traceback__),
    )
    handler.emit(record)
    handler.close()
    return f"{path} has the details."


if __name__ == "__main__":
    sys.exit(main())
