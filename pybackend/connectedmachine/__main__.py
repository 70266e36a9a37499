"""``python -m connectedmachine`` is the command ``connectedmachine``."""

import sys

from connectedmachine.frontends.cli import main

if __name__ == "__main__":
    sys.exit(main())
