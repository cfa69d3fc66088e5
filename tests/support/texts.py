"""Reading what programs print."""

import re


def found(pattern: str, text: str, flags: int = 0) -> str:
    """The first group of the pattern's first match, which must be there."""
    match = re.search(pattern, text, flags)
    assert match, f"no {pattern!r} in {text[:1000]!r}"
    return str(match[1])
