"""dbt's command line as the child process of `caudal.dbt_run`, by path: `python -P dbt_process.py build …`."""

import ctypes
import gc
import sys

# A dbt left behind by a killed build would go on writing into the next build's schema: have the kernel end it with us.
PR_SET_PDEATHSIG, SIGKILL = 1, 9
# dbt keeps a quarter of a million objects until it ends, and Python's default looks through all of them again and again: a tenth of a build's time.
OBJECTS_UNTIL_COLLECTED = 200_000


def main() -> None:
    """Run dbt with this process's arguments, and end with its exit code."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, SIGKILL)
    gc.set_threshold(OBJECTS_UNTIL_COLLECTED, 50, 100)
    from dbt.cli.main import cli  # takes seconds, in which our parent may be killed

    sys.exit(cli(prog_name="dbt"))


if __name__ == "__main__":
    main()
