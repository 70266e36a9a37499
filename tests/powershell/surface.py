"""Azure's surface beside ours, parameter by parameter: the page docs/powershell-surface.md.

    python3 scripts/surface.py [--check]

``surface.json`` has what Az.ConnectedMachine takes (help pages and sources of releases 0.3 to 1.x), ours is
read from the engine. A row says what is the same, what we take besides, and what is refused and why.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from powershell.engine import MANIFEST, ROOT, run_engine

PAGE = ROOT / "docs" / "powershell-surface.md"
DATA = Path(__file__).with_name("surface.json")
ALL_SETS = "__AllParameterSets"

REFUSED = {
    "Break": "it waits for a debugger of Azure's own code",
    "HttpPipelineAppend": "it changes HTTP requests, and none are sent",
    "HttpPipelinePrepend": "it changes HTTP requests, and none are sent",
    "PSSession": "it connects other hosts; run the cmdlet there",
}
"""Parameters that we do not have. Naming one is an error, as for any name that is none."""

NO_EFFECT = {
    "DefaultProfile": "nothing is sent to Azure; Azure's own cmdlets ignore it too",
    "Proxy": "nothing is sent to Azure",
    "ProxyCredential": "nothing is sent to Azure",
    "ProxyUseDefaultCredentials": "nothing is sent to Azure",
    "Expand": "the instance view is always there; other values are refused",
    **dict.fromkeys(
        (
            *("InstanceViewName", "InstanceViewType", "InstanceViewTypeHandlerVersion", "StatusCode"),
            *("StatusDisplayStatus", "StatusLevel", "StatusMessage", "StatusTime"),
        ),
        "how an extension stands is what its handler says",
    ),
    **dict.fromkeys(
        (
            *("AgentUpgradeCorrelationId", "AgentUpgradeDesiredVersion", "AgentUpgradeEnableAutomatic"),
            *("EnableSystemAssignedIdentity", "IdentityType", "OSProfile", "PrivateLinkScopeResourceId"),
        ),
        "kept and shown; a warning says so",
    ),
}
"""Parameters that we take because ignoring them harms nobody, and why."""

NO_EFFECT_AT = {
    ("Get-AzConnectedExtensionMetadata", "SubscriptionId"): "versions are the same in every subscription",
    ("Remove-AzConnectedMachine", "NoWait"): "there is nothing to wait for",
}

WIDER = {
    "IConnectedMachineIdentity": (
        "Object",
        "what our cmdlets write, or a hashtable with `Id` or the name parts",
    ),
    "IMachineExtension": ("Object", "an extension of ours, or a hashtable of the same names"),
    "IMachineExtensionUpdate": ("Object", "an extension of ours, or a hashtable of the same names"),
    "IMachineExtensionUpgrade": ("Object", "an object or hashtable with `ExtensionTarget`"),
    "IMachineUpdate": ("Object", "a machine of ours, or a hashtable of the same names"),
    "IOSProfile": ("Object", "a hashtable as the REST API writes it"),
    "String": ("Object", "text or a number as written"),
}
"""Types that are another here, and what they take."""

HIDDEN_OF_OURS = {"BareValue"}


@dataclass(frozen=True)
class Parameter:
    """A parameter: the sets it is mandatory and optional in, and how it binds."""

    name: str
    type: str
    mandatory: frozenset[str]
    optional: frozenset[str]
    aliases: frozenset[str] = frozenset()
    pipeline: str = ""
    position: int | None = None
    hidden: bool = False

    @property
    def sets(self) -> frozenset[str]:
        return self.mandatory | self.optional


@dataclass(frozen=True)
class Cmdlet:
    """A cmdlet with its parameters by name."""

    default: str
    sets: tuple[str, ...]
    output: tuple[str, ...]
    should_process: bool
    parameters: dict[str, Parameter]


def theirs() -> dict[str, Cmdlet]:
    """Azure's surface."""
    return _cmdlets(json.loads(DATA.read_text(encoding="utf-8")))


