"""Runs the command `holdfast`: `python -m holdfast`."""

import sys

from .command import main

if __name__ == "__main__":
    sys.exit(main())
