"""The server as users start it: over TLS and a Unix socket, its refusals to start, and its stop."""

from __future__ import annotations

import json
import os
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from connectedmachine.frontends.rest.names import address_of
from connectedmachine.frontends.rest.server import _bound
from frontends.cli_harness import Cli
from rest.serving import Server, is_posix, log_of, serving, token_of
from rest.support import error_of

ON_POSIX = pytest.mark.skipif(not is_posix(), reason="Unix sockets and signals")


@pytest.fixture(scope="module")
def cli(tmp_path_factory: pytest.TempPathFactory) -> Cli:
    return Cli(tmp_path_factory.mktemp("served"))


@pytest.fixture(scope="module")
def server(cli: Cli) -> Iterator[Server]:
    """One for all that leave it as it is."""
    where = ["--unix-socket", str(cli.root / "s")] if is_posix() else []
    with serving(cli, *where) as started:
        yield started


@pytest.fixture(scope="module")
def token(server: Server, cli: Cli) -> str:
    return token_of(server, cli)


def test_a_client_that_trusts_the_certificate_is_served(server: Server, token: str) -> None:
    with server.client(token) as client:
        answer = client.get("/tenants")
    assert answer.status_code == 200
    assert server.url.startswith("https://127.0.0.1:")


def test_a_client_that_does_not_trust_it_refuses(server: Server) -> None:
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        httpx.get(f"{server.url}/tenants", trust_env=False)


def test_without_a_token_the_answer_is_401(server: Server) -> None:
    with server.client() as client:
        assert error_of(client.get("/tenants")) == (401, "AuthenticationFailed")


def test_a_foreign_host_is_refused(server: Server, token: str) -> None:
    with server.client(token) as client:
        answer = client.get("/tenants", headers={"Host": "evil.example"})
    assert error_of(answer) == (400, "InvalidHost")


def test_a_credential_revoked_by_the_command_ends_at_once(server: Server, cli: Cli) -> None:
    token = token_of(server, cli, "short")
    with server.client(token) as client:
        assert client.get("/tenants").status_code == 200
        assert cli.run("credential", "revoke", "--name", "short").code == 0
        assert error_of(client.get("/tenants")) == (401, "InvalidAuthenticationToken")


@pytest.mark.parametrize("size", [(1 << 20) + 1, 8 << 20])
def test_a_body_that_is_too_large_is_refused_and_the_connection_ends(
    server: Server, token: str, size: int
) -> None:
    with server.client(token) as client:
        answer = client.put("/tenants", content=b"a" * size)
    assert error_of(answer) == (413, "RequestEntityTooLarge")


def _connected(server: Server) -> ssl.SSLSocket:
    host, port = server.url.removeprefix("https://").split(":")
    context = ssl.create_default_context(cafile=str(server.said["certificate"]))
    return context.wrap_socket(socket.create_connection((host, int(port))), server_hostname=host)


def _to_the_end(connection: ssl.SSLSocket) -> bytes:
    return b"".join(iter(lambda: connection.recv(1 << 16), b""))


def _raw(server: Server, request: bytes) -> bytes:
    """What comes back for these bytes, up to the end of the connection."""
    with _connected(server) as connection:
        connection.sendall(request)
        return _to_the_end(connection)


def test_endless_headers_are_cut_off(server: Server) -> None:
    answer = _raw(server, b"GET / HTTP/1.1\r\n" + b"X: " + b"a" * (64 << 10))
    assert answer.startswith(b"HTTP/1.1 4")


@pytest.mark.parametrize(
    "request_line",
    [b"\x16\x03\x01\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", b"GET /\xff HTTP/1.1\r\nHost: a\r\n\r\n"],
)
def test_what_is_no_http_is_refused(server: Server, request_line: bytes) -> None:
    head, _, body = _raw(server, request_line).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400")
    assert json.loads(body)["error"]["code"]


