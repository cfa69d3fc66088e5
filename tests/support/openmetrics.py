"""Reads OpenMetrics 1.0.0 text as strictly as what we write can be taken."""

import re

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
SAMPLE = re.compile(rf'^({NAME})(?:\{{(.*)\}})? (\S+)$')
LABEL = re.compile(r'(?:^|,)([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"')
SUFFIXES = {"counter": ["_total"], "gauge": [""], "info": ["_info"], "histogram": ["_bucket", "_sum", "_count"]}


class Scrape:
    """`types`: by family. `samples`: value by (name, labels as sorted pairs)."""

    def __init__(self, text: str) -> None:
        lines = text.split("\n")
        assert lines[-2:] == ["# EOF", ""], lines[-3:]
        self.types: dict[str, str] = {}
        self.samples: dict[tuple[str, tuple[tuple[str, str], ...]], float] = {}
        self.helps: dict[str, str] = {}
        family = ""
        for line in lines[:-2]:
            if line.startswith("# TYPE "):
                _, _, family, kind = line.split(" ")
                assert family not in self.types, f"{family} twice"
                self.types[family] = kind
            elif line.startswith("# HELP "):
                assert line.split(" ")[2] == family, line
                self.helps[family] = line.split(" ", 3)[3]
            else:
                self._take(family, line)

    def _take(self, family: str, line: str) -> None:
        found = SAMPLE.match(line)
        assert found, line
        name, inside, value = found[1], found[2] or "", found[3]
        assert name in [family + suffix for suffix in SUFFIXES[self.types[family]]], f"{name} among {family}"
        labels = LABEL.findall(inside)
        assert LABEL.sub("", inside) == "", line
        key = (name, tuple(sorted(labels)))
        assert key not in self.samples, f"{line} twice"
        self.samples[key] = float(value)

    def value(self, name: str, **labels: str) -> float | None:
        return self.samples.get((name, tuple(sorted(labels.items()))), None)

    def all(self, name: str) -> list[tuple[dict[str, str], float]]:
        """Label sets and values of one name."""
        return [(dict(labels), value) for (own, labels), value in self.samples.items() if own == name]

    def names(self) -> set[str]:
        """Every name that a sample of these families can have."""
        return {family + suffix for family, kind in self.types.items() for suffix in SUFFIXES[kind]}

    def histogram(self, family: str) -> list[tuple[float, float]]:
        """Its buckets as (bound, count), in order; checked to grow and to end with the count."""
        buckets = [(float(labels["le"]), value) for labels, value in self.all(family + "_bucket")]
        assert buckets == sorted(buckets) and [value for _, value in buckets] == sorted(value for _, value in buckets)
        assert buckets[-1] == (float("inf"), self.value(family + "_count"))
        return buckets
