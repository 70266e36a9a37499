# An error record with a stable id, a category, the item it is about and what to do next.
function NewErrorRecord {
    param([string] $Code, [Management.Automation.ErrorCategory] $Category, [object] $Target, [string] $Message, [string] $Hint)

    $exception = [InvalidOperationException]::new($Message)
    $record = [Management.Automation.ErrorRecord]::new($exception, $Code, $Category, $Target)
    $record.ErrorDetails = [Management.Automation.ErrorDetails]::new($Message)
    $record.ErrorDetails.RecommendedAction = $Hint
    $record
}
