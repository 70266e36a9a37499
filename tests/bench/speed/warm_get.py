"""Reading an extension when everything is warm, over the same bytes from a trivial backend.

The floor writes the same request to a process that answers every line with the reply the real backend
gave, and makes the same object of it with the module's own functions. What is left as the difference: the
cmdlet's parameters, the module's care for Ctrl+C, progress and errors, and the backend with its store.
"""

from __future__ import annotations

from pathlib import Path

from speed.engine import MANIFEST, timed
from speed.extension import GET, prepare
from speed.measure import Result, Turns

_TRIVIAL = """import sys
reply = open(sys.argv[1], "rb").read()
for line in sys.stdin.buffer:
    sys.stdout.buffer.write(reply)
    sys.stdout.buffer.flush()
"""

_TURNS = 25
_SCRIPT = f"""
$module = Import-Module $env:BENCH_MODULE -PassThru
$arguments = "-I `"$env:BENCH_TRIVIAL`" `"$env:BENCH_REPLY`""
$start = [Diagnostics.ProcessStartInfo]::new($env:AZCMLITE_PYTHON, $arguments)
$start.UseShellExecute = $false
$start.RedirectStandardInput = $true
$start.RedirectStandardOutput = $true
$trivial = [Diagnostics.Process]::Start($start)

function Cost {{
    $watch = [Diagnostics.Stopwatch]::StartNew()
    for ($call = 0; $call -lt 20; $call++) {{ $object = {GET} }}
    Seconds $watch
}}
# Inside the module, where the functions are that make the object.
$floor = $module.NewBoundScriptBlock({{
    param($Process, $Request)
    $watch = [Diagnostics.Stopwatch]::StartNew()
    for ($call = 0; $call -lt 20; $call++) {{
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


def warm_get(engine: Path, folder: Path) -> Result:
    """Measure it in one engine, twenty calls of each in turn."""
    exchange = prepare()
    trivial, reply = folder / "trivial.py", folder / "reply"
    trivial.write_text(_TRIVIAL, encoding="ascii")
    reply.write_bytes(exchange.reply.encode("ascii") + b"\n")
    variables = {
        "BENCH_MODULE": str(MANIFEST),
        "BENCH_TRIVIAL": str(trivial),
        "BENCH_REPLY": str(reply),
        "BENCH_REQUEST": exchange.request,
    }
    _, *counted = timed(engine, _SCRIPT, variables)
    turns = Turns([cost / 20 for cost, _ in counted], [floor / 20 for _, floor in counted])
    return Result("warm get", turns.ratio, 1.5, turns.detail)
