"""Log-in against `res_users` and `res_users_apikeys`: pbkdf2-sha512 hashes in passlib's format, as Odoo keeps them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from datetime import UTC, datetime, timedelta

import psycopg

ROUNDS = 25_000  # Odoo 18 uses 600,000: here each test would pay for them
KEY_ROUNDS = 6_000  # Odoo's own: a key is random and needs no more
KEY_BYTES, KEY_INDEX = 20, 8
LONGEST = timedelta(days=90)  # what the groups of an internal user allow
SCOPE = "rpc"


def _b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode().rstrip("=").replace("+", ".")  # passlib's "adapted base64"


def _unb64(text: str) -> bytes:
    text = text.replace(".", "+")
    return base64.b64decode(text + "=" * (-len(text) % 4))


def hash_password(password: str, rounds: int = ROUNDS) -> str:
    """`$pbkdf2-sha512$<rounds>$<salt>$<digest>`."""
    salt = secrets.token_bytes(16)
    return f"$pbkdf2-sha512${rounds}${_b64(salt)}${_b64(hashlib.pbkdf2_hmac('sha512', password.encode(), salt, rounds))}"


def verify(password: str, hashed: str | None) -> bool:
    """Whether the password made this hash. False for no hash or one of another kind."""
    parts = (hashed or "").split("$")
    if len(parts) != 5 or parts[1] != "pbkdf2-sha512" or not parts[2].isdigit():
        return False
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), _unb64(parts[3]), int(parts[2]))
    return hmac.compare_digest(digest, _unb64(parts[4]))


def ensure_password(dsn: str, login: str, password: str) -> None:
    """Give the user this password unless it has it. Raises LookupError when the source has no such active user.

    write_date stays: in Odoo too a password is not a change that a replica must see.
    """
    with psycopg.connect(dsn) as conn:
        row = conn.execute("select id, password from res_users where login = %s and active", [login]).fetchone()
        if row is None:
            raise LookupError(f"res_users has no active user {login!r}: generate the source first (`caudal demo generate`).")
        if not verify(password, row[1]):
            conn.execute("update res_users set password = %s where id = %s", [hash_password(password), row[0]])


def generate_key(dsn: str, login: str, name: str, expires_at: datetime, scope: str | None = SCOPE) -> str:
    """A new API key of this user; only its hash stays, under its first digits. `scope` None: for anything.

    Raises LookupError when the source has no such active user, ValueError for more than 90 days.
    """
    if expires_at > datetime.now(UTC) + LONGEST:
        raise ValueError(f"You cannot exceed {LONGEST.days} days.")
    key = secrets.token_hex(KEY_BYTES)
    with psycopg.connect(dsn) as conn:
        row = conn.execute("select id from res_users where login = %s and active", [login]).fetchone()
        if row is None:
            raise LookupError(f"res_users has no active user {login!r}: generate the source first (`caudal demo generate`).")
        conn.execute(
            """insert into res_users_apikeys (name, user_id, scope, expiration_date, index, key, create_date, write_date)
               values (%s, %s, %s, %s, %s, %s, now() at time zone 'utc', now() at time zone 'utc')""",
            [name, row[0], scope, expires_at.astimezone(UTC).replace(tzinfo=None), key[:KEY_INDEX], hash_password(key, KEY_ROUNDS)])
    return key


# the keys that one given may be, of users who may still come in
CANDIDATES = """
    select k.user_id, k.key from res_users_apikeys k join res_users u on u.id = k.user_id
    where u.active and k.index = %s and (k.scope is null or k.scope = %s)
      and (k.expiration_date is null or k.expiration_date >= now() at time zone 'utc')"""


class Verifier:
    """Remembers which password fits which hash: hashing on every call would cost more than the call."""

    def __init__(self) -> None:
        self.known: set[tuple[str, bytes]] = set()

    def __call__(self, password: object, hashed: str | None) -> bool:
        if not isinstance(password, str) or not password or not hashed:
            return False
        key = (hashed, hashlib.sha256(password.encode()).digest())
        if key not in self.known:
            if not verify(password, hashed):
                return False
            self.known.add(key)
        return True
