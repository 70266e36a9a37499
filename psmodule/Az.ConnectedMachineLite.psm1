# Loads the module's functions in a stated order. Nothing happens at import: the backend starts at the first call.
# What is exported is the manifest's list; Export-ModuleMember would be a tenth of the import.

Set-StrictMode -Version 3.0
$script:ModuleFolder = $PSScriptRoot

. "$PSScriptRoot/Private/NewErrorRecord.ps1"
. "$PSScriptRoot/Private/ReadJson.ps1"
. "$PSScriptRoot/Private/WriteJson.ps1"
. "$PSScriptRoot/Private/Identity.ps1"
. "$PSScriptRoot/Private/Arguments.ps1"
. "$PSScriptRoot/Private/Objects.ps1"
. "$PSScriptRoot/Private/UpgradeObjects.ps1"
. "$PSScriptRoot/Private/RunTool.ps1"
. "$PSScriptRoot/Private/BackendPlace.ps1"
. "$PSScriptRoot/Private/Backend.ps1"
. "$PSScriptRoot/Private/CallBackend.ps1"
. "$PSScriptRoot/Private/MakeBackend.ps1"
. "$PSScriptRoot/Private/CheckBackend.ps1"
. "$PSScriptRoot/Private/DoCall.ps1"
. "$PSScriptRoot/Private/Completion.ps1"
. "$PSScriptRoot/Private/ShouldChange.ps1"
. "$PSScriptRoot/Private/WriteExtension.ps1"
. "$PSScriptRoot/Public/Install-AzConnectedMachineBackend.ps1"
. "$PSScriptRoot/Public/Test-AzConnectedMachineBackend.ps1"
. "$PSScriptRoot/Public/Connect-AzConnectedMachine.ps1"
. "$PSScriptRoot/Public/Get-AzConnectedMachine.ps1"
. "$PSScriptRoot/Public/Get-AzConnectedMachineHandlerStatus.ps1"
. "$PSScriptRoot/Public/Update-AzConnectedMachine.ps1"
. "$PSScriptRoot/Public/Remove-AzConnectedMachine.ps1"
. "$PSScriptRoot/Public/Get-AzConnectedMachineExtension.ps1"
. "$PSScriptRoot/Public/New-AzConnectedMachineExtension.ps1"
. "$PSScriptRoot/Public/Set-AzConnectedMachineExtension.ps1"
. "$PSScriptRoot/Public/Update-AzConnectedMachineExtension.ps1"
. "$PSScriptRoot/Public/Remove-AzConnectedMachineExtension.ps1"
. "$PSScriptRoot/Public/Reset-AzConnectedMachineExtension.ps1"
. "$PSScriptRoot/Public/Update-AzConnectedExtension.ps1"
. "$PSScriptRoot/Public/Get-AzConnectedExtensionMetadata.ps1"
. "$PSScriptRoot/Public/Get-AzConnectedExtensionMetadataV2.ps1"
. "$PSScriptRoot/Public/Get-AzConnectedExtensionPublisher.ps1"
. "$PSScriptRoot/Public/Get-AzConnectedExtensionType.ps1"
. "$PSScriptRoot/Public/Publish-AzConnectedExtensionPackage.ps1"
. "$PSScriptRoot/Public/Unpublish-AzConnectedExtensionPackage.ps1"
. "$PSScriptRoot/Public/Test-AzConnectedExtensionPackage.ps1"
. "$PSScriptRoot/Public/Add-AzConnectedMachineGallery.ps1"
. "$PSScriptRoot/Public/Get-AzConnectedMachineGallery.ps1"
. "$PSScriptRoot/Public/Remove-AzConnectedMachineGallery.ps1"
. "$PSScriptRoot/Public/Start-AzConnectedMachineUpgrade.ps1"
. "$PSScriptRoot/Public/Get-AzConnectedMachineUpgrade.ps1"
. "$PSScriptRoot/Public/Resolve-AzConnectedMachineUpgrade.ps1"
. "$PSScriptRoot/Public/Register-AzConnectedMachineUpgradeTask.ps1"
. "$PSScriptRoot/Public/Get-AzConnectedMachineUpgradeTask.ps1"
. "$PSScriptRoot/Public/Unregister-AzConnectedMachineUpgradeTask.ps1"
. "$PSScriptRoot/Public/Add-AzConnectedMachineEventSink.ps1"
. "$PSScriptRoot/Public/Get-AzConnectedMachineEventSink.ps1"
. "$PSScriptRoot/Public/Remove-AzConnectedMachineEventSink.ps1"
. "$PSScriptRoot/Public/Get-AzConnectedMachineUpgradePolicy.ps1"
. "$PSScriptRoot/Public/Set-AzConnectedMachineUpgradePolicy.ps1"
. "$PSScriptRoot/Public/Get-AzConnectedMachineConfiguration.ps1"
. "$PSScriptRoot/Public/Set-AzConnectedMachineConfiguration.ps1"
. "$PSScriptRoot/Public/Add-AzConnectedMachineHealthProbe.ps1"
. "$PSScriptRoot/Public/Get-AzConnectedMachineHealthProbe.ps1"
. "$PSScriptRoot/Public/Remove-AzConnectedMachineHealthProbe.ps1"
. "$PSScriptRoot/Public/Add-AzConnectedMachineUpgradeHold.ps1"
. "$PSScriptRoot/Public/Get-AzConnectedMachineUpgradeHold.ps1"
. "$PSScriptRoot/Public/Remove-AzConnectedMachineUpgradeHold.ps1"
. "$PSScriptRoot/Public/Add-AzConnectedMachineUpgradePin.ps1"
. "$PSScriptRoot/Public/Get-AzConnectedMachineUpgradePin.ps1"
. "$PSScriptRoot/Public/Remove-AzConnectedMachineUpgradePin.ps1"
. "$PSScriptRoot/Public/Add-AzConnectedMachineMaintenanceWindow.ps1"
. "$PSScriptRoot/Public/Get-AzConnectedMachineMaintenanceWindow.ps1"
. "$PSScriptRoot/Public/Remove-AzConnectedMachineMaintenanceWindow.ps1"

$script:PriorOnRemove = $ExecutionContext.SessionState.Module.OnRemove
$ExecutionContext.SessionState.Module.OnRemove = {
    StopBackend
    if ($null -ne $script:PriorOnRemove) { & $script:PriorOnRemove }
}

if (Get-Module -Name Az.ConnectedMachine) {
    Write-Warning 'Az.ConnectedMachine is loaded too: the plain names of its cmdlets now mean those of Az.ConnectedMachineLite. Write Az.ConnectedMachine\<name> to reach the others, or Remove-Module one of the two.'
}
