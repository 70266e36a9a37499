function Connect-AzConnectedMachine {
    <#
    .SYNOPSIS
    Makes this host, or a simulated one, a machine whose extensions can be managed.
    .DESCRIPTION
    Registers the host as an Arc-enabled server in a resource group, without Azure. A simulated machine runs
    nothing on this host: its handlers are played, so that scripts can be tried without installing anything.
    Calling it again for the same machine changes location, tags and scenario and nothing else.
    .EXAMPLE
    Connect-AzConnectedMachine -ResourceGroupName myResourceGroup -Location WestUS

    Connects this host under its own name.
    .EXAMPLE
    Connect-AzConnectedMachine -ResourceGroupName myResourceGroup -Name myVM -Location WestUS -Simulated -OSType Windows

    Adds a simulated Windows machine.
    .EXAMPLE
    Connect-AzConnectedMachine -ResourceGroupName myResourceGroup -Name myVM -Simulated -Scenario ./scenario.json

    Adds a simulated machine whose handlers take as long, and fail, as the file says.
    #>
    [CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'Medium', PositionalBinding = $false)]
    [OutputType('AzConnectedMachineLite.Machine')]
    param(
        # Resource group that the machine goes into.
        [Parameter(Mandatory, Position = 0)]
        [ArgumentCompleter({ & (Get-Module Az.ConnectedMachineLite) CompleteWord @args })]
        [string] $ResourceGroupName,

        # Name of the machine; by default the name of this host.
        [Parameter(Position = 3)]
        [Alias('MachineName')]
        [ArgumentCompleter({ & (Get-Module Az.ConnectedMachineLite) CompleteWord @args })]
        [string] $Name,

        # Azure region to show for the machine; nothing is sent there.
        [Parameter(Position = 2)]
        [ArgumentCompleter({ & (Get-Module Az.ConnectedMachineLite) CompleteWord @args })]
        [string] $Location,

        # Tags as name and value.
        [Parameter(Position = 6)]
        [hashtable] $Tag,

        # Add a machine whose handlers are played instead of run.
        [switch] $Simulated,

        # Operating system of a simulated machine; this host says its own.
        [ValidateSet('Linux', 'Windows')]
        [string] $OSType,

        # File that says how long the commands of a simulated machine take, which fail, and how health goes.
        [string] $Scenario,

        # Subscription of the machine; by default AZCMLITE_SUBSCRIPTION, else the nil UUID.
        [Parameter(Position = 1)]
        [string] $SubscriptionId,

        # Azure's cmdlets take it too; nothing is sent to Azure, so it has no effect here.
        [Parameter(Position = 4)]
        [Alias('AzureRMContext', 'AzureCredential')]
        [ValidateNotNull()]
        [psobject] $DefaultProfile,

        # Has no effect here: nothing is sent to Azure.
        [Parameter(Position = 7)]
        [uri] $Proxy
    )

    process {
        if (-not $Name) { $Name = [Net.Dns]::GetHostName().Split('.')[0] }
        if (-not (ShouldChange $PSCmdlet "machine '$Name' in resource group '$ResourceGroupName'" $(if ($Simulated) { 'add a simulated machine' } else { 'connect this host' }))) { return }
        $parameters = @{
            subscriptionId = $SubscriptionId
            resourceGroup  = $ResourceGroupName
            name           = $Name
            location       = $Location
            tags           = StringValues $Tag
            osType         = $OSType
        }
        if ($Simulated) { $parameters['simulated'] = $true }
        if ($Scenario) { $parameters['scenarioText'] = TextOfFile $PSCmdlet $Scenario }
        $machine = CallBackend $PSCmdlet 'machine.connect' $parameters -Changes
        if ($null -ne $machine) { ToMachine $machine }
    }
}
