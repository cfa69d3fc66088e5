"""Rows of companies in odd shapes: they give nobody more than was meant, and take nothing away from others."""

import json

import pytest

IN_SCHEMA = "SET search_path = anteroom, public; "
LEVELS = "ARRAY['viewer','technician','manager','admin']"


@pytest.fixture
def company(ready):
    ready.ok("company", "add", "contoso", "--domain", "contoso.test")
    ready.ok("user", "provision", "ann@corp.test", "--level", "manager", "--all-properties")
    return ready


def asked(made, function):
    """What `function` says to ann, who is a manager everywhere."""
    actor = f"ROW((SELECT id FROM users WHERE email = 'ann@corp.test'), 'ann@corp.test', '', {LEVELS}, 'manager')::actor"
    return made.value(f"{IN_SCHEMA} SELECT to_json(x) FROM {function.format(actor=actor)} x")


def row(**other):
    return {"value": "A", "level": "admin", "properties": ["elm"], **other}


def by_groups(values):
    return {"access": {"attribute": "g", "values": values}}


@pytest.mark.parametrize("settings", [
    by_groups([row()]), by_groups(row()), by_groups({"0": row()}), by_groups([[row()]]), by_groups([row(properties="*")]),
    by_groups([row(properties=[["*"]])]), by_groups([row(level=["admin"])]), by_groups([row(level=" admin")]),
    by_groups([row(properties={"a": "*"})]), by_groups([row(properties=None)]), by_groups([row(properties=[None])]),
    {"scim": {"groups": [{"name": "G", "level": "admin", "properties": "*"}]}},
    {"scim": {"groups": {"name": "G", "level": "admin", "properties": "*"}}},
], ids=json.dumps)
def test_no_shape_of_a_table_gives_more_than_its_writer_holds(company, settings):
    given = json.dumps(settings).replace("{", "{{").replace("}", "}}")
    assert asked(company, f"reaches_tables({{actor}}, '{given}'::jsonb, '{{{{}}}}'::jsonb)") is False


@pytest.mark.parametrize("summary", [
    {"certificates": None}, {"certificates": 3}, {"certificates": [3]}, {"certificates": [{"not_after": "x"}]}, {"valid_until": "x"},
    {"certificates": [{"not_after": 1.5}]}, {"valid_until": 1e300}, {"valid_until": {}}, {}], ids=json.dumps)
def test_no_summary_of_metadata_takes_the_list_of_companies_away(company, summary):
    company.value(f"{IN_SCHEMA} INSERT INTO company_metadata (company, number, xml, entity_id, fingerprints, brought_by, summary) VALUES "
                  f"('contoso', 1, '<x/>', 'x', '{{}}', 'test', '{json.dumps(summary)}'::jsonb) RETURNING to_json(1)")
    company.value(f"{IN_SCHEMA} UPDATE companies SET metadata = 1 WHERE name = 'contoso' RETURNING to_json(1)")
    assert asked(company, "search_companies({actor}, '', '', '', 50)")["name"] == "contoso"
    for only in ("ends_soon", "waiting", "failing"):
        asked(company, f"(SELECT count(*) FROM search_companies({{actor}}, '', '', '', 50, '{only}'))")
