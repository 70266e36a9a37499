"""Fixtures of this room's tests."""

from agent.world import world

__all__ = ["world"]
