"""Automatic Extension Upgrade of Azure Arc-enabled servers, for any server, offline."""

__version__ = "0.1.0"
