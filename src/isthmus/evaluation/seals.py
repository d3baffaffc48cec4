"""Seals: whether this machine wrote something, by a secret that it keeps in the user's cache."""

import contextlib
import hashlib
import hmac
import json
import os
import secrets
import tempfile
from pathlib import Path
from typing import Any

from isthmus.data import cache_folder
from isthmus.inputs import read_regular

SECRET = "secret"
_BYTES = 32


def seal(values: Any) -> str:
    """Seal plain values with this machine's secret: HMAC-SHA-256 in hexadecimal; empty where it can keep no secret."""
    secret = _read() or _make()
    return _digest(secret, values) if secret else ""


def is_sealed(values: Any, seal: str) -> bool:
    """Whether a seal of plain values was made on this machine."""
    secret = _read()
    return secret is not None and hmac.compare_digest(_digest(secret, values), seal)


def _digest(secret: bytes, values: Any) -> str:
    return hmac.new(secret, json.dumps(values, sort_keys=True).encode(), hashlib.sha256).hexdigest()


def _place() -> Path:
    return cache_folder() / SECRET


def _read() -> bytes | None:
    try:
        secret = read_regular(_place(), _BYTES)
    except OSError:
        return None
    return secret if len(secret) == _BYTES else None


def _make() -> bytes | None:
    """Make the secret, which only its owner can read; None where the cache cannot be written to."""
    with contextlib.suppress(OSError):
        _place().parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=_place().parent)
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(_BYTES))
        Path(name).replace(_place())
    return _read()
