"""Cases moved to the present and to a request that was really made."""

import base64
import math
import re
import secrets
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from . import messages
from .browser import APP_HOST, LOGIN_HOST
from .messages import NOW, REQUEST, Authority, metadata

INSTANT = re.compile(r"(?<![\d-])\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")


def authorities() -> dict[str, Authority]:
    return {"idp": Authority("IdP"), "idp2": Authority("IdP, next key"), "other": Authority("Another IdP"),
            "ec": Authority("IdP, EC", "ec"), "ec384": Authority("IdP, EC P-384", "ec384"),
            "sp": Authority("Service provider"), "sp2": Authority("Service provider, next key")}


def write_key_pairs(keys: Mapping[str, Authority], folder: Path) -> None:
    """NAME.key and NAME.pem of our own two keys; for the configuration."""
    for name in ("sp", "sp2"):
        (folder / f"{name}.key").write_bytes(keys[name].private_pem)
        (folder / f"{name}.key").chmod(0o600)
        (folder / f"{name}.pem").write_bytes(keys[name].certificate_pem)


def registered(keys: Mapping[str, Authority]) -> str:
    return metadata([keys["idp"], keys["idp2"], keys["ec"], keys["ec384"]])


def configuration(metadata_file: Path, more: str) -> Callable[[str], str]:
    """What turns the laboratory's YAML into one with this IdP; `more` is what its entry says besides."""
    pairs = ", ".join(f"{{ key: {metadata_file.parent}/{name}.key, certificate: {metadata_file.parent}/{name}.pem }}"
                      for name in ("sp", "sp2"))

    def change(text: str) -> str:
        own = f"  decryption: [{pairs}]\n  apps: [https://{APP_HOST}]\n"
        text = text.replace("identity_providers:", f"{own}identity_providers:", 1)
        text = re.sub(r"base_url: \S+", f"base_url: https://{LOGIN_HOST}", text).replace("urn:example:sp", "https://sp.test")
        return re.sub(r"identity_providers:\n.*?(?=database:)",
                      f"identity_providers:\n  - name: corp\n    metadata: {metadata_file}\n    domains: [corp.test]\n"
                      f"    attributes: {{ email: mail }}\n{more}", text, flags=re.DOTALL)
    return change


def moved(value: Any, offset: timedelta, request_id: str) -> Any:
    """Every text in a case, an offset later and for another request."""
    def later(match: re.Match[str]) -> str:
        try:
            return (datetime.fromisoformat(match[0]) + offset).isoformat()
        except ValueError:
            return match[0]  # no such day: that is the point of the case

    if isinstance(value, str):
        return INSTANT.sub(later, value).replace(REQUEST, request_id)
    if isinstance(value, list):
        return [moved(item, offset, request_id) for item in value]
    if isinstance(value, dict):
        return {key: moved(item, offset, request_id) for key, item in value.items()}
    return value


def make_now(case: Mapping[str, Any], keys: Mapping[str, Authority], request_id: str, base: str = messages.BASE) -> bytes:
    """The case's bytes as of now, for this request."""
    at = datetime.fromisoformat(case["at"]) if "at" in case else NOW
    offset = timedelta(seconds=math.floor((datetime.now(UTC) - at).total_seconds()))
    return messages.make(moved(case, offset, request_id), keys, moved(base, offset, request_id))


def fresh_response(keys: Mapping[str, Authority], request_id: str, email: str = "ann@corp.test",
                   issuer: str = "https://idp.test/") -> str:
    """A Response to this request, as it is posted, with IDs that none before had."""
    own = secrets.token_hex(8)
    base = messages.BASE.replace('"_a1"', f'"_a{own}"').replace('"_r1"', f'"_r{own}"').replace("ann@corp.test", email)
    base = base.replace("https://idp.test/", issuer)
    return base64.b64encode(make_now({}, keys, request_id, base)).decode()
