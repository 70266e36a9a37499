"""Cuts the runner off at every durable call, as SIGKILL does, and looks at what its successor makes of it."""
