"""What to set so that the Azure SDK and ``az`` talk to this server. Pure.

REST reference, sections 6 and 7.4.
"""

from __future__ import annotations

import shlex
from pathlib import Path


def environment(shell: str, url: str, certificate: Path | None, home: Path) -> str:
    """Lines for ``bash`` or ``powershell``; what a user has to fill in or do once is a comment.

    Args:
        url: Of the server, without a path.
        certificate: What clients trust; ``None`` for plain HTTP.
    """
    variables = {
        "ARM_ENDPOINT": url,
        "AZURE_AUTHORITY_HOST": url,
        **({"REQUESTS_CA_BUNDLE": str(certificate)} if certificate else {}),
        # The account that az is logged in with elsewhere stays as it is.
        "AZURE_CONFIG_DIR": str(home / "azure-cli"),
        "AZURE_CORE_INSTANCE_DISCOVERY": "false",
        "AZURE_CORE_COLLECT_TELEMETRY": "no",
    }
    quoted = _bash if shell == "bash" else _powershell
    identity = {"IDENTITY_ENDPOINT": f"{url}/msi/token", "IDENTITY_HEADER": "CLIENT_ID:SECRET"}
    lines = [
        "# For this shell only: REQUESTS_CA_BUNDLE takes the place of the certificates of all other sites.",
        *(quoted(name, value) for name, value in variables.items()),
        "# Once: connectedmachine credential create --name az --scope operate",
        f"# Once: az cloud register -n LocalArc --endpoint-resource-manager {url}",
        "#       az cloud set -n LocalArc",
        "# Then: az login --service-principal -u CLIENT_ID -p SECRET --tenant"
        " 00000000-0000-0000-0000-000000000000",
        "# Or, with az login --identity and ManagedIdentityCredential:",
        *(f"#   {quoted(name, value)}" for name, value in identity.items()),
    ]
    return "\n".join(lines)


def _bash(name: str, value: str) -> str:
    return f"export {name}={shlex.quote(value)}"


def _powershell(name: str, value: str) -> str:
    return f"$env:{name} = '{value.replace(chr(39), chr(39) * 2)}'"
