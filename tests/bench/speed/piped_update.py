"""A thousand extensions piped into Update-AzConnectedMachineExtension, over a trivial backend's changes.

Each of the thousand is an extension of its own and is really changed. The floor writes as long a request to
a process that makes it as durable as the store does, a write and an fsync, and answers with a reply that the
real backend gave; of that, the module's own functions make the same object. Where the floor does 1,200 a
second, the goal is 200 a second.
"""

from __future__ import annotations

import json
from pathlib import Path

from connectedmachine.gallery.catalogue import Catalogue
from speed.engine import MANIFEST, timed
from speed.extension import GROUP, converse
from speed.measure import Result, Turns

_EXTENSIONS = 1000
_TURNS = 5

_TRIVIAL = """import os, sys
reply = open(sys.argv[1], "rb").read()
store = os.open(sys.argv[2], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
for line in sys.stdin.buffer:
    os.write(store, line)
    os.fsync(store)
    sys.stdout.buffer.write(reply)
    sys.stdout.buffer.flush()
"""

_SCRIPT = f"""
$module = Import-Module $env:BENCH_MODULE -PassThru
$start = [Diagnostics.ProcessStartInfo]::new($env:AZCMLITE_PYTHON, $env:BENCH_TRIVIAL)
$start.UseShellExecute = $false
$start.RedirectStandardInput = $true
$start.RedirectStandardOutput = $true
$trivial = [Diagnostics.Process]::Start($start)
$extensions = Get-AzConnectedMachine | Get-AzConnectedMachineExtension
if ($extensions.Count -ne {_EXTENSIONS}) {{ throw "There are $($extensions.Count) extensions." }}

function Cost {{
    $watch = [Diagnostics.Stopwatch]::StartNew()
    $null = $extensions | Update-AzConnectedMachineExtension -Tag @{{ turn = "$turn" }}
    Seconds $watch
}}
# Inside the module, where the functions are that make the object.
$floor = $module.NewBoundScriptBlock({{
    param($Process, $Request)
    $watch = [Diagnostics.Stopwatch]::StartNew()
    for ($call = 0; $call -lt {_EXTENSIONS}; $call++) {{
        $Process.StandardInput.WriteLine($Request)
        $Process.StandardInput.Flush()
        $object = ToExtension (ReadJson $Process.StandardOutput.ReadLine())['result']
    }}
    $watch
}})
for ($turn = 0; $turn -lt {_TURNS} + 1; $turn++) {{
    if ($turn % 2) {{ $cost = Cost; $least = Seconds (& $floor $trivial $env:BENCH_REQUEST) }}
    else {{ $least = Seconds (& $floor $trivial $env:BENCH_REQUEST); $cost = Cost }}
    "$cost $least"
}}
$trivial.StandardInput.Close()
$trivial.WaitForExit()
"""


def piped_update(engine: Path, folder: Path) -> Result:
    """Measure it in one engine."""
    request, reply = _prepare()
    trivial = folder / "trivial.py"
    trivial.write_text(_TRIVIAL, encoding="ascii")
    (folder / "reply").write_bytes(reply.encode("ascii") + b"\n")
    variables = {
        "BENCH_MODULE": str(MANIFEST),
        "BENCH_TRIVIAL": f'-I "{trivial}" "{folder / "reply"}" "{folder / "store"}"',
        "BENCH_REQUEST": request,
    }
    _, *counted = timed(engine, _SCRIPT, variables)
    turns = Turns([cost for cost, _ in counted], [floor for _, floor in counted])
    rate = _EXTENSIONS / sorted(turns.costs)[len(turns.costs) // 2]
    return Result("piped update", turns.ratio, 6, f"{rate:.0f} a second; {turns.detail}")


def _prepare() -> tuple[str, str]:
    """Put the extensions on machines where nothing can be installed; return a change and its reply."""
    handlers = [entry.handler for entry in Catalogue.load().entries]
    calls: list[tuple[str, dict[str, object]]] = []
    for number in range(_EXTENSIONS):
        machine = f"m{number // len(handlers)}"
        handler = handlers[number % len(handlers)]
        if number % len(handlers) == 0:
            simulated = {"simulated": True, "osType": "Linux"}
            calls.append(("machine.connect", {"resourceGroup": GROUP, "name": machine, **simulated}))
        properties = {"publisher": handler.publisher, "type": handler.type}
        body = json.dumps({"properties": properties})
        address = {"resourceGroup": GROUP, "machine": machine, "name": f"e{number}"}
        calls.append(("extension.put", {**address, "bodyText": body}))
    change = {"resourceGroup": GROUP, "machine": "m0", "name": "e0", "bodyText": '{"tags":{"turn":"0"}}'}
    *_, exchange = converse(*calls, ("extension.patch", change))
    return exchange.request, exchange.reply
