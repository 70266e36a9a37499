<#
.SYNOPSIS
The main job through PowerShell, step by step; scripts/demo.py runs it.
.DESCRIPTION
Each step is shown as it is typed, then done. A decision that is not as told ends the script with an error.
.EXAMPLE
python3 scripts/demo.py

Builds the packages, runs this with a state folder of its own and takes everything away afterwards.
#>
[CmdletBinding(PositionalBinding = $false)]
param(
    # Folder with the packages; the extensions keep their state there too.
    [Parameter(Mandatory)]
    [string] $Folder,

    # What the packages were built for.
    [Parameter(Mandatory)]
    [ValidateSet('Linux', 'Windows')]
    [string] $OperatingSystem
)
Set-StrictMode -Version 3.0
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

# Shows a step as it is typed, does it, and shows what comes out, as wide as it is. With -Reason, the decision
# about each extension has to be that one.
function Step([string] $Title, [scriptblock] $Block, [hashtable] $Reason) {
    "`n=== $Title ==="
    foreach ($line in $Block.ToString().Trim() -split '\r?\n') { "PS> $($line.Trim())" }
    $output = @(& $Block)
    ($output | Out-String -Width 320).TrimEnd() -split '\r?\n' | ForEach-Object { $_.TrimEnd() }
    if (-not $Reason) { return }
    $found = @{}
    foreach ($one in $output | Where-Object { $_.PSObject.TypeNames -contains 'AzConnectedMachineLite.UpgradeDecision' }) { $found[$one.Name] = $one.Reason }
    foreach ($name in @($found.Keys) + @($Reason.Keys)) {
        if ($found[$name] -ne $Reason[$name]) { throw "The decision about $name is '$($found[$name])' rather than '$($Reason[$name])'." }
    }
}

$machine = @{ ResourceGroupName = 'demo'; MachineName = 'server' }
$agent = @{ Publisher = 'Contoso.Sample'; ExtensionType = 'Agent' }
$clock = @{ Publisher = 'Contoso.Sample'; ExtensionType = 'Clock' }
$for = @{ OperatingSystem = $OperatingSystem; SupportsAutomaticUpgrade = $true }
$packages = Join-Path $Folder 'packages'
$agentSetting = @{ stateFolder = Join-Path $Folder 'agent' }
$clockSetting = @{ stateFolder = Join-Path $Folder 'clock' }

Step '1. This host becomes a machine' {
    Import-Module ./Az.ConnectedMachineLite.psd1
    Connect-AzConnectedMachine -ResourceGroupName demo -Name server
}
Step '2. Two publishers release a first version each' {
    Publish-AzConnectedExtensionPackage -Path $packages/Contoso.Sample.Agent__1.0.0.0.zip @agent -Version '1.0' @for
    Publish-AzConnectedExtensionPackage -Path $packages/Contoso.Sample.Clock__1.0.0.0.zip @clock -Version '1.0' @for
}
Step '3. Both extensions are installed and enrolled' {
    Set-AzConnectedMachineExtension @machine -Name agent @agent -TypeHandlerVersion 1.0 -Location WestUS -Setting $agentSetting -EnableAutomaticUpgrade $true
    Set-AzConnectedMachineExtension @machine -Name clock @clock -TypeHandlerVersion 1.0 -Location WestUS -Setting $clockSetting -EnableAutomaticUpgrade $true
}
Step '4. Seconds instead of minutes; without this line the health window is five minutes' {
    Set-AzConnectedMachineUpgradePolicy @machine -HealthWindow 0:00:03 -StableFor 0:00:01
}
Step "5. New versions: the agent's will not be well on this machine, the clock's is good" {
    Publish-AzConnectedExtensionPackage -Path $packages/Contoso.Sample.Agent__1.1.0.0.zip @agent -Version '1.1' @for
    Publish-AzConnectedExtensionPackage -Path $packages/Contoso.Sample.Clock__1.1.0.0.zip @clock -Version '1.1' @for
}
Step '6. A pass: the agent is upgraded, watched, and rolled back; the clock is upgraded all the same' {
    Start-AzConnectedMachineUpgrade @machine
} -Reason @{ agent = 'RolledBack'; clock = 'Upgraded' }
Step '7. Another pass at once: what failed waits for its time' {
    Start-AzConnectedMachineUpgrade @machine
} -Reason @{ agent = 'RetryNotDue'; clock = 'UpToDate' }
Step '8. What made the agent unwell is mended; and its time comes, for a policy makes three days a second' {
    '{"1.1.0.0": {"unhealthy_after_seconds": null}}' | Set-Content -Path $Folder/agent/overrides.json -Encoding Ascii
    Set-AzConnectedMachineUpgradePolicy @machine -RetryInterval 0:00:01
}
Step '9. A pass: the same version is tried again, and succeeds' {
    Start-AzConnectedMachineUpgrade @machine
} -Reason @{ agent = 'Upgraded'; clock = 'UpToDate' }
Step '10. The history, newest first' {
    Get-AzConnectedMachineUpgrade @machine -History
}
