"""The REST front end: HTTP as Azure Resource Manager speaks it, on this machine."""
