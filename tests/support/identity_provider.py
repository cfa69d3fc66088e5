"""A company's identity provider: Debian's SimpleSAMLphp, one process and one configuration directory per company."""

import os
import secrets
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from .processes import Process, clean_environment, free_port, run, service_user

SIMPLESAMLPHP = Path("/usr/share/simplesamlphp")

ENTRA = {"email": "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
         "upn": "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name",
         "name": "http://schemas.microsoft.com/identity/claims/displayname",
         "tenant": "http://schemas.microsoft.com/identity/claims/tenantid",
         "object": "http://schemas.microsoft.com/identity/claims/objectidentifier"}


@dataclass
class Person:
    email: str
    name: str
    password: str = "demo"
    object_id: str = ""

    def __post_init__(self) -> None:
        self.object_id = self.object_id or str(uuid.uuid5(uuid.NAMESPACE_URL, "mailto:" + self.email))


@dataclass
class Company:
    """`preset` as in Anteroom's configuration: "entra" makes the assertions look like Entra ID's."""

    key: str
    display_name: str
    domain: str
    host: str
    preset: str = "generic"
    people: list[Person] = field(default_factory=list)
    options: dict[str, object] = field(default_factory=dict)  # further keys of Anteroom's entry for this provider
    sends_artifacts: bool = False  # HTTP-Artifact; needs php-sqlite3
    encrypts: bool = False
    is_configured: bool = True  # else it waits to be connected: its metadata is there, KEY.xml

    @property
    def tenant_id(self) -> str:
        return str(uuid.uuid5(uuid.NAMESPACE_DNS, self.domain))


