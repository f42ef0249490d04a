"""Loopback ports of the programs of one installation: chosen once, kept while nobody else takes them."""

from __future__ import annotations

import socket
from pathlib import Path


def is_free(port: int) -> bool:
    """Whether a program could listen on this port of 127.0.0.1 now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def remembered(path: Path) -> int:
    """The port written in `path` where it is still free, else another free one, written there. For a program that does not run."""
    port = int(path.read_text()) if path.exists() else 0
    if not port or not is_free(port):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(str(port))
    return port
