"""The settings file, and the certificate that handlers decrypt it with."""

from __future__ import annotations

import base64
import json
import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from connectedmachine.handler.certificate import ensure_certificate
from connectedmachine.handler.settings import write_settings
from connectedmachine.handler.status import read_status
from connectedmachine.model.errors import DiskFullError, InvalidRequestError
from handler.support import fate_of, needs_posix_files, shell_command

SECRET = '{"password": "\N{LATIN SMALL LETTER E WITH ACUTE}t\\u00e9\\r\\n", "n": 1.10}'


def handler_settings(path: Path) -> dict[str, object]:
    document = json.loads(path.read_text())
    [entry] = document["runtimeSettings"]
    settings = entry["handlerSettings"]
    assert isinstance(settings, dict)
    return settings


def test_without_settings_there_is_an_empty_file_number_0(folder: Path) -> None:
    assert write_settings(folder, 4, None, None, folder.parent) == 0
    assert (folder / "config" / "0.settings").read_bytes() == b""
    assert not (folder / "config" / "4.settings").exists()


def test_of_several_extensions_each_has_its_own_file(folder: Path) -> None:
    write_settings(folder, 4, "{}", None, folder.parent, "web")
    assert write_settings(folder, 5, None, None, folder.parent, "db") == 0
    assert sorted(p.name for p in (folder / "config").iterdir()) == ["db.0.settings", "web.4.settings"]


def test_absent_parts_are_written_as_null(folder: Path) -> None:
    assert write_settings(folder, 4, '{"port": 80}', None, folder.parent) == 4
    assert handler_settings(folder / "config" / "4.settings") == {
        "publicSettings": {"port": 80},
        "protectedSettings": None,
        "protectedSettingsCertThumbprint": None,
    }
    assert list(folder.parent.glob("*.crt")) == []


def test_public_settings_keep_every_digit(folder: Path) -> None:
    text = '{"big": 12345678901234567890.10, "e": 1E400, "name": "\N{SNOWMAN}"}'
    write_settings(folder, 1, text, None, folder.parent)
    assert text in (folder / "config" / "1.settings").read_text()


@needs_posix_files
def test_the_file_is_its_owners_alone_and_nothing_else_is_left(folder: Path) -> None:
    write_settings(folder, 1, "{}", SECRET, folder.parent)
    path = folder / "config" / "1.settings"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list((folder / "config").iterdir()) == [path]


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs the openssl program")
@pytest.mark.parametrize("tool", ["cms", "smime"])
def test_handlers_decrypt_protected_settings_with_openssl(folder: Path, tmp_path: Path, tool: str) -> None:
    write_settings(folder, 1, None, SECRET, folder.parent)
    settings = handler_settings(folder / "config" / "1.settings")
    assert settings["publicSettings"] is None
    thumbprint = str(settings["protectedSettingsCertThumbprint"])
    blob = tmp_path / "blob"
    blob.write_bytes(base64.b64decode(str(settings["protectedSettings"]), validate=True))
    # Two levels above config/, where real handlers look.
    stem = folder / "config" / ".." / ".." / thumbprint
    key = ["-recip", f"{stem}.crt", "-inkey", f"{stem}.prv"]
    decrypt = ["openssl", tool, "-inform", "DER", "-decrypt", "-in", str(blob), *key]
    done = subprocess.run(decrypt, capture_output=True, check=True)
    assert done.stdout.decode() == SECRET


def test_a_secret_is_on_disk_only_encrypted(folder: Path) -> None:
    write_settings(folder, 1, '{"a": 1}', '{"password": "hunter2"}', folder.parent)
    for path in folder.parent.rglob("*"):
        assert not path.is_file() or b"hunter2" not in path.read_bytes()


@needs_posix_files
def test_the_certificate_is_made_once_named_by_its_thumbprint_and_its_key_is_private(tmp_path: Path) -> None:
    thumbprint = ensure_certificate(tmp_path)
    assert ensure_certificate(tmp_path) == thumbprint
    assert len(thumbprint) == 40
    assert thumbprint == thumbprint.upper()
    assert stat.S_IMODE((tmp_path / f"{thumbprint}.prv").stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"{thumbprint}.crt", f"{thumbprint}.prv"]


