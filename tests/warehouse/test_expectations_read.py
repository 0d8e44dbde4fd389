"""`data/quality.yml`: what it may say, and how a mistake in it is told."""

from pathlib import Path

import pytest

from crm_analytics.errors import ConfigError
from crm_analytics.warehouse.expectations import read_expectations
from tests.warehouse.test_expectations import expecting

MISTAKES = {  # a line of the file: what is said of it
    "{column: revenue, betwen: [0, 1]}": "has none. Did you mean 'between'?",
    "{column: revenue}": "needs one test, but has none. Known: between, in,",
    "{column: revenue, between: [0, 1], in: [1]}": "has between and in.",
    "{column: revenue, between: [0, 1], shar: 1}": "unknown key 'shar'. Did you mean 'share'?",
    "{unique: order_id, share: 0.5}": "unknown key 'share'",
    "{between: [0, 1]}": "between needs the column it is said of",
    "{column: revenue, between: [1, 0]}": "nothing lies between 1 and 0",
    "{column: revenue, between: [a, b]}": "needs two numbers or two days",
    "{column: revenue, between: [null, null]}": "needs two numbers or two days",
    "{column: revenue, between: 5}": "needs the lowest and the highest value",
    "{column: revenue, in: []}": "needs a list",
    "{column: channel, in: [NO, DE]}": "put quotes around them",
    "{column: channel, in: [1, DE]}": "needs values of one kind",
    "{column: channel, matches: 1}": "matches: must be text",
    "{column: sold_at, not_future: false}": "can only be true",
    "{column: sold_at, fresh_within_days: 1.5}": "needs a whole number of days",
    "{column: revenue, filled_share: 60}": "needs a share above 0 and up to 1",
    "{column: revenue, known_share: 1}": "'revenue' names no member of a dimension. Known: customer_id,",
    "{column: revenue, between: [0, 1], share: 0}": "share: needs a share above 0",
    "{column: revenue, between: [0, 1], severity: bad}": "severity is fail or warn, not 'bad'",
    "{unique: []}": "needs a column, or a list of columns",
    "{rows_within: [-1, 2]}": "needs no number below 0",
    "{rows_within: [2017-01-01, 2017-01-02]}": "needs two numbers",
    "{rows_within: [1, 2], of_last: 0}": "needs a number of loads",
    "{sql: '', name: x}": "sql: must be text",
    "{sql: 1 = 1, where: 5}": "where must be text",
    "revenue": "needs a test, such as",
}


@pytest.mark.parametrize("line", MISTAKES)
def test_a_mistake_is_told_with_its_line(line: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as told:
        expecting(tmp_path, "{unique: order_id}\n" + line)
    assert str(told.value).startswith(f"{tmp_path / 'quality.yml'}:5: ")
    assert MISTAKES[line] in str(told.value)
    assert len(str(told.value).splitlines()) == 1


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "quality.yml").write_text("version: 2\nseverity: x\nexpct: {}\nexpect:\n  sale: []\n  deals: 5\n")
    with pytest.raises(ConfigError) as told:
        read_expectations(tmp_path)
    lines = [line.removeprefix(str(tmp_path)) for line in str(told.value).splitlines()]
    assert lines == [
        "/quality.yml:3: unknown key 'expct'. Did you mean 'expect'? Known: version, severity, expect.",
        "/quality.yml:1: needs 'version: 1', the only version there is",
        "/quality.yml:2: severity is fail or warn, not 'x'",
        "/quality.yml:5: unknown key 'sale'. Did you mean 'sales'? Known: customers, products, stores, campaigns, "
        "sales, deals, contacts, responses, consents, promotions, offers.",
        "/quality.yml:6: deals needs a list; begin each of its lines with '- '",
    ]


def test_a_project_without_the_file_expects_nothing(tmp_path: Path) -> None:
    assert read_expectations(tmp_path) == ()


@pytest.mark.parametrize("template", ["retail", "synthetic"])
def test_what_a_template_expects_can_be_read(template: str) -> None:
    package = Path(__file__).parents[2] / "crm_analytics"
    asked = read_expectations(package / "templates" / template / "data")
    assert {e.severity for e in asked} == {"fail", "warn"}
