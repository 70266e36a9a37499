"""A disk that gets full, or read-only, at any durable call of the runner, and has room again later."""

from .run import FAULTS, NAMES, run

__all__ = ["FAULTS", "NAMES", "run"]