_READ = """
$common = [Management.Automation.PSCmdlet]::CommonParameters
$all = [ordered]@{}
foreach ($command in Get-Command -Module Az.ConnectedMachineLite) {
    $default = $command.DefaultParameterSet
    $all[$command.Name] = @{
        default = $(if ($default) { $default } else { '__AllParameterSets' })
        output = @($command.OutputType | ForEach-Object { $_.Name -replace '^.*\\.' })
        shouldProcess = $command.Parameters.ContainsKey('WhatIf')
        sets = @($command.ParameterSets | ForEach-Object Name)
        parameters = @(foreach ($parameter in $command.Parameters.Values) {
            if ($parameter.Name -in $common) { continue }
            $sets = foreach ($name in $command.ParameterSets.Name) {
                $of = $parameter.ParameterSets[$name]
                if (-not $of) { $of = $parameter.ParameterSets['__AllParameterSets'] }
                if ($of) { @{ name = $name; of = $of } }
            }
            $any = @($sets)[0].of
            $type = $parameter.ParameterType
            $inner = [Nullable]::GetUnderlyingType($type)
            @{
                name = $parameter.Name
                type = $(if ($inner) { "Nullable[$($inner.Name)]" } else { $type.Name })
                mandatory = @($sets | Where-Object { $_.of.IsMandatory } | ForEach-Object { $_.name })
                optional = @($sets | Where-Object { -not $_.of.IsMandatory } | ForEach-Object { $_.name })
                aliases = @($parameter.Aliases)
                pipeline = $(
                    if ($any.ValueFromPipeline) { 'ByValue' }
                    elseif ($any.ValueFromPipelineByPropertyName) { 'ByPropertyName' }
                    else { '' })
                position = $(if ($any.Position -ge 0) { $any.Position })
                hidden = [bool] ($parameter.Attributes | Where-Object { $_.DontShow })
            }
        })
    }
}
ConvertTo-Json -InputObject $all -Depth 8 -Compress
"""


def ours() -> dict[str, Cmdlet]:
    """Our surface, as the engine has it."""
    ended = run_engine(["-Command", f"Import-Module '{MANIFEST}'\n{_READ}"], dict(os.environ))
    return _cmdlets(ended.json())


def _cmdlets(data: dict[str, Any]) -> dict[str, Cmdlet]:
    return {
        name: Cmdlet(
            default=entry["default"],
            sets=tuple(entry["sets"]),
            output=tuple(entry["output"]),
            should_process=entry["shouldProcess"],
            parameters={
                each["name"]: Parameter(
                    each["name"],
                    each["type"],
                    frozenset(each["mandatory"]),
                    frozenset(each["optional"]),
                    frozenset(each.get("aliases", ())),
                    each.get("pipeline", ""),
                    each.get("position"),
                    each.get("hidden", False),
                )
                for each in entry["parameters"]
            },
        )
        for name, entry in data.items()
    }


def gaps(azures: Cmdlet, here: Cmdlet) -> list[str]:
    """Where a call that Azure's cmdlet takes would not be taken, and no reason is given for it."""
    found = []
    if here.default != azures.default:
        found.append(f"default set {here.default}")
    if missing := set(azures.sets) - set(here.sets):
        found.append(f"sets {missing}")
    if azures.should_process and not here.should_process:
        found.append("no ShouldProcess")
    for parameter in azures.parameters.values():
        if parameter.name in REFUSED:
            continue
        mine = here.parameters.get(parameter.name)
        if mine is None:
            found.append(f"-{parameter.name}")
            continue
        what = []
        if lost := parameter.sets - mine.sets:
            what.append(f"not in {sorted(lost)}")
        if demanded := mine.mandatory & parameter.optional:
            what.append(f"mandatory in {sorted(demanded)}")
        if lost := parameter.aliases - mine.aliases:
            what.append(f"without alias {sorted(lost)}")
        if parameter.pipeline and mine.pipeline != parameter.pipeline:
            what.append("not from the pipeline")
        if parameter.position is not None and mine.position != parameter.position:
            what.append(f"at position {mine.position}")
        if mine.type != parameter.type and WIDER.get(parameter.type, ("",))[0] != mine.type:
            what.append(f"of type {mine.type}")
        found += [f"-{parameter.name} {each}" for each in what]
    return found


def page(mine: dict[str, Cmdlet]) -> str:
    """The page, made of both surfaces."""
    lines = _HEAD.splitlines()
    for name, azures in theirs().items():
        lines += ["", f"## {name}", "", *_cmdlet(name, azures, mine[name])]
    return "\n".join(lines) + "\n"


