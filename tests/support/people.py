"""Sessions put straight into the database, as a sign-on would have left them."""

import hashlib
import secrets
import uuid

from .tokens import new_token


class People:
    def __init__(self, cluster, database, origin, cookie_key):
        """`cookie_key` is the path of the node's."""
        self._cluster = cluster
        self._database = database
        self._origin = origin
        self.cookie_key = cookie_key

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

    def new_token(self):
        """One that the node takes for its own."""
        return new_token(self.cookie_key)

    def session(self, user, origin=None, lifetime="1 hour", sign_on_age="0"):
        """A live session of the user; returns the cookie's value."""
        token = self.new_token()
        digest = hashlib.sha256(token.encode()).hexdigest()
        self.sql("INSERT INTO sessions (token_hash, reference, user_id, sign_on_id, origin, idp, expires_at, "
                 "authenticated_at) VALUES "
                 f"('\\x{digest}', '{secrets.token_hex(8)}', '{user}', gen_random_uuid(), '{origin or self._origin}', "
                 f"'northwind', now() + interval '{lifetime}', now() - interval '{sign_on_age}')")
        return token

    def sessions(self, user, count):
        """Many live sessions of one user, or of several in turn: their tokens."""
        users = [user] if isinstance(user, str) else user
        tokens = [self.new_token() for _ in range(count)]
        rows = ",".join(f"('\\x{hashlib.sha256(token.encode()).hexdigest()}', '{secrets.token_hex(8)}', '{users[i % len(users)]}', "
                        f"gen_random_uuid(), '{self._origin}', 'northwind', now() + interval '9 hours')"
                        for i, token in enumerate(tokens))
        self.sql(f"INSERT INTO sessions (token_hash, reference, user_id, sign_on_id, origin, idp, expires_at) VALUES {rows}")
        return tokens

    def sign_in(self, grants=(("*", "viewer"),), status="active", **session):
        """A new person with a session: (token, email, user)."""
        email, user = self.add(status=status, grants=grants)
        return self.session(user, **session), email, user

    def end_session(self, token):
        digest = hashlib.sha256(token.encode()).hexdigest()
        self.sql(f"DELETE FROM sessions WHERE token_hash = '\\x{digest}'")
