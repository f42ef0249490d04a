"""dbt as the child process of `caudal.dbt_run`, by path: `python -P dbt_process.py build …`."""

import ctypes
import gc
import sys
from pathlib import Path

# A dbt left behind by a killed build would go on writing into the next build's schema: have the kernel end it with us.
PR_SET_PDEATHSIG, SIGKILL = 1, 9
# dbt keeps a quarter of a million objects until it ends, and Python's default looks through all of them again and again: a tenth of a build's time.
OBJECTS_UNTIL_COLLECTED = 200_000
FAILED, BROKE = 1, 2  # exit codes, as of dbt's own command


def main() -> None:
    """Run dbt with this process's arguments, and end with its exit code.

    With `--no-write-json` the results of a run are written all the same: it is the manifest, at the start and at the end, that takes its seconds.
    """
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, SIGKILL)
    gc.set_threshold(OBJECTS_UNTIL_COLLECTED, 50, 100)
    from dbt.artifacts.schemas.run import RunExecutionResult  # takes seconds, in which our parent may be killed
    from dbt.cli.exceptions import DbtInternalException, DbtUsageException
    from dbt.cli.main import dbtRunner
    from dbt.flags import get_flags

    done = dbtRunner().invoke(sys.argv[1:])
    if isinstance(done.result, RunExecutionResult):
        done.result.write(str(Path(get_flags().TARGET_PATH, "run_results.json")))
    if isinstance(done.exception, (DbtUsageException, DbtInternalException)):  # the others dbt has told
        print(f"Error: {done.exception}", flush=True)
    sys.exit(BROKE if done.exception is not None else 0 if done.success else FAILED)


if __name__ == "__main__":
    main()