_HEAD = """# The cmdlets of Az.ConnectedMachine, here

<!-- Made by scripts/surface.py; a test fails when it is stale. -->

Every parameter that Az.ConnectedMachine's extension and machine cmdlets take (releases 0.3 to 1.x), and what
becomes of it here. *Same*: the same parameter sets, type, aliases, pipeline binding and position. *No
effect*: taken, since ignoring it harms nobody. *Refused*: an error that names the parameter. `M` stands after
the sets in which it is mandatory. Every cmdlet has the common parameters of the engine besides."""


def _cmdlet(name: str, azures: Cmdlet, here: Cmdlet) -> list[str]:
    more_sets = [each for each in here.sets if each not in azures.sets]
    lines = [
        f"Writes `{'`, `'.join(here.output)}`. Sets: {_sets(azures)}."
        + (f" Here also: {', '.join(f'`{each}`' for each in more_sets)}." if more_sets else ""),
        "",
        "| parameter | in Az.ConnectedMachine | here |",
        "|---|---|---|",
    ]
    for parameter in azures.parameters.values():
        verdict = _verdict(name, parameter, here.parameters.get(parameter.name))
        lines.append(f"| `-{parameter.name}` | {_shape(parameter, azures.sets)} | {verdict} |")
    for mine in here.parameters.values():
        if mine.name not in azures.parameters and mine.name not in HIDDEN_OF_OURS:
            lines.append(f"| `-{mine.name}` | | ours: {_shape(mine, here.sets)} |")
    return lines


def _sets(cmdlet: Cmdlet) -> str:
    if cmdlet.sets == (ALL_SETS,):
        return "one"
    return ", ".join(f"`{each}`" + (" (default)" if each == cmdlet.default else "") for each in cmdlet.sets)


def _shape(parameter: Parameter, sets: Sequence[str]) -> str:
    """A parameter in one cell: its type, where it is, its aliases and binding."""
    every = {"every set": parameter.optional, "every set M": parameter.mandatory}
    where = [text for text, of in every.items() if of == set(sets)]
    if len(sets) == 1:
        where = ["M"] if parameter.mandatory else []
    elif not where:
        where = [each + " M" * (each in parameter.mandatory) for each in sets if each in parameter.sets]
    parts = [f"`{parameter.type}`", ", ".join(where)]
    if parameter.aliases:
        parts.append("alias " + ", ".join(f"`{each}`" for each in sorted(parameter.aliases)))
    if parameter.pipeline:
        parts.append(f"pipeline {parameter.pipeline}")
    if parameter.position is not None:
        parts.append(f"position {parameter.position}")
    if parameter.hidden:
        parts.append("hidden")
    return "; ".join(filter(None, parts))


def _verdict(cmdlet: str, azures: Parameter, mine: Parameter | None) -> str:
    if mine is None:
        return f"refused: {REFUSED[azures.name]}"
    more = []
    reason = NO_EFFECT_AT.get((cmdlet, azures.name)) or NO_EFFECT.get(azures.name)
    if mine.type != azures.type:
        more.append(f"`{mine.type}`: {WIDER[azures.type][1]}")
    if aliases := mine.aliases - azures.aliases:
        more.append("also " + ", ".join(f"`-{each}`" for each in sorted(aliases)))
    if mine.pipeline and not azures.pipeline:
        more.append(f"also from the pipeline {mine.pipeline}")
    if optional := mine.optional & azures.mandatory:
        more.append("optional" if optional == azures.sets else f"optional in {', '.join(sorted(optional))}")
    return "; ".join([f"no effect: {reason}" if reason else "same", *more])


def main(arguments: Sequence[str]) -> int:
    """Write the page, or say whether it is as it would be written."""
    parser = argparse.ArgumentParser(prog="surface.py", description="Compares the surfaces in docs/.")
    parser.add_argument("--check", action="store_true", help="write nothing; end with 1 when it is stale")
    chosen = parser.parse_args(arguments)
    text = page(ours())
    if chosen.check:
        return int(not PAGE.exists() or PAGE.read_text(encoding="utf-8") != text)
    PAGE.write_text(text, encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
