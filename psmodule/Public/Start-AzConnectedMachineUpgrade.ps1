function Start-AzConnectedMachineUpgrade {
    <#
    .SYNOPSIS
    Looks at the extensions of a machine and upgrades those that are due.
    .DESCRIPTION
    Does what Azure does by itself: moves each enrolled extension to the newest version of its major, watches the
    machine's health, and brings the previous version back on a machine that is not healthy. Extensions move one
    after another, and the failure of one ends that one only. Writes one decision for each extension, with its
    reason. With -WhatIf it writes what would be decided and changes nothing.
    .EXAMPLE
    Start-AzConnectedMachineUpgrade -ResourceGroupName myResourceGroup -MachineName myVM

    Upgrades what is due and waits for the end.
    .EXAMPLE
    Get-AzConnectedMachine | Start-AzConnectedMachineUpgrade -WhatIf

    Shows what would be done on every machine.
    .EXAMPLE
    Start-AzConnectedMachineUpgrade -ResourceGroupName myResourceGroup -MachineName myVM -Name DependencyAgent -Retry

    Tries a version again now that failed before, whatever its next try was to be.
    #>
    [CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'Medium', PositionalBinding = $false)]
    [OutputType('AzConnectedMachineLite.UpgradeDecision')]
    [OutputType([Management.Automation.Job])]
    param(
        # Resource group of the machine.
        [Parameter(Mandatory, ValueFromPipelineByPropertyName)]
        [ArgumentCompleter({ & (Get-Module Az.ConnectedMachineLite) CompleteWord @args })]
        [string] $ResourceGroupName,

        # Name of the machine.
        [Parameter(Mandatory, ValueFromPipelineByPropertyName)]
        [Alias('VMName')]
        [ArgumentCompleter({ & (Get-Module Az.ConnectedMachineLite) CompleteWord @args })]
        [string] $MachineName,

        # Name of one extension; by default every extension of the machine.
        [Alias('ExtensionName')]
        [ArgumentCompleter({ & (Get-Module Az.ConnectedMachineLite) CompleteWord @args })]
        [string] $Name,

        # Subscription of the machine; by default AZCMLITE_SUBSCRIPTION, else the nil UUID.
        [string] $SubscriptionId,

        # Return a job that waits for the end; Stop-Job stops the waiting, not the work.
        [switch] $AsJob,

        # Return the decisions as they stand and let the upgrades go on in the background.
        [switch] $NoWait,

        # Try again now what failed and waits for its next try, or for somebody to ask for one.
        [switch] $Retry
    )

    process {
        $address = @{ subscriptionId = $SubscriptionId; resourceGroup = $ResourceGroupName; machine = $MachineName; name = $Name; retry = [bool] $Retry }
        $plan = @{}
        $isWanted = ShouldChange $PSCmdlet "extensions of machine '$MachineName'" {
            $planned = CallBackend $PSCmdlet 'upgrade.plan' $address -Target $MachineName
            if ($null -ne $planned) {
                $plan['value'] = $planned['value']
                PlanText $planned['value']
            }
        }
        if (-not $isWanted) {
            # The plan is what -WhatIf was asked for; a refused -Confirm has seen it.
            if ($WhatIfPreference -and $plan.Count) { ToDecisions $plan }
            return
        }
        DoCall $PSCmdlet 'upgrade.run' ($address + @{ wait = -not $NoWait }) $MachineName 'ToDecisions'
    }
}
