function Get-AzConnectedMachineEventSink {
    <#
    .SYNOPSIS
    Gets the places that events are sent to.
    .DESCRIPTION
    Returns each sink, how many events are on their way to it, and why the last delivery failed, if it did. Secrets are
    never shown, nor is more of a webhook's address than its host.
    .EXAMPLE
    Get-AzConnectedMachineEventSink

    Lists the sinks.
    .EXAMPLE
    Get-AzConnectedMachineEventSink | Where-Object LastError

    Finds the sinks that do not take what they are sent.
    #>
    [CmdletBinding(PositionalBinding = $false)]
    [OutputType('AzConnectedMachineLite.EventSink')]
    param(
        # Name of one sink.
        [Parameter(ValueFromPipelineByPropertyName)]
        [ArgumentCompleter({ & (Get-Module Az.ConnectedMachineLite) CompleteWord @args })]
        [string] $Name
    )

    process {
        $list = CallBackend $PSCmdlet 'eventSink.list' @{ name = $Name } -Target $Name
        if ($null -ne $list) { foreach ($sink in $list['value']) { ToEventSink $sink } }
    }
}
