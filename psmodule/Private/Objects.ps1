# What the backend answers to the objects that cmdlets write. Each has a type name that the format file knows.
# What is not there is $null by name: nothing at all would come back from another process as an empty object.

function ReadTime {
    param([string] $Text)

    if ($Text) { ([datetime] $Text).ToUniversalTime() } else { $null }
}

function ReadSpan {
    param([object] $Seconds)

    if ($null -ne $Seconds) { [timespan]::FromSeconds($Seconds) } else { $null }
}

function ToMachine {
    param([Collections.IDictionary] $Resource)

    $properties = $Resource['properties']
    $upgrade = MembersOf $properties['agentUpgrade']
    $place = MembersOf $properties['locationData']
    $identity = MembersOf $Resource['identity']
    [pscustomobject]@{
        PSTypeName                         = 'AzConnectedMachineLite.Machine'
        Name                               = $Resource['name']
        ResourceGroupName                  = $Resource['resourceGroup']
        MachineName                        = $Resource['name'] # what the cmdlets of a machine bind by property name
        Id                                 = $Resource['id']
        Type                               = $Resource['type']
        Location                           = $Resource['location']
        Tags                               = $Resource['tags']
        Kind                               = $Resource['kind']
        OSType                             = $properties['osType']
        OSName                             = $properties['osName']
        OSVersion                          = $properties['osVersion']
        OSProfile                          = $properties['osProfile']
        Architecture                       = $properties['architecture']
        Status                             = $properties['status']
        ProvisioningState                  = $properties['provisioningState']
        AgentVersion                       = $properties['agentVersion']
        AgentUpgradeCorrelationId          = $upgrade['correlationId']
        AgentUpgradeDesiredVersion         = $upgrade['desiredVersion']
        AgentUpgradeEnableAutomaticUpgrade = $upgrade['enableAutomaticUpgrade']
        ClientPublicKey                    = $properties['clientPublicKey']
        CloudMetadataProvider              = (MembersOf $properties['cloudMetadata'])['provider']
        DisplayName                        = $properties['displayName']
        Fqdn                               = $properties['machineFqdn']
        IdentityPrincipalId                = $identity['principalId']
        IdentityTenantId                   = $identity['tenantId']
        IdentityType                       = $identity['type']
        LicenseProfile                     = $properties['licenseProfile']
        LocationDataName                   = $place['name']
        LocationDataCity                   = $place['city']
        LocationDataDistrict               = $place['district']
        LocationDataCountryOrRegion        = $place['countryOrRegion']
        MssqlDiscovered                    = $properties['mssqlDiscovered']
        ParentClusterResourceId            = $properties['parentClusterResourceId']
        PrivateLinkScopeResourceId         = $properties['privateLinkScopeResourceId']
        VMId                               = $properties['vmId']
        Simulated                          = $properties['simulated']
        LastStatusChange                   = ReadTime $properties['lastStatusChange']
        SystemDataCreatedAt                = ReadTime $Resource['systemData']['createdAt']
        SystemDataLastModifiedAt           = $null # neither that nor who it was is kept
        SystemDataCreatedBy                = $null
        SystemDataCreatedByType            = $null
        SystemDataLastModifiedBy           = $null
        SystemDataLastModifiedByType       = $null
    }
}

# Returns the members of a part of a resource; none where it is not there.
function MembersOf {
    param([Collections.IDictionary] $Part)

    if ($null -eq $Part) { @{} } else { $Part }
}

function ToHandlerStatus {
    param([Collections.IDictionary] $Handler, [string] $ResourceGroupName, [string] $MachineName, [string] $Time)

    $settings = $Handler['runtimeSettingsStatus']
    if ($null -eq $settings) { $settings = @{ settingsStatus = @{ status = @{ formattedMessage = @{} } } } }
    $reported = $settings['settingsStatus']['status']
    $parts = foreach ($part in $reported['substatus']) {
        [pscustomobject]@{
            Name    = $part['name']
            Status  = $part['status']
            Code    = $part['code']
            Message = $part['formattedMessage']['message']
        }
    }
    [pscustomobject]@{
        PSTypeName        = 'AzConnectedMachineLite.HandlerStatus'
        HandlerName       = $Handler['handlerName']
        MachineName       = $MachineName
        ResourceGroupName = $ResourceGroupName
        HandlerVersion    = $Handler['handlerVersion']
        Status            = $Handler['status']
        Code              = $Handler['code']
        Message           = $Handler['formattedMessage']['message']
        SequenceNumber    = $settings['sequenceNumber']
        ReportedStatus    = $reported['status']
        ReportedCode      = $reported['code']
        ReportedMessage   = $reported['formattedMessage']['message']
        Operation         = $reported['operation']
        Substatus         = @($parts)
        Time              = ReadTime $Time
    }
}

