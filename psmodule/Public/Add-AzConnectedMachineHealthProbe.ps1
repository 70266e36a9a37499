function Add-AzConnectedMachineHealthProbe {
    <#
    .SYNOPSIS
    Adds a probe to what decides whether a machine is healthy.
    .DESCRIPTION
    Beside what handlers report, the health of a machine is what its probes find: a command that exits 0, a port
    that accepts a connection, a page that answers, a process or a service that runs. A probe that fails within
    the health window of an automatic upgrade brings the previous version back.
    .EXAMPLE
    Add-AzConnectedMachineHealthProbe -ResourceGroupName myResourceGroup -MachineName myVM -Name web -Http http://localhost:8080/health

    Asks a web page.
    .EXAMPLE
    Add-AzConnectedMachineHealthProbe -ResourceGroupName myResourceGroup -MachineName myVM -Name database -Tcp localhost:5432 -Interval 00:00:10

    Connects to a port every ten seconds.
    #>
    [CmdletBinding(DefaultParameterSetName = 'Tcp', SupportsShouldProcess, ConfirmImpact = 'Medium', PositionalBinding = $false)]
    [OutputType('AzConnectedMachineLite.HealthProbe')]
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

        # Name of the probe.
        [Parameter(Mandatory)]
        [string] $Name,

        # Subscription of the machine; by default AZCMLITE_SUBSCRIPTION, else the nil UUID.
        [string] $SubscriptionId,

        # A program and its arguments, each a text of its own; exit code 0 is healthy. No shell reads it.
        [Parameter(Mandatory, ParameterSetName = 'Command')]
        [string[]] $Command,

        # host:port to connect to.
        [Parameter(Mandatory, ParameterSetName = 'Tcp')]
        [string] $Tcp,

        # Address to get; an answer of 200 to 399 is healthy.
        [Parameter(Mandatory, ParameterSetName = 'Http')]
        [uri] $Http,

        # Name of a process that must run.
        [Parameter(Mandatory, ParameterSetName = 'Process')]
        [string] $ProcessName,

        # Name of a service that must run.
        [Parameter(Mandatory, ParameterSetName = 'Service')]
        [string] $ServiceName,

        # Time between two samples.
        [Nullable[timespan]] $Interval,

        # Time after which a sample counts as failed.
        [Nullable[timespan]] $Timeout
    )

    process {
        $address = @{ subscriptionId = $SubscriptionId; resourceGroup = $ResourceGroupName; machine = $MachineName; name = $Name }
        $probe = @{ command = $Command; tcp = $Tcp; processName = $ProcessName; serviceName = $ServiceName }
        if ($null -ne $Http) { $probe['http'] = $Http.OriginalString }
        if ($null -ne $Interval) { $probe['interval'] = $Interval.TotalSeconds }
        if ($null -ne $Timeout) { $probe['timeout'] = $Timeout.TotalSeconds }
        if (-not (ShouldChange $PSCmdlet "machine '$MachineName'" "add health probe '$Name'")) { return }
        $added = CallBackend $PSCmdlet 'probe.add' ($address + $probe) -Target $Name -Changes
        if ($null -ne $added) { ToProbe $added $ResourceGroupName $MachineName }
    }
}
