function Update-AzConnectedExtension {
    <#
    .SYNOPSIS
    Moves extensions of a machine to stated versions.
    .DESCRIPTION
    Upgrades one or more extensions and waits for the end. An extension is named by publisher and type, not by
    the name of its resource. To change anything else of an extension use Update-AzConnectedMachineExtension.
    .EXAMPLE
    Update-AzConnectedExtension -ResourceGroupName myResourceGroup -MachineName myVM -ExtensionTarget @{ 'Microsoft.Azure.Monitoring.DependencyAgent.DependencyAgentWindows' = @{ targetVersion = '9.10' } }

    Moves one extension to the newest 9.10.
    .EXAMPLE
    Get-AzConnectedMachine -ResourceGroupName myResourceGroup -Name myVM | Update-AzConnectedExtension -ExtensionTarget @{ 'Microsoft.Azure.Monitoring.DependencyAgent.DependencyAgentWindows' = @{ targetVersion = '9.10' } } -PassThru

    The same on a machine that comes from the pipeline; writes $true when it was done.
    #>
    [CmdletBinding(DefaultParameterSetName = 'UpgradeExpanded', SupportsShouldProcess, ConfirmImpact = 'Medium', PositionalBinding = $false)]
    [OutputType([bool])]
    [OutputType('AzConnectedMachineLite.MachineExtension')]
    [OutputType([Management.Automation.Job])]
    param(
        # Resource group of the machine.
        [Parameter(Mandatory, ParameterSetName = 'UpgradeExpanded')]
        [Parameter(Mandatory, ParameterSetName = 'Upgrade')]
        [Parameter(Mandatory, ParameterSetName = 'UpgradeViaJsonFilePath')]
        [Parameter(Mandatory, ParameterSetName = 'UpgradeViaJsonString')]
        [ArgumentCompleter({ & (Get-Module Az.ConnectedMachineLite) CompleteWord @args })]
        [string] $ResourceGroupName,

        # Name of the machine.
        [Parameter(Mandatory, ParameterSetName = 'UpgradeExpanded')]
        [Parameter(Mandatory, ParameterSetName = 'Upgrade')]
        [Parameter(Mandatory, ParameterSetName = 'UpgradeViaJsonFilePath')]
        [Parameter(Mandatory, ParameterSetName = 'UpgradeViaJsonString')]
        [Alias('VMName')]
        [ArgumentCompleter({ & (Get-Module Az.ConnectedMachineLite) CompleteWord @args })]
        [string] $MachineName,

        # Subscription of the machine; by default AZCMLITE_SUBSCRIPTION, else the nil UUID.
        [Parameter(ParameterSetName = 'UpgradeExpanded')]
        [Parameter(ParameterSetName = 'Upgrade')]
        [Parameter(ParameterSetName = 'UpgradeViaJsonFilePath')]
        [Parameter(ParameterSetName = 'UpgradeViaJsonString')]
        [string] $SubscriptionId,

        # A machine as Get-AzConnectedMachine returns it, or a hashtable with its Id.
        [Parameter(Mandatory, ParameterSetName = 'UpgradeViaIdentity', ValueFromPipeline)]
        [Parameter(Mandatory, ParameterSetName = 'UpgradeViaIdentityExpanded', ValueFromPipeline)]
        [object] $InputObject,

        # Extensions and their versions: @{ 'Publisher.Type' = @{ targetVersion = '1.2' } }.
        [Parameter(ParameterSetName = 'UpgradeExpanded')]
        [Parameter(ParameterSetName = 'UpgradeViaIdentityExpanded')]
        [hashtable] $ExtensionTarget,

        # The same in an object or hashtable with the member ExtensionTarget.
        [Parameter(Mandatory, ParameterSetName = 'Upgrade', ValueFromPipeline)]
        [Parameter(Mandatory, ParameterSetName = 'UpgradeViaIdentity', ValueFromPipeline)]
        [object] $ExtensionUpgradeParameter,

        # The request body as JSON.
        [Parameter(Mandatory, ParameterSetName = 'UpgradeViaJsonString')]
        [string] $JsonString,

        # A file with the request body as JSON.
        [Parameter(Mandatory, ParameterSetName = 'UpgradeViaJsonFilePath')]
        [string] $JsonFilePath,

        # Return a job that waits for the end; Stop-Job stops the waiting, not the work.
        [switch] $AsJob,

        # Write the extensions as soon as the wish is stored; the work goes on in the background. Piped into
        # Update-AzConnectedMachineExtension they are waited for.
        [switch] $NoWait,

        # Change the version now, though no maintenance window is open; the history says so.
        [switch] $IgnoreWindow,

        # Write $true when it was done.
        [switch] $PassThru,

        # Azure's cmdlets take it too; nothing is sent to Azure, so it has no effect here.
        [Alias('AzureRMContext', 'AzureCredential')]
        [ValidateNotNull()]
        [psobject] $DefaultProfile,

        # Has no effect here: nothing is sent to Azure.
        [Parameter(DontShow)]
        [uri] $Proxy,

        # Has no effect here: nothing is sent to Azure.
        [Parameter(DontShow)]
        [pscredential] $ProxyCredential,

        # Has no effect here: nothing is sent to Azure.
        [Parameter(DontShow)]
        [switch] $ProxyUseDefaultCredentials
    )

    process {
        if ($PSBoundParameters.ContainsKey('InputObject')) {
            $address = ResolveIdentity $PSCmdlet $InputObject
            if ($null -eq $address) { return }
            $address.Remove('name')
        }
        else { $address = @{ subscriptionId = $SubscriptionId; resourceGroup = $ResourceGroupName; machine = $MachineName } }
        $targets = switch -Wildcard ($PSCmdlet.ParameterSetName) {
            '*Json*' { TargetsFromJson $PSCmdlet }
            '*Expanded' { TargetsText $PSCmdlet $ExtensionTarget }
            default { TargetsText $PSCmdlet (PropertyOf $ExtensionUpgradeParameter 'ExtensionTarget') }
        }
        if (-not (ShouldChange $PSCmdlet "extensions of machine '$($address.machine)'" "upgrade to $targets")) { return }
        $writer = if ($PassThru) { 'ToTrue' } elseif ($NoWait) { 'ToExtensions' }
        DoCall $PSCmdlet 'extension.upgrade' ($address + @{ targetsText = $targets; wait = -not $NoWait; ignoreWindow = [bool] $IgnoreWindow }) $address.machine $writer
    }
}
