"""The access log says who asked for what, and no secret."""

from __future__ import annotations

import json
from pathlib import Path

from connectedmachine.frontends.rest.access_log import log_file
from rest.support import RESOURCE, TOKEN_PATH, Door, error_of


def test_a_line_says_who_asked_for_what_and_how_it_ended(door: Door) -> None:
    token = door.token("pipeline")
    answer = door.call(
        "GET", RESOURCE, token=token, headers={"User-Agent": "a client", "x-ms-client-request-id": "7"}
    )
    line = json.loads(door.lines[-1])
    assert (line["caller"], line["method"], line["path"], line["status"]) == (
        "pipeline",
        "GET",
        RESOURCE,
        200,
    )
    assert (line["client"], line["clientRequestId"]) == ("a client", "7")
    assert line["requestId"] == answer.headers["x-ms-request-id"]


def test_a_refusal_is_logged_without_a_caller(door: Door) -> None:
    door.call("PUT", RESOURCE, peer="10.0.0.9")
    line = json.loads(door.lines[-1])
    assert (line["caller"], line["peer"], line["status"]) == (None, "10.0.0.9", 401)


def test_no_secret_token_or_query_is_logged(door: Door) -> None:
    form = door.credential()
    token = door.call("POST", TOKEN_PATH, form=form).json()["access_token"]
    door.call("GET", f"{RESOURCE}?$skiptoken=hidden", token=token)
    door.call("GET", "/msi/token?resource=hidden", headers={"X-IDENTITY-HEADER": "a:hidden"})
    logged = "\n".join(door.lines)
    assert len(door.lines) == 3
    for secret in ("hidden", form["client_secret"], token):
        assert secret not in logged


def test_a_path_cannot_forge_a_line(door: Door) -> None:
    door.call("GET", '/a%0A{"status": 200}')
    (line,) = door.lines
    assert "\n" not in line
    assert json.loads(line)["status"] == 404


def test_an_error_of_our_own_is_an_arm_error_and_is_logged(door: Door) -> None:
    token = door.token()
    (door.home / "secrets.key").unlink()  # and with it the keys of all tokens
    assert error_of(door.call("GET", RESOURCE, token=token)) == (500, "InternalServerError")
    assert json.loads(door.lines[-1])["status"] is None


def test_the_file_is_rotated(tmp_path: Path) -> None:
    write = log_file(tmp_path / "a.log")
    for _ in range(9):
        write("x" * (1 << 20))
    assert {path.name for path in tmp_path.iterdir()} == {"a.log", "a.log.1", "a.log.2"}
