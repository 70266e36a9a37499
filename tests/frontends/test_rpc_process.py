"""The backend as a process: what it imports and when, its streams, its end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

COMMAND = [sys.executable, "-I", "-X", "utf8", "-m", "connectedmachine.frontends.rpc"]


@contextmanager
def backend(home: Path, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [COMMAND[0], *options, *COMMAND[1:]],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "AZCMLITE_HOME": str(home)},
    )
    with process:
        yield process
        if process.poll() is None:
            process.kill()


def ask(process: subprocess.Popen[bytes], method: str, **params: object) -> dict[str, object]:
    assert process.stdin is not None
    assert process.stdout is not None
    frame = {"jsonrpc": "2.0", "id": "1", "method": method, "params": params}
    process.stdin.write(json.dumps(frame).encode() + b"\n")
    process.stdin.flush()
    reply = json.loads(process.stdout.readline())
    assert isinstance(reply, dict)
    return reply


def read_hello(process: subprocess.Popen[bytes]) -> dict[str, object]:
    assert process.stdout is not None
    frame = json.loads(process.stdout.readline())
    params = frame["params"]
    assert isinstance(params, dict)
    return params


def test_hello_tells_the_backends_own_process_id(tmp_path: Path) -> None:
    with backend(tmp_path) as process:
        assert isinstance(read_hello(process)["pid"], int)


def test_a_call_is_answered_from_the_real_store(tmp_path: Path) -> None:
    with backend(tmp_path) as process:
        read_hello(process)
        assert ask(process, "machine.list")["result"] == {"value": []}


def test_a_repeated_change_is_done_once(tmp_path: Path) -> None:
    with backend(tmp_path) as process:
        read_hello(process)
        ask(process, "machine.connect", resourceGroup="rg", name="m", simulated=True)
        address = {"resourceGroup": "rg", "machine": "m", "name": "p"}
        ask(process, "probe.add", **address, tcp="localhost:1")
        first = ask(process, "probe.remove", **address, idempotencyKey="k")
        again = ask(process, "probe.remove", **address, idempotencyKey="k")
    assert first["result"] == again["result"] == {"removed": True}


def test_the_end_of_input_ends_the_process_with_code_0(tmp_path: Path) -> None:
    with backend(tmp_path) as process:
        read_hello(process)
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(timeout=30) == 0


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="needs signals to a process of its own")
def test_ctrl_c_in_the_terminal_does_not_end_it(tmp_path: Path) -> None:
    with backend(tmp_path) as process:
        read_hello(process)
        ask(process, "machine.list")
        process.send_signal(signal.SIGINT)
        assert "result" in ask(process, "machine.list")


def imports(log: bytes) -> list[str]:
    """Modules in the order in which -X importtime reports them."""
    lines = (line for line in log.decode().splitlines() if line.startswith("import time:"))
    return [line.rsplit("|", 1)[1].strip() for line in lines]


def test_hello_needs_only_what_is_cheap_to_import(tmp_path: Path) -> None:
    bare = [
        sys.executable,
        "-I",
        "-X",
        "utf8",
        "-X",
        "importtime",
        "-c",
        "import json, queue, runpy, threading",
    ]
    allowed = imports(subprocess.run(bare, capture_output=True, check=True).stderr)
    with backend(tmp_path, "-X", "importtime") as process:
        read_hello(process)
        _, log = process.communicate(timeout=30)
    names = imports(log)
    before_hello = names[: names.index("connectedmachine.frontends.rpc_methods")]
    assert "connectedmachine.service" in names
    assert set(before_hello) - set(allowed) <= {
        "__future__",
        "connectedmachine",
        "connectedmachine.frontends",
    }


def test_a_read_imports_nothing_that_is_heavy(tmp_path: Path) -> None:
    with backend(tmp_path, "-X", "importtime") as process:
        read_hello(process)
        ask(process, "machine.connect", resourceGroup="rg", name="m", simulated=True)
        process.communicate(timeout=30)
    with backend(tmp_path, "-X", "importtime") as process:
        read_hello(process)
        assert process.stdin is not None
        reply = ask(process, "extension.list", resourceGroup="rg", machine="m")
        _, log = process.communicate(timeout=30)
    assert reply["result"] == {"value": []}
    names = {line.rsplit("|", 1)[1].strip() for line in log.decode().splitlines() if "|" in line}
    assert not {"pydantic", "jsonschema", "cryptography", "psutil", "asyncio"} & names
