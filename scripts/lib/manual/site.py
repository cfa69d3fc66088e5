"""The HTML manual: README.md, the changelog and nginx-conf as the packages lay them out, through MkDocs with the Material theme."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

ROOT = Path(__file__).resolve().parents[3]
OWN = Path(__file__).parent
LINK = re.compile(r"(?<!!)\[([^\]]+)\]\(([^)#:]+)(#[^)]*)?\)")


def relocated(markdown: str) -> str:
    """A page of the top level as it stands beside manual/; links to what is not part of the manual become their text."""
    def link(found: re.Match[str]) -> str:
        text, target, anchor = found[1], found[2].removeprefix("nginx-conf/"), found[3] or ""
        known = target == "CHANGELOG.md" or (ROOT / "nginx-conf" / target).is_file()
        return f"[{text}]({target}{anchor})" if known else text
    return LINK.sub(link, markdown).replace('src="nginx-conf/', 'src="')


def indented(markdown: str) -> str:
    """What belongs to an item of a list begins in the fifth column, where MkDocs wants it; GitHub wants it below the item's text."""
    out: list[str] = []
    width, is_code, before = 0, False, ""
    for line in markdown.splitlines():
        item = re.match(r"(?:[-*]|\d+\.) +", line)
        if width and line and not line.startswith(" " * width) and (before == "" or line.startswith(("```", "|", "#"))):
            width = 0
        if not width and line.startswith("```"):
            is_code = not is_code
        if item and not is_code:
            width = len(item[0])
        is_inside = not (item and not is_code) and width and line.startswith(" " * width)
        out.append(" " * (4 - width) + line if is_inside else line)
        before = line
    return "\n".join(out) + "\n"


def lay_out(stage: Path) -> None:
    shutil.rmtree(stage, ignore_errors=True)
    documents = stage / "documents"
    shutil.copytree(ROOT / "nginx-conf", documents, ignore=shutil.ignore_patterns("*.service"))
    for name in ("README.md", "CHANGELOG.md"):
        (documents / name).write_text(relocated((ROOT / name).read_text()))
    for page in documents.rglob("*.md"):
        page.write_text(indented(page.read_text()))
    icon = (ROOT / "core" / "src" / "pages" / "assets" / "icon.svg").read_text()
    (documents / "manual" / "pictures" / "icon.svg").write_text(
        icon.replace("{{accent}}", "#1b5e9b").replace("{{on_accent}}", "#ffffff"))
    shutil.copytree(OWN / "theme", stage / "theme")
    shutil.copy(OWN / "mkdocs.yml", stage)


def trim(site: Path) -> None:
    """Without what only other languages and debuggers want; with the index for readers without a server."""
    shutil.rmtree(site / "assets" / "javascripts" / "lunr")
    for file in [*site.rglob("*.map"), *site.glob("sitemap.xml*")]:
        file.unlink()
    index = (site / "search" / "search_index.json").read_text()
    (site / "search" / "search_index.js").write_text(f"var __search = {{index: Promise.resolve({json.dumps(json.loads(index))})}};\n")


def build(output: Path) -> list[str]:
    """Writes OUTPUT/html; returns what is wrong with it."""
    stage, site = output / "source", output / "html"
    lay_out(stage)
    done = subprocess.run(["/usr/bin/mkdocs", "build", "--clean"], cwd=stage, capture_output=True, text=True, check=False,
                          env={**os.environ, "LC_ALL": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"})
    said = re.sub(r"\x1b\[\d*m", "", done.stdout + done.stderr).splitlines()
    warnings = [line for line in said if line.startswith(("WARNING", "ERROR"))]
    if warnings or done.returncode != 0:
        return warnings or said or [f"mkdocs ended with {done.returncode}"]
    trim(site)
    return [*unlisted(stage), *broken(site)]


def unlisted(stage: Path) -> Iterator[str]:
    """Pages that the menu leaves out, which MkDocs lets pass."""
    menu = (stage / "mkdocs.yml").read_text()
    for page in sorted((stage / "documents").rglob("*.md")):
        name = page.relative_to(stage / "documents").as_posix()
        if not re.search(rf"(- |: ){re.escape(name)}$", menu, re.MULTILINE):
            yield f"{name} is not in the menu (scripts/lib/manual/mkdocs.yml)"


class Page(HTMLParser):
    """What a page refers to, what it loads, and where one can lead into it."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.feed(file.read_text())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value for name, value in attrs if value}
        self.ids |= {given[name] for name in ("id", "name") if name in given}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        loaded = given.get("href") if tag == "link" and given.get("rel") != "canonical" else given.get("src")
        if loaded:
            self.loaded.append(loaded)


def broken(site: Path) -> Iterator[str]:
    """Links that lead nowhere, anchors included, whatever is loaded from elsewhere, and lists that were not taken for one."""
    pages = {file.resolve(): Page(file) for file in site.rglob("*.html") if file.name != "404.html"}
    for file, page in pages.items():
        where = file.relative_to(site.resolve())
        yield from (f"{where} loads {url}" for url in page.loaded if urlsplit(url).scheme or urlsplit(url).netloc)
        for link in [*page.links, *page.loaded]:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (file.parent / unquote(parts.path)).resolve() if parts.path else file
            if not target.exists():
                yield f"{where} refers to {link}, which is not there"
            elif parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].ids:
                yield f"{where} refers to {link}, which has no such place"
        if "```" in file.read_text():
            yield f"{where} has code that was not taken for it"
        yield from (f"{where} has a list that needs an empty line before it: {line}"
                    for text in re.findall(r"<p>(.*?)</p>", file.read_text(), re.DOTALL)
                    for line in re.findall(r"\n((?:[-*] |\d+\. ).{1,40})", text))
