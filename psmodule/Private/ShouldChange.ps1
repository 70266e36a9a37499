# ShouldProcess with the caller's preferences, and with what would be done as its text.
function ShouldChange {
    param(
        [Management.Automation.PSCmdlet] $Cmdlet,
        # What would be changed: the machine, and the extension or other thing on it.
        [string] $Target,
        # What would be done to it. A block is asked only when somebody will read its answer; one that answers
        # nothing has written an error.
        [object] $Action
    )

    foreach ($name in 'WhatIfPreference', 'ConfirmPreference', 'VerbosePreference') {
        $preference = $Cmdlet.SessionState.PSVariable.GetValue($name)
        if ($null -ne $preference) { $ExecutionContext.SessionState.PSVariable.Set($name, $preference) }
    }
    $bound = $Cmdlet.MyInvocation.BoundParameters
    $isShown = $WhatIfPreference -or $ConfirmPreference -in 'Low', 'Medium' -or $VerbosePreference -ne 'SilentlyContinue'
    foreach ($name in 'WhatIf', 'Confirm', 'Verbose') {
        if ($bound.ContainsKey($name) -and $bound[$name]) { $isShown = $true }
    }
    if ($Action -is [scriptblock]) {
        if ($isShown) { $Action = & $Action } else { $Action = $Cmdlet.MyInvocation.MyCommand.Name }
        if (-not $Action) { return $false }
    }
    $Cmdlet.ShouldProcess($Target, $Action)
}

# Says in one line what an upgrade pass would do.
function PlanText {
    param([object[]] $Decisions)

    $moves = foreach ($decision in $Decisions) {
        if ($decision['reason'] -eq 'Upgraded') { "upgrade $($decision['name']) from $($decision['fromVersion']) to $($decision['toVersion'])" }
        elseif ($decision['reason'] -eq 'Installed') { "install $($decision['name']) $($decision['toVersion'])" }
    }
    if ($moves) { $moves -join ', ' } else { 'upgrade nothing' }
}
