function Remove-AzConnectedMachineEventSink {
    <#
    .SYNOPSIS
    Sends no more events to a sink.
    .DESCRIPTION
    Forgets the sink, its secret, and the events that are on their way to it.
    .EXAMPLE
    Remove-AzConnectedMachineEventSink -Name ops

    Removes one sink.
    .EXAMPLE
    Get-AzConnectedMachineEventSink | Remove-AzConnectedMachineEventSink

    Removes every sink.
    #>
    [CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'Medium', PositionalBinding = $false)]
    [OutputType([bool])]
    param(
        # Name of the sink.
        [Parameter(Mandatory, ValueFromPipelineByPropertyName)]
        [ArgumentCompleter({ & (Get-Module Az.ConnectedMachineLite) CompleteWord @args })]
        [string] $Name,

        # Write $true when it was done.
        [switch] $PassThru
    )

    process {
        if (-not (ShouldChange $PSCmdlet "event sink '$Name'" 'send no more events to it')) { return }
        $done = CallBackend $PSCmdlet 'eventSink.remove' @{ name = $Name } -Target $Name -Changes
        if ($null -ne $done -and $PassThru) { $true }
    }
}
