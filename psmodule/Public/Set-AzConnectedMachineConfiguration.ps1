function Set-AzConnectedMachineConfiguration {
    <#
    .SYNOPSIS
    Changes which extensions the administrator of a machine admits.
    .DESCRIPTION
    Changes the values that are named; $null takes a value back to its default. The blocklist wins; an allowlist
    that is not empty blocks what it does not name. What is denied is not installed, changed or upgraded, and can
    always be removed. Returns the configuration as it is then.
    .EXAMPLE
    Set-AzConnectedMachineConfiguration -ResourceGroupName myResourceGroup -MachineName myVM -AllowList Microsoft.Azure.Monitor/AzureMonitorWindowsAgent, Microsoft.Azure.Monitoring.DependencyAgent/DependencyAgentWindows

    Admits these two extensions and no other.
    .EXAMPLE
    Set-AzConnectedMachineConfiguration -ResourceGroupName myResourceGroup -MachineName myVM -BlockList Microsoft.Azure.Monitoring.DependencyAgent/DependencyAgentWindows@9.10

    Blocks one version; the newest of the others is taken instead.
    .EXAMPLE
    Set-AzConnectedMachineConfiguration -ResourceGroupName myResourceGroup -MachineName myVM -ExtensionsEnabled $false

    Lets nothing of any extension run.
    #>
    [CmdletBinding(DefaultParameterSetName = 'Values', SupportsShouldProcess, ConfirmImpact = 'Medium', PositionalBinding = $false)]
    [OutputType('AzConnectedMachineLite.MachineConfiguration')]
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

        # Subscription of the machine; by default AZCMLITE_SUBSCRIPTION, else the nil UUID.
        [string] $SubscriptionId,

        # Extensions that are admitted, as Publisher/Type or, for versions that begin so, Publisher/Type@1.10.
        # Allow/None admits none.
        [Parameter(ParameterSetName = 'Values')]
        [AllowNull()]
        [AllowEmptyCollection()]
        [string[]] $AllowList,

        # Extensions that are blocked, written in the same way.
        [Parameter(ParameterSetName = 'Values')]
        [AllowNull()]
        [AllowEmptyCollection()]
        [string[]] $BlockList,

        # Whether anything of any extension may run.
        [Parameter(ParameterSetName = 'Values')]
        [Nullable[bool]] $ExtensionsEnabled,

        # full, or monitor, which admits extensions for monitoring and security alone and locks the lists.
        [Parameter(ParameterSetName = 'Values')]
        [AllowNull()]
        [AllowEmptyString()]
        [ValidateSet('full', 'monitor', '', IgnoreCase = $false)]
        [string] $Mode,

        # A policy file of Azure's Linux agent to take the allowlist from.
        [Parameter(Mandatory, ParameterSetName = 'PolicyFile')]
        [string] $PolicyFilePath
    )

    process {
        $address = @{ subscriptionId = $SubscriptionId; resourceGroup = $ResourceGroupName; machine = $MachineName }
        $method = 'config.set'
        $changes = @{}
        foreach ($pair in @(
                @('AllowList', 'allowList'), @('BlockList', 'blockList'), @('ExtensionsEnabled', 'extensionsEnabled'), @('Mode', 'mode'))) {
            if (-not $PSBoundParameters.ContainsKey($pair[0])) { continue }
            $value = $PSBoundParameters[$pair[0]]
            if ($null -eq $value -or '' -eq $value) { $value = [DBNull]::Value }
            $changes[$pair[1]] = $value # an if as a value would make a list of one entry that entry
        }
        $action = "change the configuration: $(@($changes.Keys | Sort-Object) -join ', ')"
        if ($PSCmdlet.ParameterSetName -eq 'PolicyFile') {
            $method = 'config.import'
            $changes = @{ policyText = TextOfFile $PSCmdlet $PolicyFilePath }
            $action = "take the allowlist from '$PolicyFilePath'"
        }
        if (-not (ShouldChange $PSCmdlet "machine '$MachineName'" $action)) { return }
        $configuration = CallBackend $PSCmdlet $method ($address + $changes) -Target $MachineName -Changes
        if ($null -ne $configuration) { ToConfiguration $configuration }
    }
}
