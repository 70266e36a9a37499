"""Shows the main job on real packages: enrol, upgrade, watch, roll back, leave the other alone, try again.

    python3 scripts/demo.py

Needs nothing but Python 3.11. Works in a state folder of its own, which it deletes at the end with every
process that was started from there. Through PowerShell when an engine is found, else through the command
line; which one is said. Exit code 0 means that what was told is what happened: it is looked up afterwards.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from _environment import ROOT, ensure, powershell

sys.path.append(str(ROOT / "tests"))
from packages import AGENT, CLOCK, PackageSpec, build, get, override, running_agent

_MACHINE = ["-g", "demo", "--machine-name", "server"]
_GOOD = "1.1.0.0"
_PACKAGES = (
    AGENT,
    CLOCK,
    # Comes up, and says a second later that it is not well.
    replace(AGENT, version=_GOOD, unhealthy_after_seconds=1.0),
    replace(CLOCK, version=_GOOD),
)
_OS = "Windows" if sys.platform == "win32" else "Linux"

_HISTORY = {
    "agent": [
        ("Install", None, "1.0.0.0", "Succeeded"),
        ("ChangeVersion", "1.0.0.0", _GOOD, "RolledBack"),
        ("ChangeVersion", "1.0.0.0", _GOOD, "Succeeded"),
    ],
    "clock": [
        ("Install", None, "1.0.0.0", "Succeeded"),
        ("ChangeVersion", "1.0.0.0", _GOOD, "Succeeded"),
    ],
}
"""What the machine's history has to say afterwards, oldest first: operation, from, to, outcome."""


class Differs(Exception):  # noqa: N818 - says what it is
    """What happened is not what was told."""


def main() -> int:
    """Set up, and run the demonstration."""
    engine = powershell()
    return run(ensure(), engine)


def run(python: Path, engine: Path | None) -> int:
    """Run the demonstration with an installed ``python``, through ``engine`` if there is one."""
    began = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="azcmlite-demo-")).resolve()
    try:
        for spec in _PACKAGES:
            build(folder / "packages", spec)
        _say(f"The main job, through {engine or 'the command line: no PowerShell was found'}")
        print(
            "Azure watches a machine for five minutes after an upgrade, and tries a failed one again days\n"
            f"later. Here a policy makes that seconds. Everything is in {folder} until the end.",
            flush=True,
        )
        if engine is None:
            _through_the_command_line(python, folder)
        else:
            _through_powershell(engine, python, folder)
        _compare(python, folder)
    except Differs as difference:
        print(f"\nThis is not what was told: {difference}", file=sys.stderr, flush=True)
        return 1
    finally:
        _clean_up(python, folder)
    _say(f"It was as told. Done in {time.monotonic() - began:.0f} s")
    return 0


def _through_powershell(engine: Path, python: Path, folder: Path) -> None:
    # Windows runs no script file by default; this one is ours.
    policy = ["-ExecutionPolicy", "Bypass"] if sys.platform == "win32" else []
    command = [str(engine), "-NoProfile", "-NonInteractive", *policy, "-File", str(ROOT / "scripts/demo.ps1")]
    code = subprocess.run(
        [*command, "-Folder", str(folder), "-OperatingSystem", _OS],
        cwd=ROOT,
        env=_environment(python, folder) | ({} if sys.stdout.isatty() else {"NO_COLOR": "1"}),
        stdin=subprocess.DEVNULL,
        check=False,
    ).returncode
    if code != 0:
        raise Differs(f"demo.ps1 ended with code {code}.")


