"""`crm explain` and `Ask.explain` on a whole project."""

import csv
import io
import json
from pathlib import Path

import polars as pl
import pytest

import crm_analytics as crm
from tests.doors.conftest import Run

WORDS = ("sales", "-m", "revenue", "--from", "2017-Q1", "--to", "2017-Q2")


def test_the_text_says_what_changed_and_that_it_adds_up(run: Run, folder: Path) -> None:
    ran = run("explain", *WORDS, "-C", folder)
    assert ran.code == 0, ran.err
    assert ran.out.startswith("Revenue ")
    assert "Adds up to the change: yes (the members of each attribute and the customers)." in ran.out


def test_csv_and_json_hold_the_same_rows_and_they_make_up_the_change(run: Run, folder: Path) -> None:
    words = ("explain", *WORDS, "-b", "product.department", "-C", folder)
    told = json.loads(run(*words, "--format", "json").out)
    rows = list(csv.DictReader(io.StringIO(run(*words, "--format", "csv").out)))
    drivers = [row for row in rows if row["part"] == "driver"]
    assert [float(row["change"]) for row in drivers] == [row["change"] for row in told["drivers"]]
    assert sum(row["change"] for row in told["drivers"]) == pytest.approx(told["change"])
    assert sum(row["change"] for row in told["customers"]) == pytest.approx(told["change"])
    assert told["adds_up"]


def test_the_totals_are_those_of_a_question(folder: Path) -> None:
    with crm.open(folder) as shop:
        ask = shop.cube("sales").measures("revenue")
        found = ask.explain("2017-Q1", "2017-Q2").explanation
        for quarter, total in (("2017-Q1", found.before), ("2017-Q2", found.after)):
            assert ask.slice("date.quarter", quarter).frame["revenue"][0] == total


def test_a_ratio_of_deals_by_the_day_that_they_closed(folder: Path) -> None:
    with crm.open(folder) as shop:
        found = shop.cube("deals").measures("win_rate").explain("2017-Q1", "2017-Q2", over="closed")
        assert found.explanation.adds_up
        asked = shop.cube("deals").measures("win_rate").slice("closed.quarter", "2017-Q1")
        assert asked.frame["win_rate"][0] == pytest.approx(found.explanation.before)
        assert "percentage points" in str(found)


def test_the_picture_has_a_bridge_and_bars(run: Run, folder: Path, tmp_path: Path) -> None:
    with crm.open(folder) as shop:
        found = shop.cube("sales").measures("revenue").by("product.department").explain("2017-Q1", "2017-Q2")
    bridge, bars = found.chart().data
    assert (bridge.type, bars.type) == ("waterfall", "bar")
    # The steps lead from the one total to the other.
    assert bridge.measure == ("absolute", *["relative"] * (len(bridge.y) - 2), "absolute")
    assert sum(bridge.y[:-1]) == pytest.approx(bridge.y[-1])
    assert list(bars.x) == [float(change) for change in found.explanation.drivers["change"].head(12)]
    page = tmp_path / "change.html"
    assert run("explain", *WORDS, "-b", "product.department", "--html", page, "-C", folder).code == 0
    text = page.read_text(encoding="utf-8")
    assert "<table" in text
    assert "waterfall" in text
    assert 'src="http' not in text


def test_a_role_explains_its_own_part(run: Run, folder: Path) -> None:
    words = ("explain", *WORDS, "-b", "store.region", "-C", folder, "--format", "json")
    whole = {row["member"]: row["change"] for row in json.loads(run(*words).out)["drivers"]}
    region = max(whole, key=lambda name: whole[name])
    told = json.loads(run(*words, "--role", "region_manager", "--let", f"regions={region}").out)
    assert [(row["member"], row["change"]) for row in told["drivers"]] == [(region, whole[region])]
    assert told["change"] == whole[region]


def test_mistakes_end_in_a_sentence(run: Run, folder: Path) -> None:
    for words, sentence in (
        (("-m", "revenue", "--from", "2017-Q9", "--to", "2017-Q2"), "from: '2017-Q9' is not a period"),
        (("-m", "orders", "--from", "2017-Q1", "--to", "2017-Q2"), "orders is a count_distinct"),
        (("-m", "revenue", "--from", "2017-Q1", "--to", "2017-Q2", "--format", "xls"), "no format 'xls'"),
    ):
        ran = run("explain", "sales", *words, "-C", folder)
        assert (ran.code, ran.out) == (2, "")
        assert sentence in ran.err
    with crm.open(folder) as shop, pytest.raises(crm.CrmError, match="explain the change of one measure, not of 2"):
        shop.cube("sales").measures("revenue", "lines").explain("2017-Q1", "2017-Q2")


def test_a_frame_names_the_part_of_each_row(folder: Path) -> None:
    with crm.open(folder) as shop:
        frame = shop.cube("sales").measures("revenue").by("store.region").explain("2017-Q1", "2017-Q2").frame
    assert {"driver", "attribute", "customers"} <= set(frame["part"])
    assert frame.filter(pl.col("part") == "attribute")["attribute"].to_list() == ["store.region"]