def php(value: Any) -> str:
    """A PHP literal of None, bool, int, str, list or dict."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
    if isinstance(value, dict):
        return "[" + ", ".join(f"{php(key)} => {php(item)}" for key, item in value.items()) + "]"
    return "[" + ", ".join(php(item) for item in value) + "]"


class IdentityProvider:
    """Serves plain HTTP on `port`; the public TLS address `https://<company.host>:<public_port>` is nginx's affair."""

    def __init__(self, company: Company, directory: Path, log: Path, public_port: int) -> None:
        self.company = company
        self.name = f"{company.display_name}'s identity provider"
        self.port = free_port()
        self._directory = Path(directory)
        self._log = Path(log)
        self.base_url = f"https://{company.host}:{public_port}/"
        self.entity_id = f"{self.base_url}saml2/idp/metadata.php"
        self._user = service_user("www-data")
        self._process: Process | None = None

    def configure(self, sp_entity_id: str, acs_url: str, slo_url: str, sp_certificate: str) -> None:
        """Writes the configuration; keys and secrets of an earlier run are kept. The certificate: base64 of its DER."""
        for name in ("config", "metadata", "cert", "sessions", "data", "tmp"):
            (self._directory / name).mkdir(parents=True, exist_ok=True)
        self._make_key()
        service_provider = self._service_provider(acs_url, slo_url, sp_certificate)
        self._write("config/config.php", "<?php\n$config = " + php(self._config()) + ";\n")
        self._write("config/authsources.php", "<?php\n$config = " + php(self._sources()) + ";\n")
        self._write("metadata/saml20-idp-hosted.php",
                    f"<?php\n$metadata[{php(self.entity_id)}] = {php(self._hosted())};\n")
        self._write("metadata/saml20-sp-remote.php",
                    f"<?php\n$metadata[{php(sp_entity_id)}] = {php(service_provider)};\n")
        if self._user is not None:
            for path in (self._directory, *self._directory.rglob("*")):
                os.chown(path, self._user.pw_uid, self._user.pw_gid)

    def start(self) -> Self:
        command = ["/usr/bin/php", "-d", f"session.save_path={self._directory}/sessions", "-d", "display_errors=0",
                   "-d", "error_reporting=E_ALL & ~E_DEPRECATED & ~E_WARNING & ~E_NOTICE",
                   "-d", "log_errors=1", "-d", f"error_log={self._directory}/data/php.log", "-d", "opcache.enable_cli=1",
                   "-S", f"127.0.0.1:{self.port}", "-t", SIMPLESAMLPHP / "www"]
        environment = clean_environment(SIMPLESAMLPHP_CONFIG_DIR=str(self._directory / "config"))
        self._process = Process(self.name, command, self._log,
                                environment=environment, user=self._user)
        self._process.wait_for_port(self.port)
        return self

    def is_running(self) -> bool:
        return self._process is not None and self._process.is_running()

    def stop(self) -> None:
        if self._process is not None:
            self._process.stop()
            self._process = None

    def _write(self, name: str, text: str) -> None:
        path = self._directory / name
        path.write_text(text)
        path.chmod(0o640)

    def _make_key(self) -> None:
        key = self._directory / "cert" / "idp.key"
        certificate = self._directory / "cert" / "idp.crt"
        if key.exists() and certificate.exists():
            return
        run(["/usr/bin/openssl", "req", "-x509", "-newkey", "rsa:2048", "-sha256", "-nodes", "-days", "1095",
             "-subj", f"/CN={self.company.display_name} signing", "-keyout", key, "-out", certificate])
        key.chmod(0o600)

    def _secret(self, name: str) -> str:
        path = self._directory / name
        if not path.exists():
            path.touch(mode=0o600)
            path.write_text(secrets.token_hex(24))
        return path.read_text()

    def _config(self) -> dict[str, object]:
        directory = str(self._directory)
        return {
            "baseurlpath": self.base_url, "certdir": f"{directory}/cert/", "loggingdir": f"{directory}/data/",
            "datadir": f"{directory}/data/", "tempdir": f"{directory}/tmp", "metadatadir": f"{directory}/metadata/",
            "attributenamemapdir": str(SIMPLESAMLPHP / "attributemap") + "/", "timezone": "UTC",
            "technicalcontact_name": self.company.display_name, "technicalcontact_email": "na@example.org",
            "secretsalt": self._secret("salt"), "auth.adminpassword": self._secret("admin-password"),
            "admin.protectindexpage": True, "admin.protectmetadata": False, "admin.checkforupdates": False,
            "enable.saml20-idp": True, "module.enable": {"exampleauth": True, "core": True, "saml": True},
            "session.cookie.name": "SimpleSAMLSessionID", "session.cookie.path": "/", "session.cookie.secure": True,
            "session.cookie.samesite": "None", "session.phpsession.cookiename": "SimpleSAML",
            "session.phpsession.savepath": f"{directory}/sessions", "session.phpsession.httponly": True,
            "session.authtoken.cookiename": "SimpleSAMLAuthToken", "session.check_function": None,
            "session.duration": 8 * 3600, "session.datastore.timeout": 4 * 3600, "session.state.timeout": 3600,
            "store.type": "sql" if self.company.sends_artifacts else "phpsession",
            "store.sql.dsn": f"sqlite:{directory}/data/store.sqlite", "language.available": ["en"], "language.default": "en",
            "logging.level": 5, "logging.handler": "file", "logging.logfile": "simplesamlphp.log",
            "showerrors": True, "errorreporting": False, "theme.use": "default", "production": True,
            "metadata.sources": [{"type": "flatfile"}], "trusted.url.domains": [], "proxy": None,
            "authproc.idp": {}, "authproc.sp": {}, "usenewui": False,
        }

    def _sources(self) -> dict[str, object]:
        accounts = {f"{person.email}:{person.password}": self._attributes(person) for person in self.company.people}
        people: dict[str, object] = {"0": "exampleauth:UserPass", **accounts}
        return {"admin": ["core:AdminPassword"], "people": people}

    def _attributes(self, person: Person) -> dict[str, list[str]]:
        if self.company.preset == "entra":
            return {ENTRA["email"]: [person.email], ENTRA["upn"]: [person.email], ENTRA["name"]: [person.name],
                    ENTRA["tenant"]: [self.company.tenant_id], ENTRA["object"]: [person.object_id]}
        return {"mail": [person.email], "displayName": [person.name], "uid": [person.object_id]}

    def _hosted(self) -> dict[str, object]:
        email = ENTRA["email"] if self.company.preset == "entra" else "mail"
        address = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
        return {"host": "__DEFAULT__", "privatekey": "idp.key", "certificate": "idp.crt", "auth": "people",
                "OrganizationName": {"en": self.company.display_name},
                "OrganizationDisplayName": {"en": self.company.display_name}, "OrganizationURL": {"en": self.base_url},
                "signature.algorithm": "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
                "saml20.sendartifact": self.company.sends_artifacts,
                # As Entra ID does by default: the assertion is signed, the Response around it is not.
                "saml20.sign.response": False, "saml20.sign.assertion": True, "sign.logout": True,
                "attributes.NameFormat": "urn:oasis:names:tc:SAML:2.0:attrname-format:uri",
                "SingleSignOnServiceBinding": ["urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect",
                                               "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"],
                "NameIDFormat": address,
                "authproc": {"3": {"class": "saml:AttributeNameID", "attribute": email, "Format": address}}}

    def _service_provider(self, acs_url: str, slo_url: str, certificate: str) -> dict[str, object]:
        bindings = ["HTTP-POST", "HTTP-Artifact"] if self.company.sends_artifacts else ["HTTP-POST"]
        return {"AssertionConsumerService": [
            {"Binding": f"urn:oasis:names:tc:SAML:2.0:bindings:{binding}", "Location": acs_url, "index": index}
            for index, binding in enumerate(bindings)],
            "keys": [{"type": "X509Certificate", "signing": True, "encryption": True, "X509Certificate": certificate}],
            "assertion.encryption": self.company.encrypts,
            "SingleLogoutService": [
                {"Binding": "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect", "Location": slo_url}],
            "NameIDFormat": "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"}
