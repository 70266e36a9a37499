"""The aggregate status of a machine: whole, by its schema, and each handler for itself."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

from jsonschema import Draft202012Validator

import connectedmachine
from agent.world import GROUP, MACHINE, World
from connectedmachine.service.views import Json
from packages import AGENT, CLOCK, NOOP, end_processes, override

SCHEMA = Path(connectedmachine.__file__).with_name("schemas") / "rpc" / "machine.status.json"
BEATING = replace(AGENT, report_heartbeat=True)


def document(world: World) -> Json:
    """The document, found to be by its schema."""
    read = world.service.machine_status(resource_group=GROUP, name=MACHINE)
    schema = json.loads(SCHEMA.read_text("utf-8"))
    result = {"$defs": schema["$defs"], **schema["properties"]["result"]}
    Draft202012Validator(result).validate(json.loads(json.dumps(read)))
    return read


def handlers(world: World) -> dict[str, Json]:
    aggregate = document(world)["aggregateStatus"]
    assert isinstance(aggregate, dict)
    return {handler["handlerName"]: handler for handler in aggregate["handlerAggregateStatus"]}


def reported(handler: Json) -> Json:
    settings = handler["runtimeSettingsStatus"]
    assert isinstance(settings, dict)
    status = settings["settingsStatus"]["status"]
    assert isinstance(status, dict)
    return {**status, "seq": settings["sequenceNumber"], "message": status["formattedMessage"]["message"]}


def test_a_machine_without_extensions_says_what_it_is(world: World) -> None:
    read = document(world)
    assert handlers(world) == {}
    guest = read["guestOSInfo"]
    assert isinstance(guest, dict)
    assert guest["osName"] == world.machine.os_name


def test_each_handler_says_what_its_files_say(world: World) -> None:
    world.install(BEATING)
    world.install(NOOP, settings=None)
    status = world.folder(BEATING) / "status" / "1.status"
    part = {
        "name": "disk",
        "status": "warning",
        "code": "7",
        "formattedMessage": {"lang": "", "message": "low"},
    }
    body = {"name": "n", "operation": "o", "status": "success", "code": "x1", "substatus": [part, None]}
    end_processes(world.root)  # nobody refreshes the files any more
    status.write_text(json.dumps([{"status": body}]))
    found = handlers(world)
    agent = found[AGENT.handler]
    assert (agent["status"], agent["handlerVersion"]) == ("Ready", AGENT.version)
    said = reported(agent)
    assert (said["seq"], said["name"], said["operation"], said["status"], said["code"]) == (
        1, "n", "o", "success", "x1",
    )  # fmt: skip
    assert said["substatus"] == [
        {
            "name": "disk",
            "status": "warning",
            "code": 7,
            "formattedMessage": {"lang": "en-US", "message": "low"},
        }
    ]
    assert found[NOOP.handler]["status"] == "Ready"
    assert "runtimeSettingsStatus" not in found[NOOP.handler]


def test_a_malformed_status_is_its_own_handlers_error_only(world: World) -> None:
    world.install(BEATING)
    world.install(CLOCK)
    end_processes(world.root)  # nobody refreshes the files any more
    for content in (b"{", b"{}", b"[{}]", b"", b"\0\0", b"[" * 60_000):
        (world.folder(BEATING) / "status" / "1.status").write_bytes(content)
        found = handlers(world)
        said = reported(found[AGENT.handler])
        assert (said["status"], said["code"]) == ("error", 1012), content[:9]
        assert reported(found[CLOCK.handler])["status"] == "success"


def test_a_malformed_heartbeat_is_its_own_handlers_error_only_and_recovers(world: World) -> None:
    world.install(BEATING)
    world.install(CLOCK)
    end_processes(world.root)  # nobody refreshes the files any more
    beat = world.folder(BEATING) / "heartbeat.log"
    for content in (b"[]", b"null", b"{}", b"{", b"", b'[{"heartbeat": {}}]'):
        beat.write_bytes(content)
        found = handlers(world)
        assert (found[AGENT.handler]["status"], found[AGENT.handler]["code"]) == ("NotReady", -1), content
        assert found[CLOCK.handler]["status"] == "Ready"
    beat.write_bytes(b'[{"heartbeat": {"status": "ready"}}]')
    again = handlers(world)[AGENT.handler]
    assert (again["status"], again["code"]) == ("Ready", 0)
    assert again["formattedMessage"] == {"lang": "en-US", "message": "ready"}


def test_a_handler_whose_heartbeat_is_old_is_unresponsive(world: World) -> None:
    world.install(BEATING)
    end_processes(world.root)  # nobody refreshes the files any more
    old = world.clock.now().timestamp() - 601
    os.utime(world.folder(BEATING) / "heartbeat.log", (old, old))
    assert handlers(world)[AGENT.handler]["status"] == "Unresponsive"


def test_a_handler_that_reported_nothing_since_its_enable_is_transitioning(world: World) -> None:
    world.install(replace(AGENT, lies=True))
    said = reported(handlers(world)[AGENT.handler])
    assert (said["status"], said["code"]) == ("transitioning", 0)


def test_status_folders_that_somebody_deleted_stop_nothing(world: World) -> None:
    world.install(AGENT)
    end_processes(world.root)  # nobody refreshes the files any more
    shutil.rmtree(world.folder(AGENT) / "status")
    assert reported(handlers(world)[AGENT.handler])["status"] == "transitioning"
    shutil.rmtree(world.folder(AGENT))
    assert reported(handlers(world)[AGENT.handler])["status"] == "transitioning"


def test_an_extension_of_which_nothing_is_installed_is_not_ready_and_says_why(world: World) -> None:
    world.publish(replace(AGENT, fails=("install",)))
    world.put(AGENT)
    world.run()
    (handler,) = handlers(world).values()
    assert (handler["status"], handler["code"]) == ("NotReady", -1)
    assert handler["formattedMessage"] == {"lang": "en-US", "message": world.extension(AGENT).status.message}


def test_a_simulated_machine_has_a_status_too(tmp_path: Path) -> None:
    world = World(tmp_path, connect=False)
    world.service.machine_connect(
        resource_group=GROUP, name=MACHINE, simulated=True, os_type=AGENT.os, follow=world.listener
    )
    world.install(BEATING)
    agent = handlers(world)[AGENT.handler]
    assert (agent["status"], reported(agent)["status"]) == ("Ready", "success")
    world.store.close()


def test_an_upgrade_that_the_old_version_stopped_is_reported_once(world: World) -> None:
    """By what runs, which has no status of its failed command beside its own; the extension says why."""
    world.install(AGENT)
    override(world.state(AGENT), AGENT.version, fails=["disable"], exit_code=9)
    world.publish(replace(AGENT, version="1.1.0.0"))
    world.put(AGENT, "1.1")
    world.run()
    aggregate = document(world)["aggregateStatus"]
    assert isinstance(aggregate, dict)
    [handler] = aggregate["handlerAggregateStatus"]
    assert (handler["handlerVersion"], reported(handler)["status"]) == (AGENT.version, "success")
    assert "exit code 9" in world.extension(AGENT).status.message


def test_the_folder_of_a_handler_that_nobody_asked_for_is_left_alone_and_not_reported(world: World) -> None:
    """Nothing in the library is proof of anything, so nothing there is deleted for what it is called."""
    strange = world.places.library.root / "Fabrikam.Other-1.0.0.0"
    (strange / "config").mkdir(parents=True)
    (strange / "config" / "HandlerState").write_text("Enabled")
    world.install(NOOP, settings=None)
    world.publish(replace(NOOP, version="1.1.0.0"))
    assert world.run_pass() == {"Noop": "Upgraded"}
    assert (strange / "config" / "HandlerState").exists()
    assert list(handlers(world)) == [NOOP.handler]
