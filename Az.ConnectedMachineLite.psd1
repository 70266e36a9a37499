@{
    RootModule           = 'psmodule/Az.ConnectedMachineLite.psm1'
    ModuleVersion        = '0.1.0'
    GUID                 = 'e0a732a0-a5dc-41f1-9121-01e49303520b'
    Author               = 'The Az.ConnectedMachineLite authors'
    CompanyName          = 'The Az.ConnectedMachineLite authors'
    Copyright            = '(c) The Az.ConnectedMachineLite authors. MIT license.'
    Description          = 'Automatic Extension Upgrade of Azure Arc-enabled servers for any server, offline: each new version of an extension is applied, the health of the machine is watched, and a machine that is not healthy gets the previous version back.'
    PowerShellVersion    = '5.1'
    CompatiblePSEditions = @('Desktop', 'Core')
    FormatsToProcess     = @('psmodule/Az.ConnectedMachineLite.format.ps1xml')
    FunctionsToExport    = @(
        'Install-AzConnectedMachineBackend'
        'Test-AzConnectedMachineBackend'
        'Connect-AzConnectedMachine'
        'Get-AzConnectedMachine'
        'Get-AzConnectedMachineHandlerStatus'
        'Update-AzConnectedMachine'
        'Remove-AzConnectedMachine'
        'Get-AzConnectedMachineExtension'
        'New-AzConnectedMachineExtension'
        'Set-AzConnectedMachineExtension'
        'Update-AzConnectedMachineExtension'
        'Remove-AzConnectedMachineExtension'
        'Reset-AzConnectedMachineExtension'
        'Update-AzConnectedExtension'
        'Get-AzConnectedExtensionMetadata'
        'Get-AzConnectedExtensionMetadataV2'
        'Get-AzConnectedExtensionPublisher'
        'Get-AzConnectedExtensionType'
        'Publish-AzConnectedExtensionPackage'
        'Unpublish-AzConnectedExtensionPackage'
        'Test-AzConnectedExtensionPackage'
        'Add-AzConnectedMachineGallery'
        'Get-AzConnectedMachineGallery'
        'Remove-AzConnectedMachineGallery'
        'Start-AzConnectedMachineUpgrade'
        'Get-AzConnectedMachineUpgrade'
        'Resolve-AzConnectedMachineUpgrade'
        'Register-AzConnectedMachineUpgradeTask'
        'Get-AzConnectedMachineUpgradeTask'
        'Unregister-AzConnectedMachineUpgradeTask'
        'Add-AzConnectedMachineEventSink'
        'Get-AzConnectedMachineEventSink'
        'Remove-AzConnectedMachineEventSink'
        'Get-AzConnectedMachineUpgradePolicy'
        'Set-AzConnectedMachineUpgradePolicy'
        'Get-AzConnectedMachineConfiguration'
        'Set-AzConnectedMachineConfiguration'
        'Add-AzConnectedMachineHealthProbe'
        'Get-AzConnectedMachineHealthProbe'
        'Remove-AzConnectedMachineHealthProbe'
        'Add-AzConnectedMachineUpgradeHold'
        'Get-AzConnectedMachineUpgradeHold'
        'Remove-AzConnectedMachineUpgradeHold'
        'Add-AzConnectedMachineUpgradePin'
        'Get-AzConnectedMachineUpgradePin'
        'Remove-AzConnectedMachineUpgradePin'
        'Add-AzConnectedMachineMaintenanceWindow'
        'Get-AzConnectedMachineMaintenanceWindow'
        'Remove-AzConnectedMachineMaintenanceWindow'
    )
    CmdletsToExport      = @()
    VariablesToExport    = @()
    AliasesToExport      = @()
    PrivateData          = @{
        PSData = @{
            Tags         = @('Azure', 'Arc', 'ConnectedMachine', 'Extension', 'AutomaticUpgrade', 'PSEdition_Desktop', 'PSEdition_Core', 'Windows', 'Linux', 'MacOS')
            LicenseUri   = 'https://opensource.org/license/mit'
            ProjectUri   = 'https://github.com/az-connectedmachine-lite/az-connectedmachine-lite'
            ReleaseNotes = 'See CHANGELOG.md.'
        }
    }
}
