"""The reason this project exists: what moves, step by step, and what health says of it.

Pure: no clock, no file and no process of its own. ``agent`` is its hands.
"""
