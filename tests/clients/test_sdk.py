"""The real azure-mgmt-hybridcompute, unmodified, with azure-identity: the judge of the REST front end.

Each version has an environment of its own; the life of one extension is played once per version and client,
and each test looks at one answer of it. The machine is simulated: what is on trial here is the contract.
"""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from clients.environments import SDK, once, python, sdk
from clients.serving import GROUP, MACHINE, SUBSCRIPTION, Server
from packages import AGENT

NEXT = replace(AGENT, version="1.1.0.0")
ID = (
    f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/providers/Microsoft.HybridCompute"
    f"/machines/{MACHINE}/extensions/agent"
)


@dataclass(frozen=True)
class Played:
    """One version's and one client's answers, by step."""

    version: str
    answers: dict[str, Any]

    def __getitem__(self, step: str) -> Any:
        if step not in self.answers:
            pytest.skip(f"{self.version} has no such call")
        return self.answers[step]


@pytest.fixture(scope="module", params=[f"{v}-{mode}" for v in SDK for mode in ("sync", "async")])
def played(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Played:
    version, mode = request.param.rsplit("-", 1)

    def play(folder: Path) -> None:
        environment = sdk(tmp_path_factory, version)
        server = Server(folder, AGENT, NEXT)
        try:
            done = subprocess.run(
                [str(python(environment)), "-I", str(Path(__file__).with_name("sdk_program.py"))],
                input=server.for_client(mode=mode, publisher=AGENT.publisher, type=AGENT.type),
                capture_output=True, text=True, check=False,
            )  # fmt: skip
            assert done.returncode == 0, done.stderr
            (folder / "answers.json").write_text(done.stdout, encoding="utf-8")
        finally:
            server.end()

    answers = once(tmp_path_factory, f"played-{request.param}", play) / "answers.json"
    return Played(version, json.loads(answers.read_text(encoding="utf-8")))


def test_create_ends_with_the_resource_as_it_was_asked_for(played: Played) -> None:
    created = played["create"]
    assert (created["id"], created["name"], created["state"]) == (ID, "agent", "Succeeded")
    assert (created["version"], created["automatic"], created["minor"]) == ("1.0.0.0", False, False)


def test_settings_come_back_digit_for_digit_and_protected_ones_never(played: Played) -> None:
    created = played["create"]
    assert created["settings"] == {"port": 0, "names": ["one"], "exact": 12345678901234567890}
    assert "s3cret" not in json.dumps(played.answers)


def test_get_and_list_show_what_create_gave(played: Played) -> None:
    assert played["get"] == played["create"]
    assert played["listed"] == [played["create"]]


def test_update_changes_what_it_names_and_keeps_the_rest(played: Played) -> None:
    updated = played["update"]
    assert updated["tags"] == {"team": "one"}
    assert (updated["version"], updated["settings"]) == ("1.0.0.0", played["create"]["settings"])


def test_update_changes_the_flag(played: Played) -> None:
    if played.version == "8.0.0":
        pytest.skip("8.0.0 drops the flag from an update before it is sent")
    assert played["update"]["automatic"] is True


def test_create_over_what_is_there_changes_the_flag_and_keeps_the_rest(played: Played) -> None:
    enrolled = played["enrol"]
    assert (enrolled["automatic"], enrolled["tags"]) == (True, {"team": "one"})
    assert (enrolled["version"], enrolled["settings"]) == ("1.0.0.0", played["create"]["settings"])


def test_upgrade_moves_to_the_target_and_keeps_the_flag(played: Played) -> None:
    upgraded = played["upgrade"]
    assert (upgraded["version"], upgraded["automatic"]) == ("1.1.0.0", True)


def test_another_client_goes_on_from_a_continuation_token(played: Played) -> None:
    resumed = played["resumed"]
    assert (resumed["state"], resumed["settings"]) == ("Succeeded", {"port": 0, "round": 2})
    assert (resumed["version"], resumed["automatic"]) == ("1.1.0.0", True)


def test_machines_are_found_by_name_group_and_subscription(played: Played) -> None:
    assert played["machine"] == {"name": MACHINE, "id": ID.removesuffix("/extensions/agent")}
    assert played["machines"] == [[MACHINE], [MACHINE]]


def test_metadata_lists_the_versions_newest_first(played: Played) -> None:
    assert played["metadata"] == ["1.1.0.0", "1.0.0.0"]


def test_the_catalogue_of_today_lists_publishers_types_and_versions(played: Played) -> None:
    publishers, types, versions = played["catalogue"]
    assert AGENT.publisher.lower() in publishers
    assert types == [AGENT.type.lower()]
    assert versions == ["1.1.0.0", "1.0.0.0"]


@pytest.mark.parametrize(
    ("step", "raised", "code", "status"),
    [
        ("missing_extension", "ResourceNotFoundError", "HCRP404", 404),
        ("missing_machine", "ResourceNotFoundError", "ResourceNotFound", 404),
        ("unknown_version", "ResourceNotFoundError", "ResourceNotFound", 404),
        ("second_of_a_kind", "ResourceExistsError", "HCRP409", 409),
    ],
)
def test_an_error_reaches_the_caller_as_the_exception_of_its_class(
    played: Played, step: str, raised: str, code: str, status: int
) -> None:
    assert played[step] == {"raised": raised, "code": code, "status": status}


def test_a_wrong_secret_is_an_authentication_error(played: Played) -> None:
    assert played["wrong_secret"]["raised"] == "ClientAuthenticationError"


def test_delete_ends_when_it_is_gone_and_again_is_harmless(played: Played) -> None:
    assert played["delete"] == {"raised": "ResourceNotFoundError", "code": "HCRP404", "status": 404}
    assert played["delete_again"] is None
