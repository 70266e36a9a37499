"""From a published zip to a verified folder on disk: publish, withdraw, list, fetch, unpack.

Everything read here was written by somebody else. Order of trust: an image's facts are checked when they
are read, a package's length and hash before a byte of it is unpacked, its entries before one is written.
"""
