# Azure resource ids, and the objects that are addressed by one.

$script:IdPattern = '^/subscriptions/(?<subscription>[^/]+)/resourceGroups/(?<group>[^/]+)/providers/Microsoft\.HybridCompute/machines/(?<machine>[^/]+)(?:/extensions/(?<extension>[^/]+))?$'

# Returns the parts of an id, or $null when it is none of ours.
function SplitId {
    param([string] $Id)

    $match = [regex]::Match($Id, $script:IdPattern, 'IgnoreCase')
    if (-not $match.Success) { return $null }
    @{
        subscriptionId = $match.Groups['subscription'].Value
        resourceGroup  = $match.Groups['group'].Value
        machine        = $match.Groups['machine'].Value
        name           = $match.Groups['extension'].Value
    }
}

# Returns the address that an object names, or $null after an error was written: an object or hashtable with
# an Id, or with the parts SubscriptionId, ResourceGroupName, MachineName and ExtensionName.
function ResolveIdentity {
    param(
        [Management.Automation.PSCmdlet] $Cmdlet,
        [object] $InputObject,
        # The address must name an extension, not a machine only.
        [switch] $OfExtension
    )

    $address = $null
    $id = PropertyOf $InputObject 'Id'
    if ($InputObject -is [string]) { $id = $InputObject }
    if ($id) { $address = SplitId $id }
    elseif ((PropertyOf $InputObject 'ResourceGroupName') -and (PropertyOf $InputObject 'MachineName')) {
        $address = @{
            subscriptionId = PropertyOf $InputObject 'SubscriptionId'
            resourceGroup  = PropertyOf $InputObject 'ResourceGroupName'
            machine        = PropertyOf $InputObject 'MachineName'
            name           = PropertyOf $InputObject 'ExtensionName'
        }
    }
    if ($null -eq $address -or ($OfExtension -and -not $address.name)) {
        $wanted = if ($OfExtension) { 'an extension' } else { 'a machine' }
        $Cmdlet.WriteError((NewErrorRecord 'InvalidIdentity' 'InvalidArgument' $InputObject "The input does not say which machine$(if ($OfExtension) { ' and extension' }) is meant." `
                    "Give $wanted as a cmdlet of this module returns it, or a hashtable with Id."))
        return $null
    }
    $address
}

# Returns a member of a dictionary or object without regard to case, or $null.
function PropertyOf {
    param([object] $Item, [string] $Name)

    if ($Item -is [Collections.IDictionary]) {
        foreach ($key in $Item.Keys) { if ($key -eq $Name) { return $Item[$key] } }
        return $null
    }
    if ($null -eq $Item) { return $null }
    $property = $Item.PSObject.Properties[$Name]
    if ($null -ne $property) { $property.Value }
}
