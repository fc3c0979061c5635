"""``python -m ftproofs``."""

import sys

from ftproofs.cli import main

if __name__ == "__main__":
    sys.exit(main())
