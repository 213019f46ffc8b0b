"""`python -m rot90`: the command."""

import os
import subprocess
import sys

from . import find_bin


def main() -> int:
    command = [find_bin(), *sys.argv[1:]]
    if os.name != "nt":
        os.execv(command[0], command)
    # A process cannot become another one on Windows. Ctrl-C goes to both, and this one waits.
    process = subprocess.Popen(command)
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            pass


if __name__ == "__main__":
    sys.exit(main())
