"""The operations that every front door offers; a front door holds no rule of its own."""

from connectedmachine.service.follow import Follower
from connectedmachine.service.service import Service

__all__ = ["Follower", "Service"]
