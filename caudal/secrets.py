"""Passwords that the installation makes for itself, one file each, readable by their owner only."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def get_or_create(home: Path, name: str) -> str:
    """The secret `name`: from `CAUDAL_PASSWORD_<NAME>` where set, else from `<home>/secrets/<name>`, made if missing.

    The file is linked into place, so two processes that make it at once read the same one.
    """
    from_env = os.environ.get(f"CAUDAL_PASSWORD_{name.removeprefix('caudal_').upper()}")
    if from_env:
        return from_env
    path = home / "secrets" / name
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.parent.chmod(0o700)
        draft = path.with_name(f".{name}.{os.getpid()}.{secrets.token_hex(4)}")
        draft.write_text(secrets.token_urlsafe(24))
        draft.chmod(0o600)
        try:
            os.link(draft, path)
        except FileExistsError:
            pass  # another process was first: its secret is the one
        finally:
            draft.unlink()
    return path.read_text().strip()
