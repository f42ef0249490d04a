"""Files that appear whole or not at all."""

from __future__ import annotations

import hashlib
import os
import secrets
from pathlib import Path

PRIVATE, SHARED = 0o600, 0o644


def write(path: Path, content: bytes, mode: int = SHARED) -> None:
    """Replace `path` by `content` in one step; its folder is made. `mode` PRIVATE for files with identities of persons."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(descriptor, "wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def sha256(content: bytes) -> str:
    """Hexadecimal digest of the bytes."""
    return hashlib.sha256(content).hexdigest()
