"""Tokens as a node makes them (core/src/session/mint.h), under the key in its cookie key file."""

import base64
import hashlib
import hmac
import secrets
from pathlib import Path

SESSION = "anteroom session tokens"
TICKET = "anteroom hand-off tickets"
DIRECTORY = "anteroom SCIM tokens"


def derived(key: bytes, purpose: str) -> bytes:
    """HKDF with SHA-256 (RFC 5869), no salt, 32 bytes."""
    extracted = hmac.digest(bytes(32), key, hashlib.sha256)
    return hmac.digest(extracted, purpose.encode() + b"\1", hashlib.sha256)


def new_token(cookie_key: Path, kind: str = SESSION, bound_to: str = "") -> str:
    """`cookie_key` is the path of a file with 64 hex digits."""
    key = bytes.fromhex(Path(cookie_key).read_text().strip())
    drawn = secrets.token_bytes(20)
    mac = hmac.digest(derived(key, kind), drawn + bound_to.encode(), hashlib.sha256)[:12]
    return base64.urlsafe_b64encode(drawn + mac).decode()[:43]


def made_up() -> str:
    """Looks like one, and is none."""
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()[:43]
