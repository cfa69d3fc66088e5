"""Sessions put straight into the database, as a sign-on would have left them."""

import hashlib
import secrets
import uuid
from collections.abc import Iterable, Sequence
from pathlib import Path

from .postgres import Cluster
from .tokens import new_token

Grants = Iterable[tuple[str, str]]  # property key or "*", level


class People:
    def __init__(self, cluster: Cluster, database: str, origin: str, cookie_key: Path) -> None:
        """`cookie_key` is the path of the node's."""
        self._cluster = cluster
        self._database = database
        self._origin = origin
        self.cookie_key = cookie_key

    def before_sessions(self, what: str) -> None:
        """What nodes ask for a session does this first (PL/pgSQL)."""
        (result,) = self.sql("SELECT pg_get_function_result('find_session(bytea, interval, text[], boolean)'::regprocedure)")
        self.sql(f"""ALTER FUNCTION find_session(bytea, interval, text[], boolean) RENAME TO find_session_undisturbed;
            CREATE FUNCTION find_session(h bytea, i interval, l text[], u boolean) RETURNS {result} LANGUAGE plpgsql AS $$
            BEGIN {what} RETURN QUERY SELECT * FROM find_session_undisturbed(h, i, l, u); END $$""")

    def sql(self, statement: str) -> list[str]:
        return self._cluster.sql("SET search_path = anteroom, public; " + statement, self._database)

    def add(self, email: str | None = None, status: str = "active", grants: Grants = (("*", "viewer"),)) -> tuple[str, str]:
        """A user: (email, uuid)."""
        email = email or f"user-{secrets.token_hex(4)}@northwind.example"
        user = str(uuid.uuid4())
        self.sql(f"INSERT INTO users (id, email, name, status) VALUES ('{user}', '{email}', 'Ann Archer', '{status}')")
        for key, level in grants:
            self.grant(user, key, level)
        return email, user

    def grant(self, user: str, key: str, level: str) -> None:
        self.sql(f"INSERT INTO properties (key, name) VALUES ('{key}', '{key}') ON CONFLICT DO NOTHING"
                 if key != "*" else "SELECT 1")
        value = "NULL" if key == "*" else f"'{key}'"
        self.sql(f"INSERT INTO grants (user_id, property, level) VALUES ('{user}', {value}, '{level}')")

    def new_token(self) -> str:
        """One that the node takes for its own."""
        return new_token(self.cookie_key)

    def session(self, user: str, origin: str | None = None, lifetime: str = "1 hour", sign_on_age: str = "0") -> str:
        """A live session of the user; returns the cookie's value."""
        token = self.new_token()
        digest = hashlib.sha256(token.encode()).hexdigest()
        self.sql("INSERT INTO sessions (token_hash, reference, user_id, sign_on_id, origin, idp, expires_at, "
                 "authenticated_at) VALUES "
                 f"('\\x{digest}', '{secrets.token_hex(8)}', '{user}', gen_random_uuid(), '{origin or self._origin}', "
                 f"'northwind', now() + interval '{lifetime}', now() - interval '{sign_on_age}')")
        return token

    def sessions(self, user: str | Sequence[str], count: int) -> list[str]:
        """Many live sessions of one user, or of several in turn: their tokens."""
        users = [user] if isinstance(user, str) else user
        tokens = [self.new_token() for _ in range(count)]
        rows = ",".join(f"('\\x{hashlib.sha256(token.encode()).hexdigest()}', '{secrets.token_hex(8)}', '{users[i % len(users)]}', "
                        f"gen_random_uuid(), '{self._origin}', 'northwind', now() + interval '9 hours')"
                        for i, token in enumerate(tokens))
        self.sql(f"INSERT INTO sessions (token_hash, reference, user_id, sign_on_id, origin, idp, expires_at) VALUES {rows}")
        return tokens

    def sign_in(self, grants: Grants = (("*", "viewer"),), status: str = "active", **session: str) -> tuple[str, str, str]:
        """A new person with a session: (token, email, user)."""
        email, user = self.add(status=status, grants=grants)
        return self.session(user, **session), email, user

    def end_session(self, token: str) -> None:
        digest = hashlib.sha256(token.encode()).hexdigest()
        self.sql(f"DELETE FROM sessions WHERE token_hash = '\\x{digest}'")
