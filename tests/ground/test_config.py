from pathlib import Path

import pytest

from crm_analytics.config import ProjectConfig, RetailCalendar, Tracked, read_config
from crm_analytics.errors import ConfigError

TEMPLATES = Path(__file__).parents[2] / "crm_analytics" / "templates"


def config(folder: Path, text: str) -> ProjectConfig:
    (folder / "crm.yml").write_text(text, encoding="utf-8")
    return read_config(folder)


def test_only_the_name_is_needed(tmp_path: Path) -> None:
    read = config(tmp_path, "version: 1\nname: Shop\n")
    assert read == ProjectConfig(name="Shop")
    assert (read.warehouse, read.consent) == ("warehouse.duckdb", "required")


def test_every_setting_is_taken(tmp_path: Path) -> None:
    text = "version: 1\nname: S\nthreads: 2\nchannels: [web, post]\nconsent: not_recorded\n"
    read = config(tmp_path, text)
    assert (read.threads, read.channels, read.consent) == (2, ("web", "post"), "not_recorded")


def test_the_calendar_is_taken_and_its_keys_are_held_to(tmp_path: Path) -> None:
    read = config(tmp_path, "version: 1\nname: S\ncalendar: {fiscal_month: 7, weeks: 5-4-4}\n")
    assert read.calendar == RetailCalendar(fiscal_month=7, weeks="5-4-4")
    with pytest.raises(ConfigError, match=r"crm.yml:3: unknown key 'week'. Did you mean 'weeks'"):
        config(tmp_path, "version: 1\nname: S\ncalendar: {week: 5-4-4}\n")


def test_histories_are_taken(tmp_path: Path) -> None:
    customers = "  customers: {track: [city, income], changed: since, retracted: void}\n"
    read = config(tmp_path, f"version: 1\nname: S\nhistory:\n{customers}  products: {{track: [brand]}}\n")
    assert read.history == {
        "customers": Tracked(track=("city", "income"), changed="since", retracted="void"),
        "products": Tracked(track=("brand",)),
    }


def test_everything_that_is_wrong_with_histories_is_told_at_once(tmp_path: Path) -> None:
    lines = (
        "  customer: {track: [city]}",
        "  customers: {track: city}",
        "  products: {track: [brand], change: since}",
        "  stores: {track: [valid_to]}",
        "  campaigns: {track: [campaign_type], changed: [a]}",
    )
    with pytest.raises(ConfigError) as caught:
        config(tmp_path, "version: 1\nname: S\nhistory:\n" + "\n".join(lines))
    assert str(caught.value).replace(f"{tmp_path}/", "").splitlines() == [
        "crm.yml:4: unknown key 'customer'. Did you mean 'customers'? Known: customers, products, stores, campaigns.",
        "crm.yml:5: history: customers: needs a list of attributes, such as {track: [city, income]}",
        "crm.yml:6: unknown key 'change'. Did you mean 'changed'? Known: track, changed, retracted.",
        "crm.yml:7: history: stores: track: 'valid_to' says when a version is true, so it is not tracked itself",
        "crm.yml:8: changed must be the name of a column",
    ]


TRACKED = {
    "track: []": "track: needs the names of attributes, got []",
    "track: [1]": "track: needs the names of attributes, got [1]",
    "track: [city, city]": "track: each may stand only once, got ['city', 'city']",
    "track: [city], changed: city": "track: 'city' says when a version is true, so it is not tracked itself",
    "track: [city], retracted: void": "retracted: needs a column of its own beside 'changed', "
    "for a version is named by its time",
}


@pytest.mark.parametrize("line", TRACKED)
def test_a_history_that_makes_no_sense_says_why(line: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        config(tmp_path, f"version: 1\nname: S\nhistory:\n  customers: {{{line}}}\n")
    assert str(caught.value) == f"{tmp_path / 'crm.yml'}:4: history: customers: {TRACKED[line]}"


@pytest.mark.parametrize("template", sorted(p.name for p in TEMPLATES.iterdir()))
def test_the_templates_can_be_read(template: str) -> None:
    assert read_config(TEMPLATES / template).name


def test_a_folder_without_crm_yml_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        read_config(tmp_path)
    assert str(caught.value) == f"{tmp_path}: not a project, it has no crm.yml; make one with: crm init {tmp_path}"


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    text = "version: 2\nthreads: two\nchannels: [1]\nconsnet: required\ncurrency:\n"
    with pytest.raises(ConfigError) as caught:
        config(tmp_path, text)
    assert str(caught.value).replace(f"{tmp_path}/", "").splitlines() == [
        "crm.yml:4: unknown key 'consnet'. Did you mean 'consent'? Known: "
        + str(caught.value).split("Known: ")[1].splitlines()[0],
        "crm.yml:1: needs 'version: 1', the only version there is",
        "crm.yml:1: needs 'name'",
        "crm.yml:5: currency must be text, got None",
        "crm.yml:2: threads must be a whole number, got 'two'",
        "crm.yml:3: channels must be a list of texts",
    ]


VALUES = {
    "consent: maybe": "consent: 'maybe' is neither 'required' nor 'not_recorded'",
    "threads: 0": "threads: needs 1 to 1024, got 0",
    "threads: 100000": "threads: needs 1 to 1024, got 100000",
    "channels: []": "channels: needs names in lower case, got []",
    "channels: [web, Store]": "channels: needs names in lower case, got ['web', 'Store']",
    "channels: [web, ' ']": "channels: needs names in lower case, got ['web', ' ']",
    "calendar: {fiscal_month: 13}": "calendar: fiscal_month needs 1 to 12, got 13",
    "calendar: {weeks: 4-5-5}": "calendar: weeks is one of 4-4-5, 4-5-4, 5-4-4, not '4-5-5'",
    "calendar: {first_weekday: Sun}": "calendar: first_weekday is one of "
    "monday, tuesday, wednesday, thursday, friday, saturday, sunday, not 'Sun'",
    "channels: [web, web]": "channels: each may stand only once, got ['web', 'web']",
}


@pytest.mark.parametrize("line", VALUES)
def test_a_value_that_makes_no_sense_says_why(line: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        config(tmp_path, f"version: 1\nname: S\n{line}\n")
    assert str(caught.value) == f"{tmp_path / 'crm.yml'}: {VALUES[line]}"
