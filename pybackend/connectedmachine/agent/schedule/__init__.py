"""Upgrade passes by the system's own scheduler: one file for each, and the choice between them."""
