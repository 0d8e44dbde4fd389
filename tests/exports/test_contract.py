"""What every export target is held to by being registered, and what the door lets through."""

import json
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import polars as pl
import pytest

from crm_analytics.campaigns.consent import Register
from crm_analytics.errors import ConfigError, DataError, UnknownName
from crm_analytics.exports import TARGETS
from crm_analytics.exports.csv import write as write_csv
from crm_analytics.exports.door import export_list

LISTED = pl.DataFrame(
    {
        "rank": [1, 2, 3, 4],
        "customer_id": ["a", "b", 'ç, "d"', "=1+1"],
        "suggested_channel": ["mail", "mail", None, "sms"],
        "reason": ["one", "two\nlines", "Grüße", "four"],
        "may_contact": [True, True, False, True],
    }
)
AGREED = pl.DataFrame(
    {
        "customer_id": ["a", "b", "b", "=1+1"],
        "channel": ["mail", "mail", "sms", "sms"],
        "status": ["granted", "withdrawn", "granted", "granted"],
    }
)
REQUIRED = Register(words=AGREED, rule="required", kept=True)
NOBODY_ASKED = Register(words=AGREED.clear(), rule="not_recorded", kept=False)


def read_guarded(file: Path) -> pl.DataFrame:
    """A CSV without the apostrophe that keeps a spreadsheet from running a text."""
    return pl.read_csv(file).with_columns(pl.col(pl.String).str.replace(r"^'([=+\-@])", "$1"))


READ = {"csv": read_guarded, "parquet": pl.read_parquet, "jsonl": pl.read_ndjson}


def export(target: str, folder: Path, register: Register = REQUIRED) -> pl.DataFrame:
    done = export_list(LISTED, register, target, folder, {"as_of": "2018-01-02"})
    frame = READ[target](done.file)
    assert frame.height == done.rows
    return frame


@pytest.mark.parametrize("target", TARGETS)
def test_nobody_without_consent_for_the_channel_gets_through(target: str, tmp_path: Path) -> None:
    # b withdrew mail since the list was made, and having agreed to sms does not help; "ç" has no channel at all.
    assert export(target, tmp_path)["customer_id"].to_list() == ["a", "=1+1"]


@pytest.mark.parametrize("target", TARGETS)
def test_no_recorded_answer_is_no_consent(target: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nothing to export: 1 no channel they agreed to, 3 no consent"):
        export(target, tmp_path, replace(REQUIRED, words=AGREED.clear()))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("target", TARGETS)
def test_a_row_for_all_channels_opens_none(target: str, tmp_path: Path) -> None:
    # "a" withdrew all channels once and agreed to mail again; "=1+1" withdrew all and has no other row left.
    words = pl.DataFrame(
        {
            "customer_id": ["a", "a", "=1+1"],
            "channel": [None, "mail", None],
            "status": ["withdrawn", "granted", "withdrawn"],
        }
    )
    assert export(target, tmp_path, replace(REQUIRED, words=words))["customer_id"].to_list() == ["a"]


@pytest.mark.parametrize("target", TARGETS)
def test_where_nobody_was_asked_those_who_opted_out_stay_out(target: str, tmp_path: Path) -> None:
    # "a" opted out of sms alone, but the list suggests mail: without a register there is no telling how it was meant.
    words = pl.DataFrame({"customer_id": ["a"], "channel": ["sms"], "status": ["withdrawn"]})
    done = export_list(LISTED, replace(NOBODY_ASKED, words=words), target, tmp_path, {})
    assert READ[target](done.file)["customer_id"].to_list() == LISTED["customer_id"].to_list()[1:]
    assert done.left_out == {"opted out of a campaign": 1}


@pytest.mark.parametrize("target", TARGETS)
def test_the_door_itself_refuses_to_look_past_a_register(target: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="set it to 'required'"):
        export(target, tmp_path, replace(NOBODY_ASKED, kept=True))
    assert not list(tmp_path.iterdir())


def test_each_file_has_a_manifest_of_its_own(tmp_path: Path) -> None:
    done = [export_list(LISTED, REQUIRED, target, tmp_path, {}) for target in TARGETS]
    assert [json.loads(d.manifest.read_text())["file"] for d in done] == [d.file.name for d in done]
    assert len(list(tmp_path.iterdir())) == 2 * len(TARGETS)


@pytest.mark.parametrize("target", TARGETS)
def test_every_value_comes_back_as_it_was(target: str, tmp_path: Path) -> None:
    frame = export(target, tmp_path, NOBODY_ASKED)
    assert frame["customer_id"].to_list() == LISTED["customer_id"].to_list()
    assert frame["reason"].to_list() == LISTED["reason"].to_list()


@pytest.mark.parametrize("target", TARGETS)
def test_the_manifest_tells_what_is_in_the_file(target: str, tmp_path: Path) -> None:
    done = export_list(LISTED, REQUIRED, target, tmp_path, {"as_of": "2018-01-02"})
    manifest = json.loads(done.manifest.read_text())
    assert manifest["customers"] == 2
    assert manifest["left_out"] == {"no channel they agreed to": 1, "no consent for the channel any more": 1}
    assert manifest["sha256"] == sha256(done.file.read_bytes()).hexdigest()
    assert manifest["as_of"] == "2018-01-02"
    assert manifest["columns"] == [c for c in LISTED.columns if c != "may_contact"]


@pytest.mark.parametrize("target", TARGETS)
def test_the_same_list_gives_the_same_bytes_and_leaves_no_part_behind(target: str, tmp_path: Path) -> None:
    first = export_list(LISTED, REQUIRED, target, tmp_path, {})
    before = first.file.read_bytes()
    export_list(LISTED, REQUIRED, target, tmp_path, {})
    assert first.file.read_bytes() == before
    assert {p.suffix for p in tmp_path.iterdir()} == {TARGETS[target][0], ".json"}


def test_an_unknown_target_is_answered_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match=r"no target 'cvs'\. Did you mean 'csv'"):
        export_list(LISTED, REQUIRED, "cvs", tmp_path, {})


def test_a_text_that_a_spreadsheet_would_run_is_made_text_and_numbers_stay(tmp_path: Path) -> None:
    frame = pl.DataFrame({"name": ["=1+1", "@cmd", "-5", "+49.5", "Anna"], "spend": [-1.5, 0.0, 1.0, 2.0, 3.0]})
    write_csv(frame, tmp_path / "list.csv")
    lines = (tmp_path / "list.csv").read_text().splitlines()
    assert lines == ["name,spend", "'=1+1,-1.5", "'@cmd,0.0", "-5,1.0", "+49.5,2.0", "Anna,3.0"]
