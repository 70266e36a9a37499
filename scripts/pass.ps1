<#
.SYNOPSIS
Runs one upgrade pass over the machines of this host, for a scheduled job.
.DESCRIPTION
Looks at every extension and upgrades those that are due, as Azure does by itself. Prints one line for each
decision. Needs no profile, no console and no home folder; never asks.

Exit codes: 0 settled (also after a rollback, or when another runner is at it), 1 service error,
2 wrong arguments, 3 not found, 4 a rollback is pending.
.EXAMPLE
pwsh -NoProfile -NonInteractive -File scripts/pass.ps1

Runs a pass over every machine that is this host.
.EXAMPLE
powershell -NoProfile -NonInteractive -File scripts\pass.ps1 -ResourceGroupName myResourceGroup -MachineName myVM

Runs a pass over one machine.
#>
[CmdletBinding(PositionalBinding = $false)]
param(
    # Resource group of the machine, or of the machines to look at.
    [string] $ResourceGroupName,

    # Name of one machine, simulated ones included; by default every machine that is this host.
    [string] $MachineName,

    # Whatever else is on the command line; refused by name.
    [Parameter(ValueFromRemainingArguments, DontShow)]
    [string[]] $Unknown
)
Set-StrictMode -Version 3.0
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
$ConfirmPreference = 'None'

# Not Write-Error: with ErrorActionPreference Stop it would end the script with code 1.
function Stop-Pass([int] $Code, [string] $Message) {
    [Console]::Error.WriteLine("pass.ps1: $Message")
    exit $Code
}

if ($Unknown) { Stop-Pass 2 "'$($Unknown[0])' is no argument; there are -ResourceGroupName and -MachineName." }
if ($MachineName -and -not $ResourceGroupName) { Stop-Pass 2 '-MachineName needs -ResourceGroupName.' }

$pending = $false
try {
    Import-Module ([IO.Path]::Combine([IO.Path]::GetDirectoryName($PSScriptRoot), 'Az.ConnectedMachineLite.psd1'))
    $named = @{}
    if ($ResourceGroupName) { $named['ResourceGroupName'] = $ResourceGroupName }
    if ($MachineName) { $named['Name'] = $MachineName }
    $machines = @(Get-AzConnectedMachine @named | Where-Object { $MachineName -or -not $_.Simulated })
    if (-not $machines) { Stop-Pass 3 'This host is connected as no machine; Connect-AzConnectedMachine does that.' }
    foreach ($machine in $machines) {
        foreach ($decision in Start-AzConnectedMachineUpgrade -ResourceGroupName $machine.ResourceGroupName -MachineName $machine.Name) {
            $versions = @($decision.FromVersion, $decision.ToVersion | Where-Object { $_ }) -join ' -> '
            (@($decision.MachineName, $decision.Name, $decision.Reason, $versions, $decision.Message) | Where-Object { $_ }) -join ' '
            if ($decision.Reason -eq 'RollbackPending') { $pending = $true }
        }
    }
}
catch {
    $code = if ($_.CategoryInfo.Category -eq 'ObjectNotFound') { 3 } elseif ($_.CategoryInfo.Category -eq 'InvalidArgument') { 2 } else { 1 }
    $hint = if ($_.ErrorDetails) { $_.ErrorDetails.RecommendedAction }
    Stop-Pass $code "$($_.Exception.Message) $hint".TrimEnd()
}
if ($pending) { exit 4 }
exit 0
