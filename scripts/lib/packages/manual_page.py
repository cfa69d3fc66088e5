"""anteroom(1) from nginx-conf/manual/command-line.md: manual_page.py FILE VERSION. Knows the Markdown that the page uses, no more."""

import re
import sys
from pathlib import Path

HEADINGS = {("exit code", "meaning"): "EXIT STATUS", ("command", "what it does"): "COMMANDS"}
SOURCES = "/usr/share/doc/anteroom"


def plain(text):
    """Escaped for roff."""
    return text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq")


def inline(text):
    """Code in bold, links as what they say and where that lies."""
    text = re.sub(r"\[([^]]+)\]\(([\w.-]+)(?:#[\w-]+)?\)", lambda found: f"{SOURCES}/manual/{found[2]}", text)
    parts = re.split(r"`([^`]+)`", text)
    return "".join(f"\\fB{plain(part)}\\fR" if number % 2 else plain(part) for number, part in enumerate(parts))


def cells(line):
    return [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))]


def table(lines):
    head, _, *rows = [cells(line) for line in lines]
    out = [f".SH {HEADINGS[tuple(head)]}"]
    for row in rows:
        left, right = row
        out += [".TP", inline(left) if "`" in left else f"\\fB{plain(left)}\\fR", inline(right)]
    return out


def page(text, version):
    title, *blocks = re.split(r"\n\n+", text.strip())
    if not title.startswith("# "):
        raise ValueError("the page has no title")
    out = [f'.TH ANTEROOM 1 "" "anteroom {version}" "Anteroom"', ".SH NAME",
           "anteroom \\- configure and run the SAML gate of nginx", ".SH SYNOPSIS",
           "\\fBanteroom\\fR [\\fB\\-\\-config\\fR FILE] [\\fB\\-\\-json\\fR] COMMAND", ".SH DESCRIPTION"]
    is_after_table = False
    for block in blocks:
        lines = block.splitlines()
        if lines[0].startswith("|"):
            out += table(lines)
            is_after_table = True
        else:
            out += [".SH NOTES" if is_after_table else ".PP", inline(" ".join(lines))]
            is_after_table = False
    out += [".SH FILES", ".TP", "\\fI/etc/anteroom/anteroom.yaml\\fR",
            f"the configuration; see {SOURCES}/manual/configuration.md", ".SH SEE ALSO", f"{SOURCES}/README.md"]
    return "\n".join(out) + "\n"


if __name__ == "__main__":
    sys.stdout.write(page(Path(sys.argv[1]).read_text(), sys.argv[2]))
