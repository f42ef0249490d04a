"""`python -m demo.odoo.serve PORT`: the stand-in of this home in the foreground. What the background service runs."""

from __future__ import annotations

import sys

from demo.odoo.server import serve_forever, source_dsn

if __name__ == "__main__":
    serve_forever(source_dsn(), port=int(sys.argv[1]))