function ToExtension {
    param([Collections.IDictionary] $Resource)

    $parts = $Resource['id'].Split('/') # /subscriptions/s/resourceGroups/g/providers/p/machines/m/extensions/e
    $properties = $Resource['properties']
    $view = $properties['instanceView']
    if ($null -eq $view) { $view = @{} }
    $status = $view['status']
    if ($null -eq $status) { $status = @{} }
    $setting = $null
    if ($properties['settingsText']) { $setting = ReadJson $properties['settingsText'] }
    [pscustomobject]@{
        PSTypeName                     = 'AzConnectedMachineLite.MachineExtension'
        Name                           = $Resource['name']
        ResourceGroupName              = $parts[4]
        MachineName                    = $parts[8]
        Id                             = $Resource['id']
        Type                           = $Resource['type']
        Location                       = $Resource['location']
        Tags                           = $Resource['tags']
        Publisher                      = $properties['publisher']
        MachineExtensionType           = $properties['type']
        TypeHandlerVersion             = $properties['typeHandlerVersion']
        EnableAutomaticUpgrade         = $properties['enableAutomaticUpgrade']
        AutoUpgradeMinorVersion        = $properties['autoUpgradeMinorVersion']
        ForceUpdateTag                 = $properties['forceUpdateTag']
        ProvisionAfterExtension        = $properties['provisionAfterExtensions']
        Setting                        = $setting
        ProtectedSetting               = $null # never read back
        ProvisioningState              = $properties['provisioningState']
        InstanceViewName               = $view['name']
        InstanceViewType               = $view['type']
        InstanceViewTypeHandlerVersion = $view['typeHandlerVersion']
        StatusCode                     = $status['code']
        StatusLevel                    = $status['level']
        StatusDisplayStatus            = $status['displayStatus']
        StatusMessage                  = $status['message']
        StatusTime                     = ReadTime $status['time']
        SystemDataCreatedAt            = ReadTime $Resource['systemData']['createdAt']
        SystemDataLastModifiedAt       = ReadTime $Resource['systemData']['lastModifiedAt']
        SystemDataCreatedBy            = $null # who it was is not kept
        SystemDataCreatedByType        = $null
        SystemDataLastModifiedBy       = $null
        SystemDataLastModifiedByType   = $null
    }
}

function ToExtensions {
    param([Collections.IDictionary] $List)

    foreach ($extension in $List['value']) { ToExtension $extension }
}

function ToImage {
    param([Collections.IDictionary] $Image)

    [pscustomobject]@{
        PSTypeName               = 'AzConnectedMachineLite.ExtensionImage'
        Publisher                = $Image['publisher']
        ExtensionType            = $Image['type']
        Version                  = $Image['version']
        OperatingSystem          = $Image['operatingSystem']
        Architecture             = $Image['architecture']
        SupportsAutomaticUpgrade = $Image['supportsAutomaticUpgrade']
        Withdrawn                = $Image['withdrawn']
        GalleryName              = $Image['gallery']
        Published                = ReadTime $Image['published']
        Length                   = $Image['length']
        Sha256                   = $Image['sha256']
    }
}

function ToFinding {
    param([Collections.IDictionary] $Finding)

    [pscustomobject]@{
        PSTypeName      = 'AzConnectedMachineLite.PackageFinding'
        Result          = $Finding['result']
        Name            = $Finding['name']
        Demand          = $Finding['demand']
        Observed        = $Finding['observed']
        ContractSection = $Finding['contractSection']
    }
}

function ToMetadata {
    param([Collections.IDictionary] $Metadata)

    [pscustomobject]@{
        PSTypeName      = 'AzConnectedMachineLite.ExtensionMetadata'
        Publisher       = $Metadata['publisher']
        ExtensionType   = $Metadata['extensionType']
        Version         = $Metadata['version']
        OperatingSystem = $Metadata['operatingSystem']
        Architecture    = $Metadata['architecture']
        Id              = $Metadata['id']
    }
}

function ToPublisher {
    param([Collections.IDictionary] $Publisher)

    [pscustomobject]@{
        PSTypeName = 'AzConnectedMachineLite.ExtensionPublisher'
        Name       = $Publisher['name']
        Id         = $Publisher['id']
    }
}

