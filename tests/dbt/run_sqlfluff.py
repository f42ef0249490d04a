"""sqlfluff's command line with garbage collected seldom: it makes millions of small objects, and looking through them is a quarter of its time.

Its worker processes import this file again, so that the threshold holds in them too.
"""

import gc

gc.set_threshold(50_000, 20, 20)

if __name__ == "__main__":
    from sqlfluff.cli.commands import cli

    cli()
