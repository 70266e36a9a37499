# What the backend says about upgrades in whole: why an extension is where it is, and a plan that can be kept.

# A decision, as it is in a list, with what is planned now and everything that stands in the way.
function ToExplanation {
    param([Collections.IDictionary] $Answer)

    $plan = $Answer['plan']
    $decision = $Answer['lastDecision']
    if ($null -eq $decision) { $decision = $plan }
    if ($null -eq $decision) { $decision = @{ name = $Answer['name']; machine = $Answer['machine']; resourceGroup = $Answer['resourceGroup'] } }
    $explanation = ToDecision $decision
    $explanation.PSObject.TypeNames.Insert(0, 'AzConnectedMachineLite.UpgradeExplanation')
    if ($null -eq $plan) { $plan = @{} } else { $explanation.NextLook = ReadTime $plan['nextLook'] }
    $then = $Answer['then']
    $obstacles = foreach ($obstacle in $Answer['obstacles']) { ToObstacle $obstacle }
    $members = [ordered]@{
        Moment           = ReadTime $Answer['time']
        InstalledVersion = $Answer['installedVersion']
        PlanReason       = $plan['reason']
        PlanMessage      = $plan['message']
        Planned          = MoveText $Answer['move']
        Obstacle         = @($obstacles)
        Then             = $(if ($Answer['thenMove']) { MoveText $Answer['thenMove'] } elseif ($then) { $then['message'] } else { $null })
        Passes           = $Answer['passes']
        UnderWay         = ToEvidencedOperation $Answer['underWay']
        LastOperation    = ToEvidencedOperation $Answer['lastOperation']
        PassId           = $decision['passId']
        StartedBy        = $decision['initiator']
    }
    foreach ($name in $members.Keys) { $explanation.PSObject.Properties.Add([psnoteproperty]::new($name, $members[$name])) }
    $explanation
}

function ToObstacle {
    param([Collections.IDictionary] $Obstacle)

    $rule = MembersOf $Obstacle['rule']
    [pscustomobject]@{
        PSTypeName = 'AzConnectedMachineLite.UpgradeObstacle'
        Reason     = $Obstacle['reason']
        Message    = $Obstacle['message']
        ToVersion  = $Obstacle['toVersion']
        Until      = ReadTime $Obstacle['until']
        RuleName   = $rule['name']
        RuleValue  = $rule['value']
        RuleSource = $rule['source']
        Evidence   = @(ToEvidence $Obstacle['evidence'])
        WhatToDo   = $Obstacle['whatToDo']
    }
}

function ToEvidence {
    param([object[]] $Facts)

    foreach ($fact in $Facts) {
        [pscustomobject]@{
            PSTypeName = 'AzConnectedMachineLite.UpgradeEvidence'
            About      = $fact['about']
            Says       = $fact['says']
            Time       = ReadTime $fact['time']
        }
    }
}

function ToOperations {
    param([Collections.IDictionary] $List)

    foreach ($operation in $List['value']) { ToOperation $operation }
}

# An operation with evidence in the place of its steps.
function ToEvidencedOperation {
    param([Collections.IDictionary] $Operation)

    if ($null -eq $Operation) { return $null }
    $shown = ToOperation $Operation
    foreach ($member in @(
            @('Automatic', $Operation['automatic']), @('PassId', $Operation['passId']), @('Evidence', @(ToEvidence $Operation['evidence'])))) {
        $shown.PSObject.Properties.Add([psnoteproperty]::new($member[0], $member[1]))
    }
    $shown
}

function MoveText {
    param([Collections.IDictionary] $Move)

    if ($null -eq $Move) { return $null }
    (@($Move['operation'], (@($Move['fromVersion'], $Move['toVersion'] | Where-Object { $_ }) -join ' -> ')) | Where-Object { $_ }) -join ' '
}

# A plan; its Json is what Start-AzConnectedMachineUpgrade and 'connectedmachine upgrade run --plan' take.
function ToPlan {
    param([Collections.IDictionary] $Plan)

    $moves = foreach ($move in $Plan['moves']) {
        [pscustomobject]@{
            PSTypeName   = 'AzConnectedMachineLite.UpgradeMove'
            Name         = $move['name']
            Operation    = $move['operation']
            FromVersion  = $move['fromVersion']
            ToVersion    = $move['toVersion']
            Automatic    = $move['automatic']
            HealthWindow = ReadSpan $move['healthWindowSeconds']
            Sha256       = $move['sha256']
        }
    }
    [pscustomobject]@{
        PSTypeName        = 'AzConnectedMachineLite.UpgradePlan'
        MachineName       = $Plan['machine']
        ResourceGroupName = $Plan['resourceGroup']
        Name              = $Plan['extension']
        Digest            = $Plan['digest']
        TakenAt           = ReadTime $Plan['takenAt']
        Move              = @($moves)
        Decision          = @(ToDecisions $Plan)
        Json              = WriteJson $Plan
    }
}

# Returns what a plan's text holds, as far as the module needs it; the backend judges the rest.
function ReadPlan {
    param([Management.Automation.PSCmdlet] $Cmdlet, [string] $Text)

    $plan = $null
    try {
        $null = ConvertFrom-Json $Text # judges what ReadJson takes for granted
        $plan = ReadJson $Text.Trim()
    }
    catch { $null = $_ }
    if ($plan -is [Collections.IDictionary] -and $plan['machine'] -and $plan['resourceGroup']) { return $plan }
    $Cmdlet.ThrowTerminatingError((NewErrorRecord 'InvalidPlan' 'InvalidArgument' $Text 'This is no upgrade plan.' `
                'Give one as Get-AzConnectedMachineUpgrade -Plan made it.'))
}
