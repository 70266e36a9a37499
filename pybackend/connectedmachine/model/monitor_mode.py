"""The extensions that monitor mode admits.

Microsoft keeps the Arc agent's list with the agent and publishes it nowhere: its documentation (Extensions
security for Azure Arc-enabled servers, July 2025, "Agent monitor mode" and "Example configuration for
monitoring and security scenarios") says that those for monitoring and security are admitted, and those that
change the system's configuration or run scripts are not, and gives examples. This list is those examples
and, by the same rule, the other monitoring and security extensions of ``gallery/catalogue.json``. It is
data: change it here.
"""

from __future__ import annotations

ADMITTED = (
    # The page's own examples.
    "Microsoft.Azure.Monitor/AzureMonitorLinuxAgent",
    "Microsoft.Azure.Monitor/AzureMonitorWindowsAgent",
    "Microsoft.Azure.AzureDefenderForServers/MDE.Linux",
    "Microsoft.Azure.AzureDefenderForServers/MDE.Windows",
    "Microsoft.Azure.AzureDefenderForSQL/AdvancedThreatProtection.Windows",
    "Microsoft.EnterpriseCloud.Monitoring/MicrosoftMonitoringAgent",
    "Microsoft.EnterpriseCloud.Monitoring/OmsAgentForLinux",
    "Qualys/LinuxAgent.AzureSecurityCenter",
    "Qualys/WindowsAgent.AzureSecurityCenter",
    # By the same rule.
    "Microsoft.Azure.Monitoring.DependencyAgent/DependencyAgentLinux",
    "Microsoft.Azure.Monitoring.DependencyAgent/DependencyAgentWindows",
    "Microsoft.Azure.NetworkWatcher/NetworkWatcherAgentLinux",
    "Microsoft.Azure.NetworkWatcher/NetworkWatcherAgentWindows",
    "Microsoft.Azure.Security/IaaSAntimalware",
    "Microsoft.Azure.Security.LinuxAttestation/GuestAttestation",
    "Microsoft.Azure.Security.WindowsAttestation/GuestAttestation",
    "Microsoft.Azure.Security.Monitoring/AzureSecurityLinuxAgent",
    "Microsoft.Azure.Security.Monitoring/AzureSecurityWindowsAgent",
    "Microsoft.Azure.ChangeTrackingAndInventory/ChangeTracking-Linux",
    "Microsoft.Azure.ChangeTrackingAndInventory/ChangeTracking-Windows",
)
"""Entries as an allowlist has them."""
