function Get-AzConnectedMachineHandlerStatus {
    <#
    .SYNOPSIS
    Gets what the handlers of a machine report of themselves.
    .DESCRIPTION
    Reads each handler's heartbeat and status file now, and writes one object per handler. Status is Ready,
    NotReady or Unresponsive; what the handler reports of its settings is in ReportedStatus, ReportedCode,
    ReportedMessage and Substatus, empty when it owes no report. A file that breaks the rules is an error of
    its handler and of no other. Nothing is started or changed. The whole document, as Azure's agent would send
    it, is what 'connectedmachine status' prints.
    .EXAMPLE
    Get-AzConnectedMachineHandlerStatus -ResourceGroupName myResourceGroup -MachineName myVM

    Gets the status of every handler of a machine.
    .EXAMPLE
    Get-AzConnectedMachine | Get-AzConnectedMachineHandlerStatus | Where-Object Status -ne Ready

    Lists the handlers of every machine that are not ready.
    #>
    [CmdletBinding(PositionalBinding = $false)]
    [OutputType('AzConnectedMachineLite.HandlerStatus')]
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
        [string] $SubscriptionId
    )

    process {
        $parameters = @{ subscriptionId = $SubscriptionId; resourceGroup = $ResourceGroupName; name = $MachineName }
        $document = CallBackend $PSCmdlet 'machine.status' $parameters -Target $MachineName
        if ($null -eq $document) { return }
        foreach ($handler in $document['aggregateStatus']['handlerAggregateStatus']) {
            ToHandlerStatus $handler $ResourceGroupName $MachineName $document['timestampUTC']
        }
    }
}
