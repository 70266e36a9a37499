"""Fixtures of this room's tests."""

from agent.world import clock, timeless, world

__all__ = ["clock", "timeless", "world"]
