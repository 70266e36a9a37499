"""What a handler package sees: its folder, environment, settings, reports, and one command with its fate.

Handler contract sections 1 and 2. Everything a handler writes is untrusted here.
"""