def test_a_crash_between_key_and_certificate_leads_to_a_whole_pair(tmp_path: Path) -> None:
    first = ensure_certificate(tmp_path)
    (tmp_path / f"{first}.crt").unlink()
    second = ensure_certificate(tmp_path)
    assert second != first
    assert (tmp_path / f"{second}.crt").exists()
    assert (tmp_path / f"{second}.prv").exists()


@pytest.mark.parametrize("damage", [b"", b"not a certificate"])
def test_a_damaged_certificate_is_not_used(tmp_path: Path, damage: bytes) -> None:
    first = ensure_certificate(tmp_path)
    (tmp_path / f"{first}.crt").write_bytes(damage)
    assert ensure_certificate(tmp_path) != first


@pytest.mark.parametrize(
    "text", ["", "[1]", "null", "{", '{"a": NaN}', "{} {}", "[" * 100_000, '{"a": "\ud800"}']
)
def test_settings_that_are_no_json_object_are_refused_and_nothing_is_written(folder: Path, text: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        write_settings(folder, 1, text, None, folder.parent)
    assert caught.value.code == "InvalidSettings"
    assert list((folder / "config").iterdir()) == []


def test_an_error_about_protected_settings_does_not_repeat_them(folder: Path) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        write_settings(folder, 1, None, '{"password": "hunter2"', folder.parent)
    assert "hunter2" not in f"{caught.value}{caught.value.hint}{caught.value.target}"
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs the openssl program")
@needs_posix_files
def test_what_is_not_ascii_comes_back_in_status_and_logs(folder: Path, run: Path) -> None:
    """By a handler that knows only a shell and openssl, as many do, in a locale that knows only ASCII."""
    public, secret = "\u017c\u00f3\u0142\u0107 \u2603 \U0001f980", "\u65e5\u672c"
    write_settings(
        folder, 1, json.dumps({"say": public}, ensure_ascii=False), f'{{"p": "{secret}"}}', folder.parent
    )
    (folder / "status").mkdir()
    spec = shell_command(
        folder,
        """
        field() { sed "s/.*\\"$1\\": *\\"\\([^\\"]*\\)\\".*/\\1/"; }
        said=$(field say < config/1.settings)
        thumbprint=$(sed 's/.*Thumbprint":"\\([^"]*\\)".*/\\1/' config/1.settings)
        sed 's/.*"protectedSettings":"\\([^"]*\\)".*/\\1/' config/1.settings | base64 -d > blob
        keys="-recip ../$thumbprint.crt -inkey ../$thumbprint.prv"
        hidden=$(openssl cms -inform DER -decrypt -in blob $keys | field p)
        echo "$said $hidden" | tee handler.log
        message="{\\"lang\\": \\"pl\\", \\"message\\": \\"$said $hidden\\"}"
        status="{\\"status\\": \\"success\\", \\"formattedMessage\\": $message}"
        echo "[{\\"status\\": $status}]" > status/1.status
        """,
        {"PATH": os.environ["PATH"], "LC_ALL": "C"},
    )
    fate = fate_of(spec, run)
    assert f"{public} {secret}" in fate.output
    assert (folder / "handler.log").read_text("utf-8") == f"{public} {secret}\n"
    assert read_status(folder, 1).message == f"{public} {secret}"


def test_a_full_disk_is_said_and_the_old_settings_stay(small_disk: Path) -> None:
    write_settings(small_disk, 1, '{"a": 1}', None, small_disk)
    with pytest.raises(DiskFullError) as caught:
        write_settings(small_disk, 1, json.dumps({"a": "x" * 1_000_000}), None, small_disk)
    assert caught.value.code == "DiskFull"
    [path] = (small_disk / "config").iterdir()
    assert '"a": 1' in path.read_text()
