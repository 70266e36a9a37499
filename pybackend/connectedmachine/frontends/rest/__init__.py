"""The ARM-shaped HTTP front door: real, unmodified Azure SDKs and ``az`` are its judges."""
