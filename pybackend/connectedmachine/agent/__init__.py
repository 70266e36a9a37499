"""Hands for ``upgrade``: does the steps of operations, journals them, looks at health; runs per machine."""