def test_an_answer_is_sent_as_one(server: Server) -> None:
    host = server.url.removeprefix("https://").encode()
    with _connected(server) as connection:
        connection.sendall(b"GET /tenants HTTP/1.1\r\nHost: %s\r\n\r\n" % host)
        head, _, body = connection.recv(1 << 16).partition(
            b"\r\n\r\n"
        )  # one TLS record, whatever comes later
    assert head.startswith(b"HTTP/1.1 401")
    assert json.loads(body)["error"]["code"] == "AuthenticationFailed"


def test_a_client_that_waits_to_be_asked_for_its_body_is_asked(server: Server, token: str) -> None:
    host = server.url.removeprefix("https://").encode()
    request = (
        b"PUT /tenants HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nContent-Length: 2\r\n"
        b"Expect: 100-continue\r\nConnection: close\r\n\r\n" % (host, token.encode())
    )
    with _connected(server) as connection:
        connection.sendall(request)
        assert connection.recv(1 << 16).startswith(b"HTTP/1.1 100 ")
        connection.sendall(b"{}")
        assert _to_the_end(connection).startswith(b"HTTP/1.1 405")


def test_an_answer_is_sent_without_waiting_for_acknowledgements() -> None:
    # asyncio sets TCP_NODELAY for sockets that name their protocol, and for no others.
    with _bound(address_of("127.0.0.1"), 0) as listener:
        assert listener.proto == socket.IPPROTO_TCP


def test_two_hosts_are_none(server: Server) -> None:
    host = server.url.removeprefix("https://").encode()
    both = b"GET / HTTP/1.1\r\nHost: %s\r\nHost: evil\r\nConnection: close\r\n\r\n" % host
    assert _raw(server, both).startswith(b"HTTP/1.1 400")


def test_a_forwarded_header_is_not_believed(server: Server, cli: Cli, token: str) -> None:
    with server.client(token) as client:
        client.get("/tenants", headers={"X-Forwarded-For": "6.6.6.6", "X-Forwarded-Proto": "http"})
    line = json.loads(log_of(cli, "rest-access.log").splitlines()[-1])
    assert line["peer"] == "127.0.0.1"


@ON_POSIX
def test_the_same_user_needs_no_token_over_the_socket(server: Server) -> None:
    transport = httpx.HTTPTransport(uds=str(server.said["unixSocket"]))
    with httpx.Client(transport=transport, base_url="http://localhost") as client:
        assert client.get("/tenants").status_code == 200


@ON_POSIX
def test_the_socket_is_its_owners_alone(server: Server) -> None:
    assert Path(str(server.said["unixSocket"])).stat().st_mode & 0o777 == 0o600


@pytest.mark.skipif(not is_posix() or os.geteuid() != 0, reason="only root can become another user")
def test_another_user_needs_a_token_over_the_socket(server: Server) -> None:
    code = (
        "import os, socket, sys\n"
        "connection = socket.socket(socket.AF_UNIX)\n"
        "os.chdir(sys.argv[1])\n"
        "os.setuid(65534)\n"
        "connection.connect('s')\n"
        "connection.sendall(b'GET /tenants HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n')\n"
        "print(connection.recv(100).decode())\n"
    )
    path = Path(str(server.said["unixSocket"]))
    # As if its owner had opened it to others; the kernel's word counts all the same.
    path.chmod(0o666)
    path.parent.chmod(0o711)
    try:
        done = subprocess.run(
            [sys.executable, "-c", code, str(path.parent)], capture_output=True, text=True, check=False
        )
    finally:
        path.parent.chmod(0o700)
        path.chmod(0o600)
    assert done.stdout.startswith("HTTP/1.1 401"), done.stderr


def test_a_second_server_on_the_port_is_told_so(server: Server, cli: Cli) -> None:
    port = server.url.rpartition(":")[2]
    done = cli.run("serve", "--port", port)
    assert done.code == 1
    error, hint = done.err.splitlines()
    assert error.startswith("ERROR: (PortInUse) ")
    assert "--port" in hint


