"""Makes the module as Install-Module wants it: ``dist/Az.ConnectedMachineLite/<version>/``.

    python3 scripts/build.py [folder]

One script module instead of many files, since under a signing policy each file costs its own check; a
manifest with its file list; views, topics, licence, the script for a scheduled pass; and the backend as a
wheel, which ``Install-AzConnectedMachineBackend`` installs. The folder is made beside its place and then
moved there.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from _environment import ROOT, ensure

MODULE = "Az.ConnectedMachineLite"
_DOT_SOURCE = re.compile(r'^\. "\$PSScriptRoot/(\S+)"\n', re.MULTILINE)


def build(python: Path, dist: Path) -> Path:
    """Build into ``dist`` with a ``python`` that has hatchling; return the folder of this version."""
    version = re.search(r"ModuleVersion\s*= '([\d.]+)'", _manifest())
    assert version is not None
    place = dist / MODULE / version[1]
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place.parent) as made:
        folder = Path(made) / "module"
        wheel = [str(python), "-I", "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder / "backend")]
        done = subprocess.run(wheel, cwd=ROOT, check=False, capture_output=True, encoding="utf-8")
        if done.returncode != 0:
            sys.exit(f"hatchling could not build the wheel:\n{done.stderr}")
        write_module(folder)
        shutil.rmtree(place, ignore_errors=True)
        folder.rename(place)
    return place


def write_module(folder: Path) -> Path:
    """Write all but the backend into ``folder``, which may hold that; return the manifest."""
    _copy(folder)
    (folder / f"{MODULE}.psm1").write_text(merged(), encoding="ascii", newline="\n")
    files = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    manifest = folder / f"{MODULE}.psd1"
    text = built_manifest(_manifest(), [manifest.name, *files])
    manifest.write_text(text, encoding="ascii", newline="\n")
    return manifest


def _manifest() -> str:
    return (ROOT / f"{MODULE}.psd1").read_text(encoding="ascii")


def merged() -> str:
    """The root script with each file that it dot-sources in that line's place."""
    source = ROOT / "psmodule"
    root = (source / f"{MODULE}.psm1").read_text(encoding="ascii")
    return _DOT_SOURCE.sub(lambda line: "\n" + (source / line[1]).read_text(encoding="ascii"), root)


def built_manifest(manifest: str, files: list[str]) -> str:
    """The manifest for a folder where everything lies beside it, naming ``files``."""
    text = manifest.replace("'psmodule/", "'")
    listed = "".join(f"        '{name}'\n" for name in files)
    return text.replace(
        "    FunctionsToExport ", f"    FileList             = @(\n{listed}    )\n    FunctionsToExport "
    )


def _copy(folder: Path) -> None:
    (folder / "scripts").mkdir(parents=True)
    shutil.copytree(ROOT / "en-US", folder / "en-US")
    for source, target in (
        (f"psmodule/{MODULE}.format.ps1xml", "."),
        ("LICENSE", "."),
        ("CHANGELOG.md", "."),
        ("scripts/pass.ps1", "scripts"),
    ):
        shutil.copy(ROOT / source, folder / target)


def main(arguments: list[str]) -> None:
    """Build into the folder that is named, else ``dist``."""
    dist = Path(arguments[0]).absolute() if arguments else ROOT / "dist"
    print(build(ensure("test"), dist))


if __name__ == "__main__":
    main(sys.argv[1:])