function ToExtensionType {
    param([Collections.IDictionary] $Type)

    [pscustomobject]@{
        PSTypeName = 'AzConnectedMachineLite.ExtensionType'
        Name       = $Type['name']
        Id         = $Type['id']
    }
}

function ToGallery {
    param([Collections.IDictionary] $Gallery)

    [pscustomobject]@{
        PSTypeName = 'AzConnectedMachineLite.Gallery'
        Name       = $Gallery['name']
        Path       = $Gallery['path']
        IsDefault  = $Gallery['isDefault']
    }
}

function ToDecision {
    param([Collections.IDictionary] $Decision)

    [pscustomobject]@{
        PSTypeName        = 'AzConnectedMachineLite.UpgradeDecision'
        Name              = $Decision['name']
        MachineName       = $Decision['machine']
        ResourceGroupName = $Decision['resourceGroup']
        Reason            = $Decision['reason']
        FromVersion       = $Decision['fromVersion']
        ToVersion         = $Decision['toVersion']
        Message           = $Decision['message']
        NextLook          = ReadTime $Decision['nextLook']
        OperationId       = $Decision['operationId']
        Time              = ReadTime $Decision['time']
    }
}

# One for each extension that a pass looked at.
function ToDecisions {
    param([Collections.IDictionary] $Pass)

    foreach ($decision in $Pass['value']) { ToDecision $decision }
}

function ToOperation {
    param([Collections.IDictionary] $Operation)

    $steps = foreach ($step in $Operation['steps']) {
        [pscustomobject]@{
            PSTypeName = 'AzConnectedMachineLite.UpgradeStep'
            Name       = $step['name']
            Round      = $step['round']
            Began      = ReadTime $step['began']
            Ended      = ReadTime $step['ended']
            Outcome    = $step['outcome']
            ExitCode   = $step['exitCode']
            Message    = $step['message']
        }
    }
    [pscustomobject]@{
        PSTypeName        = 'AzConnectedMachineLite.UpgradeOperation'
        Time              = ReadTime $Operation['time']
        Name              = $Operation['name']
        Extensions        = @($Operation['extensions'])
        MachineName       = $Operation['machine']
        ResourceGroupName = $Operation['resourceGroup']
        Operation         = $Operation['operation']
        FromVersion       = $Operation['fromVersion']
        ToVersion         = $Operation['toVersion']
        Outcome           = $Operation['outcome']
        Message           = $Operation['message']
        Initiator         = $Operation['initiator']
        Duration          = ReadSpan $Operation['durationSeconds']
        Steps             = @($steps)
        Finished          = ReadTime $Operation['finished']
        OperationId       = $Operation['id']
    }
}

function ToPolicy {
    param([Collections.IDictionary] $Policy)

    $members = [ordered]@{
        PSTypeName        = 'AzConnectedMachineLite.UpgradePolicy'
        MachineName       = $Policy['machine']
        ResourceGroupName = $Policy['resourceGroup']
        Name              = $Policy['extension']
    }
    $source = [ordered]@{}
    foreach ($entry in $Policy['values']) {
        $name = $entry['name'].Substring(0, 1).ToUpperInvariant() + $entry['name'].Substring(1)
        $value = $entry['value']
        if ($name -in 'HealthWindow', 'StableFor', 'HealthyFor', 'RetryInterval', 'RetryLongest', 'RetryFor', 'ManualHealthWindow', 'SampleInterval',
            'RollbackPause', 'PassInterval', 'InstallTimeout', 'UpdateTimeout', 'EnableTimeout', 'DisableTimeout', 'UninstallTimeout') { $value = ReadSpan $value }
        $members[$name] = $value
        $source[$name] = $entry['source']
    }
    $members['Source'] = [pscustomobject] $source
    [pscustomobject] $members
}

function ToConfiguration {
    param([Collections.IDictionary] $Configuration)

    [pscustomobject]@{
        PSTypeName        = 'AzConnectedMachineLite.MachineConfiguration'
        MachineName       = $Configuration['machine']
        ResourceGroupName = $Configuration['resourceGroup']
        ExtensionsEnabled = $Configuration['extensionsEnabled']
        Mode              = $Configuration['mode']
        AllowList         = [string[]] @($Configuration['allowList'])
        BlockList         = [string[]] @($Configuration['blockList'])
        ModeAllowList     = [string[]] @($Configuration['modeAllowList'])
    }
}

