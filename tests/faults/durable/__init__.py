"""The durable calls of this process, seen one by one: what a crash can come between.

A call is durable when it changes what another process, or this one's successor, will find: names and
contents of files, what is on the disk for certain (``fsync``), a commit of the store, a process started.
``tapped`` shows each to an observer before and after it is made; POSIX with ``/proc`` only.
"""

from .calls import Call, Observer, Watcher
from .taps import tapped

__all__ = ["Call", "Observer", "Watcher", "tapped"]
