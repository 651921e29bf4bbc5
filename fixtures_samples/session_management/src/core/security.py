"""Password hashes and signed access tokens."""

import base64
import binascii
import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

SCRYPT_COST = 2**11


class InvalidToken(Exception):
    """The token is malformed, forged or expired."""


@dataclass(frozen=True, slots=True)
class Claims:
    user_id: int
    session_id: int
    expires_at: datetime


def hash_password(password: str) -> str:
    salt = secrets.token_bytes(16)
    return f"{salt.hex()}${_derive(password, salt).hex()}"


def verify_password(password: str, stored: str) -> bool:
    salt, _, digest = stored.partition("$")
    return hmac.compare_digest(_derive(password, bytes.fromhex(salt)).hex(), digest)


def issue_token(claims: Claims, key: str) -> str:
    body = {
        "sub": claims.user_id,
        "sid": claims.session_id,
        "exp": int(claims.expires_at.timestamp()),
    }
    payload = base64.urlsafe_b64encode(json.dumps(body).encode()).decode()
    return f"{payload}.{_sign(payload, key)}"


def read_token(token: str, key: str, now: datetime) -> Claims:
    payload, _, signature = token.partition(".")
    if not hmac.compare_digest(_sign(payload, key).encode(), signature.encode()):
        raise InvalidToken("bad signature")
    try:
        body = json.loads(base64.urlsafe_b64decode(payload))
        expires_at = datetime.fromtimestamp(body["exp"], UTC)
        claims = Claims(int(body["sub"]), int(body["sid"]), expires_at)
    except (binascii.Error, ValueError, KeyError, TypeError) as error:
        raise InvalidToken("bad payload") from error
    if claims.expires_at <= now:
        raise InvalidToken("expired")
    return claims


def expiry(now: datetime, ttl: timedelta) -> datetime:
    """The end of a session opened now, to the full second a token can carry."""
    return (now + ttl).replace(microsecond=0)


def _derive(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=SCRYPT_COST, r=8, p=1, dklen=32)


def _sign(payload: str, key: str) -> str:
    return hmac.new(key.encode(), payload.encode(), hashlib.sha256).hexdigest()