function ToProbe {
    param([Collections.IDictionary] $Probe, [string] $ResourceGroupName, [string] $MachineName)

    $sample = $Probe['lastSample']
    if ($null -eq $sample) { $sample = @{} }
    [pscustomobject]@{
        PSTypeName        = 'AzConnectedMachineLite.HealthProbe'
        Name              = $Probe['name']
        MachineName       = $MachineName
        ResourceGroupName = $ResourceGroupName
        Kind              = $Probe['kind']
        Target            = $Probe['target']
        Interval          = ReadSpan $Probe['intervalSeconds']
        Timeout           = ReadSpan $Probe['timeoutSeconds']
        State             = $sample['state']
        Message           = $sample['message']
        Time              = ReadTime $sample['time']
    }
}

function ToTask {
    param([Collections.IDictionary] $Task)

    [pscustomobject]@{
        PSTypeName  = 'AzConnectedMachineLite.UpgradeTask'
        Name        = $Task['name']
        Scheduler   = $Task['scheduler']
        NextRun     = ReadTime $Task['nextRun']
        LastRun     = ReadTime $Task['lastRun']
        LastResult  = $Task['lastResult']
        Description = $Task['description']
        Command     = @($Task['command'])
    }
}

function ToEventSink {
    param([Collections.IDictionary] $Sink)

    [pscustomobject]@{
        PSTypeName        = 'AzConnectedMachineLite.EventSink'
        Name              = $Sink['name']
        Kind              = $Sink['kind']
        Target            = $Sink['target']
        MachineName       = $Sink['machine']
        ResourceGroupName = $Sink['resourceGroup']
        Header            = $Sink['header']
        Timeout           = ReadSpan $Sink['timeoutSeconds']
        Waiting           = $Sink['waiting']
        LastError         = $Sink['lastError']
    }
}

function ToHold {
    param([Collections.IDictionary] $Hold, [string] $ResourceGroupName)

    [pscustomobject]@{
        PSTypeName        = 'AzConnectedMachineLite.UpgradeHold'
        Name              = $Hold['name']
        MachineName       = $Hold['machine']
        ResourceGroupName = $ResourceGroupName
        Version           = $Hold['version']
        Until             = ReadTime $Hold['until']
        Expired           = $Hold['expired']
        Reason            = $Hold['reason']
        Created           = ReadTime $Hold['created']
    }
}

function ToPin {
    param([Collections.IDictionary] $Pin, [string] $ResourceGroupName)

    [pscustomobject]@{
        PSTypeName        = 'AzConnectedMachineLite.UpgradePin'
        Name              = $Pin['name']
        MachineName       = $Pin['machine']
        ResourceGroupName = $ResourceGroupName
        Kind              = $Pin['kind']
        Version           = $Pin['version']
        Reason            = $Pin['reason']
        Created           = ReadTime $Pin['created']
    }
}

function ToWindow {
    param([Collections.IDictionary] $Window, [string] $ResourceGroupName)

    [pscustomobject]@{
        PSTypeName        = 'AzConnectedMachineLite.MaintenanceWindow'
        WindowName        = $Window['windowName']
        MachineName       = $Window['machine']
        ResourceGroupName = $ResourceGroupName
        Name              = $Window['name']
        TimeZone          = $Window['timeZone']
        Day               = [string[]] @($Window['days'])
        Week              = [string[]] @($Window['weeks'])
        Start             = $Window['start']
        Duration          = ReadSpan $Window['durationSeconds']
        Spread            = ReadSpan $Window['spreadSeconds']
        Blackout          = [string[]] @($Window['blackouts'])
        IsOpen            = $Window['isOpen']
        Closes            = ReadTime $Window['closes']
        NextOpening       = ReadTime $Window['nextOpening']
    }
}

function ToBackend {
    param([string] $Scope, [string] $Folder, [string] $Python)

    [pscustomobject]@{
        PSTypeName = 'AzConnectedMachineLite.Backend'
        Version    = ModuleVersion
        Scope      = $Scope
        Path       = $Folder
        Python     = $Python
    }
}

function ToBackendCheck {
    param([string] $Check, [string] $Result, [string] $Message, [string] $Action)

    [pscustomobject]@{
        PSTypeName        = 'AzConnectedMachineLite.BackendCheck'
        Check             = $Check
        Result            = $Result
        Message           = $Message
        RecommendedAction = $Action
    }
}
