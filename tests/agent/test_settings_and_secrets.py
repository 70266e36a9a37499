"""Settings that go back with a rollback, and protected ones that appear nowhere but with their handler."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from agent.world import World
from packages import AGENT

BAD = replace(AGENT, version="1.1.0.0", fails=("enable",))
SECRET = "correct-horse-battery-staple"


def handler_settings(path: Path) -> dict[str, object]:
    [entry] = json.loads(path.read_text())["runtimeSettings"]
    settings = entry["handlerSettings"]
    assert isinstance(settings, dict)
    return settings


def test_an_undo_returns_to_the_settings_that_were_applied(world: World) -> None:
    world.install(AGENT, settings={"port": 0, "colour": "blue"})
    world.publish(BAD)
    world.put(AGENT, BAD.version, settings={"port": 0, "colour": "red"})
    world.run()
    told = {f"{c.command} {c.version}": c.environment["ConfigSequenceNumber"] for c in world.commands(AGENT)}
    assert told[f"enable {BAD.version}"] == "2"
    assert world.commands(AGENT)[-1].environment["ConfigSequenceNumber"] == "1"
    assert world.ran(AGENT)[-1] == f"enable {AGENT.version}"
    current = handler_settings(world.folder(AGENT) / "config" / "1.settings")
    assert current["publicSettings"] == {"port": 0, "colour": "blue"}
    installed = world.extension(AGENT).installed
    assert installed is not None
    assert installed.settings_seq == 1


def test_settings_that_a_handler_refused_are_not_tried_again_and_again(world: World) -> None:
    world.install(AGENT)
    world.patch(AGENT, settings={"port": "no port"})
    world.run()
    tries = world.ran(AGENT).count(f"enable {AGENT.version}")
    world.run_pass()
    assert world.ran(AGENT).count(f"enable {AGENT.version}") == tries == 2


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl to decrypt as a handler does")
def test_protected_settings_reach_the_handler_encrypted(world: World) -> None:
    world.install(AGENT, protectedSettings={"password": SECRET})
    settings = handler_settings(world.folder(AGENT) / "config" / "1.settings")
    thumbprint = settings["protectedSettingsCertThumbprint"]
    library = world.places.library.root
    decrypt = ["openssl", "cms", "-inform", "DER", "-decrypt"]
    keys = ["-recip", f"{library}/{thumbprint}.crt", "-inkey", f"{library}/{thumbprint}.prv"]
    sealed = base64.b64decode(str(settings["protectedSettings"]))
    plain = subprocess.run([*decrypt, *keys], input=sealed, capture_output=True, check=True).stdout
    assert json.loads(plain) == {"password": SECRET}


def test_protected_settings_appear_nowhere_in_clear(world: World, capfd: pytest.CaptureFixture[str]) -> None:
    """In an install, a settings change, a failed upgrade and its undo."""
    world.install(AGENT, protectedSettings={"password": SECRET})
    world.patch(AGENT, protectedSettings={"password": SECRET, "more": SECRET})
    world.run()
    world.publish(BAD)
    assert world.run_pass() == {"Agent": "RolledBack"}

    holders = [
        str(path) for path in world.root.rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()
    ]
    assert holders == []
    shown = json.dumps(
        [
            world.service.extension_get(resource_group="rg", machine="m1", name="Agent"),
            world.service.upgrade_history(resource_group="rg", machine="m1"),
        ]
    )
    assert SECRET not in shown
    assert SECRET not in repr([world.operations(AGENT), world.extension(AGENT)])
    assert SECRET not in "".join(capfd.readouterr())
