"""A ``crontab`` for hosts that have none, and so that no test touches the one of whoever runs it."""

from __future__ import annotations

import os
from pathlib import Path


def played_crontab(folder: Path) -> tuple[Path, str]:
    """Make a program that keeps a crontab in a file, as the real one does; returns the file, and a PATH."""
    kept, program = folder / "crontab.kept", folder / "bin" / "crontab"
    program.parent.mkdir(exist_ok=True)
    program.write_text(
        "#!/bin/sh\n"
        f'if [ "$1" = -l ]; then [ -e "{kept}" ] || {{ echo no crontab for you >&2; exit 1; }}\n'
        f'cat "{kept}"\n'
        f'else cat > "{kept}.new" && mv "{kept}.new" "{kept}"; fi\n'
    )
    program.chmod(0o755)
    return kept, f"{program.parent}{os.pathsep}{os.environ['PATH']}"
