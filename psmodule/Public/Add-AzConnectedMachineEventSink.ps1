function Add-AzConnectedMachineEventSink {
    <#
    .SYNOPSIS
    Has events of upgrades sent somewhere.
    .DESCRIPTION
    Whenever an operation begins, succeeds, is rolled back, fails, or cannot be rolled back yet, an event with the new state
    and the reason goes to every sink: the log of the system, a command, or a webhook. An event arrives at least once; its
    id tells when it arrives again. A sink that fails is asked again for three days, and no upgrade waits for it.
    .EXAMPLE
    Add-AzConnectedMachineEventSink -Name log -OSLog

    Writes to syslog, or to the Application log of Windows.
    .EXAMPLE
    Add-AzConnectedMachineEventSink -Name ops -Webhook https://ops.example/hook

    Posts each event to an address as JSON.
    .EXAMPLE
    Add-AzConnectedMachineEventSink -Name pager -Command /usr/local/bin/page, --from-stdin

    Runs a program that gets each event on its standard input as JSON.
    #>
    [CmdletBinding(DefaultParameterSetName = 'OSLog', SupportsShouldProcess, ConfirmImpact = 'Medium', PositionalBinding = $false)]
    [OutputType('AzConnectedMachineLite.EventSink')]
    param(
        # Name of the sink; one of that name is replaced.
        [Parameter(Mandatory)]
        [string] $Name,

        # Resource group of the machine; together with its name.
        [Parameter(ValueFromPipelineByPropertyName)]
        [ArgumentCompleter({ & (Get-Module Az.ConnectedMachineLite) CompleteWord @args })]
        [string] $ResourceGroupName,

        # Name of the machine whose events are sent; by default every machine's.
        [Parameter(ValueFromPipelineByPropertyName)]
        [Alias('VMName')]
        [ArgumentCompleter({ & (Get-Module Az.ConnectedMachineLite) CompleteWord @args })]
        [string] $MachineName,

        # Subscription of the machine; by default AZCMLITE_SUBSCRIPTION, else the nil UUID.
        [string] $SubscriptionId,

        # The log of the system: syslog, or the Application log of Windows.
        [Parameter(Mandatory, ParameterSetName = 'OSLog')]
        [switch] $OSLog,

        # A program and its arguments, each a text of its own. No shell reads it.
        [Parameter(Mandatory, ParameterSetName = 'Command')]
        [string[]] $Command,

        # Address that events are posted to.
        [Parameter(Mandatory, ParameterSetName = 'Webhook')]
        [uri] $Webhook,

        # Name of the header in which the webhook gets its secret; by default Authorization.
        [Parameter(ParameterSetName = 'Webhook')]
        [string] $Header,

        # Value of that header. It is kept encrypted and never shown.
        [Parameter(ParameterSetName = 'Webhook')]
        [securestring] $Secret,

        # How long a delivery may take; by default ten seconds.
        [Nullable[timespan]] $Timeout
    )

    process {
        $sink = @{
            subscriptionId = $SubscriptionId; resourceGroup = $ResourceGroupName; machine = $MachineName
            name = $Name; command = $Command; header = $Header
        }
        if ($OSLog) { $sink['osLog'] = $true }
        if ($null -ne $Webhook) { $sink['webhook'] = $Webhook.OriginalString }
        if ($null -ne $Secret) { $sink['secret'] = [Net.NetworkCredential]::new('', $Secret).Password }
        if ($null -ne $Timeout) { $sink['timeout'] = $Timeout.TotalSeconds }
        if (-not (ShouldChange $PSCmdlet "event sink '$Name'" 'send events to it')) { return }
        $added = CallBackend $PSCmdlet 'eventSink.add' $sink -Target $Name -Changes
        if ($null -ne $added) { ToEventSink $added }
    }
}
