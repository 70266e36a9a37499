"""``connectedmachine event-sink``, and a detached runner that delivers."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from frontends.cli_harness import OS, Cli, until
from packages import AGENT

WRITE = "import sys; open(sys.argv[1], 'ab').write(sys.stdin.buffer.read() + b'\\n')"


def test_a_detached_runner_tells_a_command_what_it_does(tmp_path: Path) -> None:
    cli = Cli(tmp_path)
    cli.run("connect", "-g", "rg", "--name", "m1", "--simulated", "--os-type", OS).json()
    kept = tmp_path / "events"
    cli.run("event-sink", "add", "-n", "file", "--command", sys.executable, "-c", WRITE, str(kept)).json()
    sent = cli.run("event-sink", "test", "-n", "file").json()
    assert json.loads(kept.read_text())["id"] == sent["id"]

    cli.publish(AGENT)
    cli.set(AGENT).json()
    until(lambda: kept.read_text().count("\n") == 3)
    events = [json.loads(line) for line in kept.read_text().splitlines()]
    assert [event["event"] for event in events] == ["Test", "Begun", "Succeeded"]
    assert events[2]["reason"] == "Installed"
    until(lambda: cli.run("event-sink", "list").json()[0]["waiting"] == 0)
    assert cli.run("event-sink", "remove", "-n", "file").code == 0
    assert cli.run("event-sink", "test", "-n", "file").code == 3


def test_a_secret_is_read_from_a_file(tmp_path: Path) -> None:
    cli = Cli(tmp_path)
    (tmp_path / "word").write_text("Bearer abc\n")
    added = cli.run("event-sink", "add", "-n", "w", "--webhook", "http://127.0.0.1:1/", "--secret", "@word")
    assert added.json()["header"] == "Authorization"
    assert "abc" not in added.out
