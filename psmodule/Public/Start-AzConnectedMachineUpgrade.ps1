function Start-AzConnectedMachineUpgrade {
    <#
    .SYNOPSIS
    Looks at the extensions of a machine and upgrades those that are due.
    .DESCRIPTION
    Does what Azure does by itself: moves each enrolled extension to the newest version of its major, watches the
    machine's health, and brings the previous version back on a machine that is not healthy. Extensions move one
    after another, and the failure of one ends that one only. Writes one decision for each extension, with its
    reason. With -WhatIf it writes what would be decided and changes nothing. With -Plan or -PlanPath it does what
    the plan says and nothing else, or refuses with the difference (PlanChanged); what changes before its turn is
    left alone (Interrupted).
    .EXAMPLE
    Start-AzConnectedMachineUpgrade -ResourceGroupName myResourceGroup -MachineName myVM

    Upgrades what is due and waits for the end.
    .EXAMPLE
    Get-AzConnectedMachine | Start-AzConnectedMachineUpgrade -WhatIf

    Shows what would be done on every machine.
    .EXAMPLE
    Start-AzConnectedMachineUpgrade -ResourceGroupName myResourceGroup -MachineName myVM -Name DependencyAgent -Retry

    Tries a version again now that failed before, whatever its next try was to be.
    .EXAMPLE
    Get-AzConnectedMachineUpgrade -ResourceGroupName myResourceGroup -MachineName myVM -Plan | Start-AzConnectedMachineUpgrade

    Does what was due when the plan was taken, and nothing else.
    .EXAMPLE
    (Get-AzConnectedMachineUpgrade -ResourceGroupName myResourceGroup -MachineName myVM -Plan).Json | Set-Content plan.json; Start-AzConnectedMachineUpgrade -PlanPath ./plan.json

    Keeps a plan in a file, and does what it says.
    #>
    [CmdletBinding(DefaultParameterSetName = 'Machine', SupportsShouldProcess, ConfirmImpact = 'Medium', PositionalBinding = $false)]
    [OutputType('AzConnectedMachineLite.UpgradeDecision')]
    [OutputType([Management.Automation.Job])]
    param(
        # Resource group of the machine.
        [Parameter(Mandatory, ValueFromPipelineByPropertyName, ParameterSetName = 'Machine')]
        [ArgumentCompleter({ & (Get-Module Az.ConnectedMachineLite) CompleteWord @args })]
        [string] $ResourceGroupName,

        # Name of the machine.
        [Parameter(Mandatory, ValueFromPipelineByPropertyName, ParameterSetName = 'Machine')]
        [Alias('VMName')]
        [ArgumentCompleter({ & (Get-Module Az.ConnectedMachineLite) CompleteWord @args })]
        [string] $MachineName,

        # Name of one extension; by default every extension of the machine.
        [Parameter(ParameterSetName = 'Machine')]
        [Alias('ExtensionName')]
        [ArgumentCompleter({ & (Get-Module Az.ConnectedMachineLite) CompleteWord @args })]
        [string] $Name,

        # Subscription of the machine; by default AZCMLITE_SUBSCRIPTION, else the nil UUID.
        [Parameter(ParameterSetName = 'Machine')]
        [string] $SubscriptionId,

        # A plan of Get-AzConnectedMachineUpgrade -Plan, which names its machine.
        [Parameter(Mandatory, ValueFromPipeline, ParameterSetName = 'Plan')]
        [PSTypeName('AzConnectedMachineLite.UpgradePlan')]
        [psobject] $Plan,

        # A file with the Json of a plan, or with what 'connectedmachine upgrade plan' printed.
        [Parameter(Mandatory, ParameterSetName = 'PlanPath')]
        [string] $PlanPath,

        # Return a job that waits for the end; Stop-Job stops the waiting, not the work.
        [switch] $AsJob,

        # Return the decisions as they stand and let the upgrades go on in the background.
        [switch] $NoWait,

        # Try again now what failed and waits for its next try, or for somebody to ask for one.
        [Parameter(ParameterSetName = 'Machine')]
        [switch] $Retry
    )

    process {
        $shown = @{}
        if ($PSCmdlet.ParameterSetName -eq 'Machine') {
            $address = @{ subscriptionId = $SubscriptionId; resourceGroup = $ResourceGroupName; machine = $MachineName; name = $Name; retry = [bool] $Retry }
        }
        else {
            $text = if ($PlanPath) { TextOfFile $PSCmdlet $PlanPath } else { $Plan.Json }
            $shown = ReadPlan $PSCmdlet $text
            $address = @{ subscriptionId = $shown['subscriptionId']; resourceGroup = $shown['resourceGroup']; machine = $shown['machine']; planText = $text }
        }
        $machine = $address['machine']
        $isWanted = ShouldChange $PSCmdlet "extensions of machine '$machine'" {
            if (-not $shown.Count) {
                $planned = CallBackend $PSCmdlet 'upgrade.plan' $address -Target $machine
                if ($null -ne $planned) { $shown['value'] = $planned['value'] }
            }
            if ($shown.Count) { PlanText $shown['value'] }
        }
        if (-not $isWanted) {
            # The plan is what -WhatIf was asked for; a refused -Confirm has seen it.
            if ($WhatIfPreference -and $shown.Count) { ToDecisions $shown }
            return
        }
        DoCall $PSCmdlet 'upgrade.run' ($address + @{ wait = -not $NoWait }) $machine 'ToDecisions'
    }
}
