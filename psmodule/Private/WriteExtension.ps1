# What New-, Set- and Update-AzConnectedMachineExtension have in common: the address, the question, the call.

# Returns the address that the bound names or the piped object give, or $null after an error was written.
function ExtensionAddress {
    param([Management.Automation.PSCmdlet] $Cmdlet)

    $bound = $Cmdlet.MyInvocation.BoundParameters
    if ($bound.ContainsKey('InputObject')) { return ResolveIdentity $Cmdlet $bound['InputObject'] -OfExtension }
    if ($bound.ContainsKey('MachineInputObject')) {
        $address = ResolveIdentity $Cmdlet $bound['MachineInputObject']
        if ($null -ne $address) { $address.name = $bound['Name'] }
        return $address
    }
    @{
        subscriptionId = $bound['SubscriptionId']
        resourceGroup  = $bound['ResourceGroupName']
        machine        = $bound['MachineName']
        name           = $bound['Name']
    }
}

# Puts or patches an extension and writes it as it stands afterwards.
function WriteExtension {
    param([Management.Automation.PSCmdlet] $Cmdlet, [string] $Verb, [hashtable] $Address, [string] $Body, [switch] $NoWait, [switch] $IgnoreWindow)

    $parameters = $Address + @{ bodyText = $Body }
    $isWanted = ShouldChange $Cmdlet "extension '$($Address.name)' of machine '$($Address.machine)'" {
        $preview = CallBackend $Cmdlet 'extension.preview' ($parameters + @{ verb = $Verb }) -Target $Address.name
        if ($null -ne $preview) { $preview['message'] }
    }
    if (-not $isWanted) { return }
    $parameters['wait'] = -not $NoWait
    $parameters['ignoreWindow'] = [bool] $IgnoreWindow
    DoCall $Cmdlet "extension.$Verb" $parameters $Address.name 'ToExtension'
}
