"""What the product costs beside the least it could cost, measured in one run (``scripts/bench.py``).

A measure is a ratio: the cost of something over a floor that does the unavoidable part of it and nothing
else. Cost and floor take turns, so whatever else the machine is doing falls on both.
"""
