function Remove-AzConnectedMachineGallery {
    <#
    .SYNOPSIS
    Removes a gallery from those that images come from.
    .DESCRIPTION
    The gallery is forgotten; its folder and what is in it stay.
    .EXAMPLE
    Remove-AzConnectedMachineGallery -Name team

    Forgets a gallery.
    .EXAMPLE
    Remove-AzConnectedMachineGallery -Name team -WhatIf

    Says what would be forgotten.
    #>
    [CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'Medium', PositionalBinding = $false)]
    [OutputType([bool])]
    param(
        # Name of the gallery.
        [Parameter(Mandatory, ValueFromPipelineByPropertyName)]
        [ArgumentCompleter({ & (Get-Module Az.ConnectedMachineLite) CompleteWord @args })]
        [string] $Name,

        # Write $true when it was done.
        [switch] $PassThru
    )

    process {
        if (-not (ShouldChange $PSCmdlet "gallery '$Name'" 'forget')) { return }
        $done = CallBackend $PSCmdlet 'gallery.remove' @{ name = $Name } -Target $Name -Changes
        if ($null -ne $done -and $PassThru) { $true }
    }
}
