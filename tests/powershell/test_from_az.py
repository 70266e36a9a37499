"""The page for authors of scripts: what it says a script needs is enough for one that is not changed."""

from __future__ import annotations

import re

from powershell.conftest import Run
from powershell.engine import ROOT

PAGE = ROOT / "docs" / "from-az-powershell.md"


def test_an_unchanged_script_runs_after_the_lines_of_the_page(run: Run) -> None:
    before, script = re.findall(r"```powershell\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    ended = run(
        f"$WarningPreference = 'SilentlyContinue'\n{before}\n"
        "Set-AzContext 11111111-2222-3333-4444-555555555555\n"
        "$null = Connect-AzConnectedMachine -ResourceGroupName rg -Name web1 -Simulated -OSType Linux\n"
        f"$null = & {{ {script} }}\n"
        "$e = Get-AzConnectedMachineExtension -ResourceGroupName rg -MachineName web1\n"
        "$e.Id.Split('/')[2], $e.EnableAutomaticUpgrade, $e.Tags.team -join ' '"
    )
    assert (ended.lines, ended.err) == (["11111111-2222-3333-4444-555555555555 True ops"], "")


def test_the_page_names_only_cmdlets_that_there_are() -> None:
    named = set(re.findall(r"[A-Z][a-z]+-AzConnected\w+", PAGE.read_text(encoding="utf-8")))
    assert named <= {path.stem for path in (ROOT / "psmodule" / "Public").iterdir()}