def _through_the_command_line(python: Path, folder: Path) -> None:
    def do(*arguments: str) -> None:
        print(f"\n> connectedmachine {' '.join(map(_quoted, arguments))}", flush=True)
        code = subprocess.run(
            [str(python), "-I", "-m", "connectedmachine", *arguments],
            env=_environment(python, folder),
            stdin=subprocess.DEVNULL,
            check=False,
        ).returncode
        if code != 0:
            raise Differs(f"the command ended with code {code}.")

    def publish(spec: PackageSpec) -> None:
        zip_file = folder / "packages" / f"{spec.handler}__{spec.version}.zip"
        do(
            "gallery", "publish", "--path", str(zip_file), "--publisher", spec.publisher, "--type", spec.type,
            "--version", spec.version, "--operating-system", _OS, "--supports-automatic-upgrade",
            "-o", "table",
        )  # fmt: skip

    def run_pass(**reasons: str) -> None:
        do("upgrade", "run", *_MACHINE, "-o", "table")
        found = {
            decision["name"]: decision["reason"]
            for decision in _read(python, folder, "upgrade", "show", *_MACHINE)
        }
        if found != reasons:
            raise Differs(f"the decisions are {found} rather than {reasons}.")

    _say("1. This host becomes a machine")
    do("connect", "-g", "demo", "--name", "server", "-o", "table")

    _say("2. Two publishers release a first version each")
    publish(AGENT)
    publish(CLOCK)

    _say("3. Both extensions are installed and enrolled")
    for spec in (AGENT, CLOCK):
        name = spec.type.lower()
        settings = json.dumps({"stateFolder": str(folder / name)})
        do(
            "extension", "set", *_MACHINE, "--name", name, "--publisher", spec.publisher, "--type", spec.type,
            "--version", "1.0", "--settings", settings, "--enable-auto-upgrade", "true", "-o", "table",
        )  # fmt: skip

    _say("4. Seconds instead of minutes; without this line the health window is five minutes")
    do("policy", "set", *_MACHINE, "--health-window", "3s", "--stable-for", "1s", "-o", "table")

    _say("5. New versions: the agent's will not be well on this machine, the clock's is good")
    for spec in _PACKAGES[2:]:
        publish(spec)

    _say("6. A pass: the agent is upgraded, watched, and rolled back; the clock is upgraded all the same")
    run_pass(agent="RolledBack", clock="Upgraded")

    _say("7. Another pass at once: what failed waits for its time")
    run_pass(agent="RetryNotDue", clock="UpToDate")

    _say(
        "8. What made the agent unwell is mended; and its time comes, for a policy makes three days a second"
    )
    override(folder / "agent", _GOOD, unhealthy_after_seconds=None)
    do("policy", "set", *_MACHINE, "--retry-interval", "1s", "-o", "table")

    _say("9. A pass: the same version is tried again, and succeeds")
    run_pass(agent="Upgraded", clock="UpToDate")

    _say("10. The history, newest first")
    do("upgrade", "history", *_MACHINE, "-o", "table")


def _compare(python: Path, folder: Path) -> None:
    """Look up, independently of who told it, whether history and the running programs say the same."""
    operations = list(reversed(_read(python, folder, "upgrade", "history", *_MACHINE)))
    for name, expected in _HISTORY.items():
        found = [
            (one["operation"], one["fromVersion"], one["toVersion"], one["outcome"])
            for one in operations
            if one["name"] == name
        ]
        if found != expected:
            raise Differs(f"the history of {name} is {found}.")
        port = running_agent(folder / name)
        reply = None if port is None else get(port)
        if reply is None or (reply.status, reply.version) != (200, _GOOD):
            raise Differs(f"{name} {_GOOD} does not answer; there is {reply}.")
    upgrades = [(one["name"], one["outcome"]) for one in operations if one["operation"] == "ChangeVersion"]
    if upgrades.index(("agent", "RolledBack")) > upgrades.index(("clock", "Succeeded")):
        raise Differs("the clock was upgraded before the agent failed.")


def _read(python: Path, folder: Path, *arguments: str) -> list[dict[str, object]]:
    done = subprocess.run(
        [str(python), "-I", "-m", "connectedmachine", *arguments],
        env=_environment(python, folder),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        check=False,
    )
    if done.returncode != 0:
        raise Differs(f"'{' '.join(arguments)}' ended with code {done.returncode}.")
    items: list[dict[str, object]] = json.loads(done.stdout)
    return items


def _clean_up(python: Path, folder: Path) -> None:
    """Remove the folder, and end what was started from it first: the agents live on by design."""
    # Processes are told by their arguments: the one that ends them is not to have the folder among its own.
    ending = "import os, pathlib, packages; packages.end_processes(pathlib.Path(os.environ['DEMO_FOLDER']))"
    environment = os.environ | {"PYTHONPATH": str(ROOT / "tests"), "DEMO_FOLDER": str(folder)}
    subprocess.run([str(python), "-c", ending], env=environment, check=True)
    shutil.rmtree(folder)


def _environment(python: Path, folder: Path) -> dict[str, str]:
    """State apart from what this host may have, and the Python that the module is to use."""
    return os.environ | {"AZCMLITE_HOME": str(folder / "home"), "AZCMLITE_PYTHON": str(python)}


def _quoted(word: str) -> str:
    return f"'{word}'" if " " in word else word


def _say(line: str) -> None:
    print(f"\n=== {line} ===", flush=True)


if __name__ == "__main__":
    sys.exit(main())
