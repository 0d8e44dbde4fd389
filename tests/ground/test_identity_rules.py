"""The section `identity:` of crm.yml."""

from pathlib import Path

import pytest

from crm_analytics.config import read_config
from crm_analytics.errors import ConfigError
from crm_analytics.identity_rules import IdentityRules, KeyRule


def rules(folder: Path, text: str) -> IdentityRules | None:
    (folder / "crm.yml").write_text(f"version: 1\nname: S\n{text}", encoding="utf-8")
    return read_config(folder).identity


def test_a_project_without_the_section_has_no_rules(tmp_path: Path) -> None:
    assert rules(tmp_path, "") is None
    assert rules(tmp_path, "identity:\n") == rules(tmp_path, "identity: {}\n") == IdentityRules()


def test_every_setting_is_taken(tmp_path: Path) -> None:
    text = """identity:
  keys:
    email: {names: alike}
    customer_id: {sources: [crm, shop]}
    vat_number:
  conflicts: [vat_number]
  sources: [crm, shop]
  region: DE
  gmail: true
  most_records: 5
  matcher: none
  merge_above: 1
  review_above: 0.7
  keep_ids: false
  golden: {name: most_frequent}
"""
    read = rules(tmp_path, text)
    assert read == IdentityRules(
        keys=(KeyRule("email", "alike"), KeyRule("customer_id", sources=("crm", "shop")), KeyRule("vat_number")),
        conflicts=("vat_number",),
        sources=("crm", "shop"),
        region="DE",
        gmail=True,
        most_records=5,
        matcher="none",
        merge_above=1.0,
        review_above=0.7,
        keep_ids=False,
        golden={"name": "most_frequent"},
    )
    assert read.rule_of("name") == "most_frequent"
    assert read.rule_of("registered_on") == "earliest"
    assert read.rule_of("colour") == "most_recent"


def test_all_mistakes_are_told_at_once_with_their_lines(tmp_path: Path) -> None:
    text = "identity:\n  kyes: {}\n  keys: {email: {name: alike}, phone: {names: same}}\n  gmail: maybe\n"
    text += "  sources: crm\n  golden: {name: newest}\n"
    with pytest.raises(ConfigError) as caught:
        rules(tmp_path, text)
    found = str(caught.value).replace(f"{tmp_path}/", "").splitlines()
    assert found[0].startswith("crm.yml:4: unknown key 'kyes'. Did you mean 'keys'?")
    assert found[1:] == [
        "crm.yml:5: unknown key 'name'. Did you mean 'names'? Known: names, sources.",
        "crm.yml:5: names is one of alike, not_different, any, not 'same'",
        "crm.yml:7: sources must be a list of texts, got 'crm'",
        "crm.yml:6: gmail must be true or false, got 'maybe'",
        "crm.yml:8: the rule of name is one of most_recent, most_frequent, source_priority, non_empty, earliest, "
        "not 'newest'",
    ]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("identity: [email]\n", "identity must be names with values"),
        ("identity: {keys: [email]}\n", "keys must be columns with their rules"),
        ("identity: {golden: newest}\n", "golden must be columns with their rule"),
        ("identity: {merge_above: 0.3}\n", "need 0 < review_above <= merge_above <= 1"),
        ("identity: {most_records: 1}\n", "most_records needs 2 or more"),
        ("identity: {matcher: fuzzy}\n", "matcher is one of builtin, splink, none"),
        ("identity: {region: Germany}\n", "region is a country of two capitals"),
        ("identity: {keys: {customer_id: {}}}\n", "name the sources that share their customer ids"),
    ],
)
def test_a_setting_that_cannot_be_is_one_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        rules(tmp_path, text)
