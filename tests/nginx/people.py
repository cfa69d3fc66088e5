"""Sessions put straight into the database, as a sign-on would have left them."""

import base64
import hashlib
import secrets
import uuid


class People:
    def __init__(self, cluster, database, origin):
        self._cluster = cluster
        self._database = database
        self._origin = origin

    def sql(self, statement):
        return self._cluster.sql("SET search_path = anteroom, public; " + statement, self._database)

    def add(self, email=None, status="active", grants=(("*", "viewer"),)):
        """A user; grants are (property key or "*", level). Returns (email, uuid)."""
        email = email or f"user-{secrets.token_hex(4)}@northwind.example"
        user = str(uuid.uuid4())
        self.sql(f"INSERT INTO users (id, email, name, status) VALUES ('{user}', '{email}', 'Ann Archer', '{status}')")
        for key, level in grants:
            self.grant(user, key, level)
        return email, user

    def grant(self, user, key, level):
        self.sql(f"INSERT INTO properties (key, name) VALUES ('{key}', '{key}') ON CONFLICT DO NOTHING"
                 if key != "*" else "SELECT 1")
        value = "NULL" if key == "*" else f"'{key}'"
        self.sql(f"INSERT INTO grants (user_id, property, level) VALUES ('{user}', {value}, '{level}')")

    def session(self, user, origin=None, lifetime="1 hour", sign_on_age="0"):
        """A live session of the user; returns the cookie's value."""
        token = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode().rstrip("=")
        digest = hashlib.sha256(token.encode()).hexdigest()
        self.sql("INSERT INTO sessions (token_hash, reference, user_id, sign_on_id, origin, idp, expires_at, "
                 "authenticated_at) VALUES "
                 f"('\\x{digest}', '{secrets.token_hex(8)}', '{user}', gen_random_uuid(), '{origin or self._origin}', "
                 f"'northwind', now() + interval '{lifetime}', now() - interval '{sign_on_age}')")
        return token

    def sign_in(self, grants=(("*", "viewer"),), status="active", **session):
        """A new person with a session: (token, email, user)."""
        email, user = self.add(status=status, grants=grants)
        return self.session(user, **session), email, user

    def end_session(self, token):
        digest = hashlib.sha256(token.encode()).hexdigest()
        self.sql(f"DELETE FROM sessions WHERE token_hash = '\\x{digest}'")
