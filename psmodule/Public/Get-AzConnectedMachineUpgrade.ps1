function Get-AzConnectedMachineUpgrade {
    <#
    .SYNOPSIS
    Gets what was decided about the extensions of a machine, why, what was done to them, or what is due.
    .DESCRIPTION
    Without more the decision of each extension as it stands: its reason, the versions, when it is looked at next.
    With -Name of one extension also why: what is planned, everything that stands in its way with the rule that
    decides, its value and where that comes from, the evidence and what can be done, and who started the last
    operation and how it went; -At asks about another moment. With -History the operations, newest first, each
    with its steps. With -Plan what a pass would do, with a digest; Start-AzConnectedMachineUpgrade -Plan does
    exactly that.
    .EXAMPLE
    Get-AzConnectedMachineUpgrade -ResourceGroupName myResourceGroup -MachineName myVM

    Shows why each extension is where it is.
    .EXAMPLE
    Get-AzConnectedMachineUpgrade -ResourceGroupName myResourceGroup -MachineName myVM -Name DependencyAgent

    Shows what is planned for one extension, and all that stands in its way.
    .EXAMPLE
    Get-AzConnectedMachineUpgrade -ResourceGroupName myResourceGroup -MachineName myVM -Name DependencyAgent -At (Get-Date).AddDays(-1)

    Shows what was known about it yesterday.
    .EXAMPLE
    (Get-AzConnectedMachineUpgrade -ResourceGroupName myResourceGroup -MachineName myVM -Plan).Json | Set-Content plan.json

    Keeps what is due in a file, to be looked at before it is done; with -Retry also what failed and still waits.
    .EXAMPLE
    Get-AzConnectedMachineUpgrade -ResourceGroupName myResourceGroup -MachineName myVM -Name DependencyAgent -History

    Shows what happened to one extension.
    #>
    [CmdletBinding(DefaultParameterSetName = 'Decision', PositionalBinding = $false)]
    [OutputType('AzConnectedMachineLite.UpgradeDecision', 'AzConnectedMachineLite.UpgradeOperation', 'AzConnectedMachineLite.UpgradePlan')]
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
        [Parameter(ParameterSetName = 'Decision')]
        [Parameter(ParameterSetName = 'History')]
        [Parameter(ParameterSetName = 'Plan')]
        [Parameter(Mandatory, ParameterSetName = 'Moment')]
        [Alias('ExtensionName')]
        [ArgumentCompleter({ & (Get-Module Az.ConnectedMachineLite) CompleteWord @args })]
        [string] $Name,

        # Subscription of the machine; by default AZCMLITE_SUBSCRIPTION, else the nil UUID.
        [string] $SubscriptionId,

        # Another moment than now: what was decided by then, or what would be, as things stand.
        [Parameter(Mandatory, ParameterSetName = 'Moment')]
        [datetime] $At,

        # Get operations instead of decisions.
        [Parameter(Mandatory, ParameterSetName = 'History')]
        [switch] $History,

        # Get what a pass would do now, as an object that Start-AzConnectedMachineUpgrade takes.
        [Parameter(Mandatory, ParameterSetName = 'Plan')]
        [switch] $Plan,

        # The plan of a pass that tries again now what failed and waits for its next try.
        [Parameter(ParameterSetName = 'Plan')]
        [switch] $Retry
    )

    process {
        $address = @{ subscriptionId = $SubscriptionId; resourceGroup = $ResourceGroupName; machine = $MachineName; name = $Name }
        if ($Plan) { $address['retry'] = [bool] $Retry }
        if ($PSCmdlet.ParameterSetName -eq 'Moment') { $address['at'] = UtcText $At }
        $method, $writer = if ($History) { 'upgrade.history', 'ToOperations' }
        elseif ($Plan) { 'upgrade.plan', 'ToPlan' }
        elseif ($Name) { 'upgrade.why', 'ToExplanation' }
        else { 'upgrade.decisions', 'ToDecisions' }
        $answer = CallBackend $PSCmdlet $method $address -Target $MachineName
        if ($null -ne $answer) { & $writer $answer }
    }
}
