"""A WSGI app that looks at PATH_INFO, dot segments taken out, as those that serve files do."""

import posixpath
import re


def app(environment, start):
    path = posixpath.normpath(re.sub("/+", "/", environment.get("PATH_INFO", "/") or "/"))
    page = "front" if path == "/" else None
    if path.startswith(("/manager", "/public")) and path.split("/")[1] in ("manager", "public"):
        page = path.split("/")[1]
    found = re.match(r"/properties/(elm-court|oak-house)(/|$)", path)
    if found:
        page = found[1]
    start("200 OK" if page else "404 Not Found", [("Content-Type", "text/plain")])
    return [f"PAGE {page}".encode() if page else b"none"]
