"""The lines of --print-env do in a shell what they say."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from connectedmachine.frontends.rest.print_env import environment
from frontends.cli_harness import Cli

URL = "https://127.0.0.1:8493"
ODD = Path("/a b/it's $HOME `x`/ca.pem")


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash")
def test_bash_sets_every_variable_as_it_is_meant() -> None:
    script = (
        environment("bash", URL, ODD, ODD.parent) + '\nprintf "%s\\n" "$REQUESTS_CA_BUNDLE" "$ARM_ENDPOINT"'
    )
    done = subprocess.run(["bash", "-euc", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [str(ODD), URL]


def test_powershell_quotes_are_doubled() -> None:
    assert "$env:REQUESTS_CA_BUNDLE = '/a b/it''s $HOME `x`/ca.pem'" in environment(
        "powershell", URL, ODD, ODD.parent
    )


@pytest.mark.parametrize("shell", ["bash", "powershell"])
def test_every_line_sets_something_or_is_a_comment(shell: str) -> None:
    start = "export " if shell == "bash" else "$env:"
    for line in environment(shell, URL, ODD, ODD.parent).splitlines():
        assert line.startswith((start, "#"))


def test_plain_http_needs_no_certificate() -> None:
    assert "export REQUESTS_CA_BUNDLE" not in environment("bash", "http://127.0.0.1:1", None, Path("/h"))


def test_the_command_prints_them_and_ends(tmp_path: Path) -> None:
    done = Cli(tmp_path).run("serve", "--port", "1234", "--print-env", "--shell", "powershell")
    assert (done.code, done.err) == (0, "")
    assert "$env:ARM_ENDPOINT = 'https://127.0.0.1:1234'" in done.out
    assert (tmp_path / "home" / "rest" / "ca.pem").exists()


def test_a_credential_is_printed_as_json_with_its_secret(tmp_path: Path) -> None:
    cli = Cli(tmp_path)
    made = cli.run("credential", "create", "--name", "a", "--scope", "operate", "publish").json()
    assert made["scopes"] == ["operate", "publish"]
    assert made["clientSecret"]
    (listed,) = cli.run("credential", "list").json()
    assert listed == {key: value for key, value in made.items() if key != "clientSecret"}
    assert json.dumps(made) not in cli.run("credential", "list", "-o", "table").out