@pytest.mark.parametrize(
    ("arguments", "code", "exit_code"),
    [
        (["--host", "0.0.0.0", "--http"], "TlsNeeded", 1),
        (["--host", "0.0.0.0"], "CredentialNeeded", 1),
        (["--host", "192.0.2.1"], "CredentialNeeded", 1),
        (["--host", "example.com"], "InvalidHost", 2),
        (["--certificate", "none.pem"], "CertificateUnusable", 2),
        (["--key", "none.pem"], "InvalidArgument", 2),
        (["--scenario", "none.json"], "InvalidScenario", 2),
        (["--port", "65536"], "InvalidArgument", 2),
        (["--port", "0", "--print-env"], "InvalidArgument", 2),
    ],
)
def test_a_server_that_cannot_be_says_why_in_one_line(
    tmp_path: Path, arguments: list[str], code: str, exit_code: int
) -> None:
    done = Cli(tmp_path).run("serve", *arguments)
    assert (done.code, done.out) == (exit_code, "")
    error, _hint = done.err.splitlines()
    assert error.startswith(f"ERROR: ({code}) ")


@ON_POSIX
def test_a_file_in_the_place_of_the_socket_stays(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("precious")
    done = Cli(tmp_path).run("serve", "--port", "0", "--unix-socket", "mine")
    assert "(InvalidSocket)" in done.err
    assert (tmp_path / "mine").read_text() == "precious"


def test_every_address_is_served_once_there_is_a_credential(tmp_path: Path) -> None:
    cli = Cli(tmp_path)
    assert cli.run("credential", "create", "--name", "a").code == 0
    with serving(cli, "--host", "0.0.0.0") as server, server.client() as client:
        assert client.get("/tenants").status_code == 401


def test_plain_http_is_served_on_request(tmp_path: Path) -> None:
    with serving(Cli(tmp_path), "--http") as server, server.client() as client:
        assert server.url.startswith("http://127.0.0.1:")
        assert server.said["certificate"] is None
        assert client.get("/tenants").status_code == 401


def test_a_scenario_drops_a_connection(tmp_path: Path) -> None:
    (tmp_path / "s.json").write_text('{"rules": [{"call": 1, "do": {"dropConnection": true}}]}')
    cli = Cli(tmp_path)
    with serving(cli, "--scenario", "s.json") as server, server.client() as client:
        with pytest.raises(httpx.TransportError):
            client.get("/tenants")
        assert client.get("/tenants").status_code == 401
    assert "ERROR" not in log_of(cli, "rest.log")


@ON_POSIX
def test_a_stop_lets_a_request_finish_and_takes_no_more(tmp_path: Path) -> None:
    scenario = '{"rules": [{"path": "/slow", "do": {"delaySeconds": 1, "status": 418, "code": "Tea"}}]}'
    (tmp_path / "s.json").write_text(scenario)
    cli = Cli(tmp_path)
    with serving(cli, "--scenario", "s.json", "--unix-socket", "sock") as server:
        host = server.url.removeprefix("https://")
        with _connected(server) as connection:
            # It is in the server's hands before the signal is.
            connection.sendall(b"GET /slow HTTP/1.1\r\nHost: %s\r\n\r\n" % host.encode())
            server.process.terminate()
            assert _to_the_end(connection).startswith(b"HTTP/1.1 418")
        assert server.process.wait() == 0
        assert not (tmp_path / "sock").exists()
        name, port = host.split(":")
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((name, int(port)))


@ON_POSIX
def test_a_socket_that_a_killed_server_left_is_taken_over(tmp_path: Path) -> None:
    cli = Cli(tmp_path)
    for _ in range(2):
        with serving(cli, "--unix-socket", "sock"):
            assert (tmp_path / "sock").is_socket()
