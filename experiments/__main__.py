"""Run experiments and build the report: ``python -m experiments [NAME …]``; print a table: ``… table NAME``.

Nothing but what heeds Ctrl-C is loaded before it does; the rest takes a second.
"""

import sys

from numdiff.interruption import Interruption


def main() -> int:
    """Run the command and return its exit status."""
    interruption = Interruption()

    def command() -> int:
        if sys.argv[1:2] == ["table"]:
            from experiments import tables

            return tables.main(sys.argv[2:])
        from experiments.command import main

        return main(interruption=interruption)

    return interruption.run(command)


if __name__ == "__main__":
    sys.exit(main())
