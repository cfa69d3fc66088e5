"""The manual as a test sees it: (name, problems) of its text, its pictures and its two forms."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

from . import command_page, man_pages, pictures, site

PROGRAMS = ("mkdocs", "pandoc", "mandoc", "man")
WIDEST = 120  # columns of command-line.md, but for tables


def checks(output: Path) -> Iterator[tuple[str, list[str]]]:
    missing = [name for name in PROGRAMS if not Path("/usr/bin", name).exists()]
    if missing:
        yield "manual", [f"no {', '.join(missing)}: scripts/install-packages manual"]
        return
    yield "manual: lines that wrap", [f"{command_page.PAGE.name}:{number} has {len(line)} columns"
                                      for number, line in enumerate(command_page.PAGE.read_text().splitlines(), 1) if len(line) > WIDEST]
    yield "manual: pictures", pictures.missing()
    yield "manual: HTML", site.build(output)
    try:
        pages = man_pages.build(output / "man")
    except (subprocess.CalledProcessError, ValueError) as error:
        yield "manual: man pages", [str(error)]
        return
    yield f"manual: {len(pages)} man pages", [line for page in pages for line in man_pages.complaints(page)]
