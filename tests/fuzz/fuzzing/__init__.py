"""Feeds parsers and the unpacker what no tool would write, and checks what must hold whatever they get."""
