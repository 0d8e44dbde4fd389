"""The page as text: whole, complete in itself, the same every time, and safe with hostile data."""

import json
import re
from html.parser import HTMLParser

import polars as pl
import pytest
from made_up import HOSTILE, SQL, everything, nothing

from crm_analytics.charts import plotly_bundle
from crm_analytics.errors import DataError, UnknownName
from crm_analytics.formats import FORMATS
from crm_analytics.reports.html import cell, render
from crm_analytics.reports.model import Column, Report, Table
from crm_analytics.reports.overview import overview

VOID = {"meta", "link", "br", "img", "input", "hr", "col"}


class Page(HTMLParser):
    """The elements of a page with their attributes and texts; notes an end tag that closes nothing."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.faults: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self.feed(text)
        self.close()
        self.faults += [f"<{tag}> is never closed" for tag in self.open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self.open[-1:] == [tag]:
            self.open.pop()
        else:
            self.faults.append(f"</{tag}> inside {self.open[-1:]}, line {self.getpos()[0]}")

    def handle_data(self, data: str) -> None:
        if self.open:
            self.texts.setdefault(self.open[-1], []).append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="module")
def html() -> str:
    return render(overview(everything()))


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    return Page(html)


def tables_of(report: Report) -> list[Table]:
    return [table for section in report.sections for table in section.tables]


@pytest.mark.parametrize("inputs", [everything(), nothing()], ids=["everything", "nothing"])
def test_every_element_is_closed_and_every_id_stands_once(inputs) -> None:
    page = Page(render(overview(inputs)))
    assert page.faults == []
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    named = {
        attributes[key]
        for _, attributes in page.elements
        for key in ("aria-labelledby", "data-plot")
        if key in attributes
    }
    assert named <= set(ids)
    links = {str(attributes["href"])[1:] for attributes in page.all("a")}
    assert links <= set(ids)


def test_nothing_is_fetched(html: str, page: Page) -> None:
    for tag, attributes in page.elements:
        for key in ("src", "srcset", "poster", "data", "action", "xlink:href"):
            assert key not in attributes, f"<{tag} {key}={attributes.get(key)!r}>"
        assert str(attributes.get("href", "#")).startswith(("#", "data:")), f"<{tag} href={attributes.get('href')!r}>"
    styles = "".join(page.texts["style"]) + "".join(str(a.get("style", "")) for _, a in page.elements)
    assert not re.search(r"url\(|@import|https?:", styles)
    ours = html.replace(plotly_bundle(), "")
    assert not re.search(r"https?://", ours)
    policy = page.all("meta")[1]
    assert policy["http-equiv"] == "Content-Security-Policy"
    assert str(policy["content"]).startswith("default-src 'none';")


def test_plotly_is_inside_exactly_once(html: str) -> None:
    assert html.count(plotly_bundle()) == 1
    assert html.count("* plotly.js v") == 1


def test_the_same_inputs_give_the_same_bytes(html: str) -> None:
    assert render(overview(everything())) == html


def test_hostile_text_is_shown_and_never_run(html: str, page: Page) -> None:
    ours = html.replace(plotly_bundle(), "")
    assert "<script>alert" not in ours
    assert "<img" not in ours
    # The JSON has been escaped, else its own text would have ended the element early.
    figures = [json.loads(text) for text in page.texts["script"] if text.startswith('{"data"')]
    assert len(figures) == len([a for a in page.all("script") if "data-plot" in a]) == 12
    # Plotly reads labels as HTML, so they are escaped for it too.
    bars = figures[1]["data"][0]
    assert not any("<script" in text or "<img" in text for text in bars["y"] + bars["hovertext"])
    assert any("&lt;script&gt;" in text for text in bars["hovertext"])
    # And the reader sees the text as it is.
    assert HOSTILE in "".join(page.texts["td"] + page.texts["th"])
    assert "".join(page.texts["code"]).count(SQL) > 5


def test_every_chart_has_a_sentence_and_every_table_a_caption(page: Page) -> None:
    charts = [a for a in page.all("div") if a.get("class") == "plot"]
    assert len(charts) == 12
    assert all(chart["role"] == "img" and len(str(chart["aria-label"])) > 40 for chart in charts)
    assert len(page.all("caption")) == len(page.all("table"))
    assert [tag for tag, _ in page.elements if re.fullmatch("h[1-6]", tag)][:3] == ["h1", "h2", "h2"]


@pytest.mark.parametrize("table", tables_of(overview(everything())), ids=lambda table: table.caption)
def test_every_number_has_its_unit_in_the_heading_or_is_a_count(table: Table) -> None:
    assert table.columns
    for column in table.columns:
        if not table.rows.schema[column.name].is_numeric():
            continue
        assert column.is_number, f"{column.name} is a number shown as text"
        assert column.fmt == "count" or column.heading("USD").partition(", ")[2], column.heading("USD")


def test_a_number_without_a_unit_is_refused() -> None:
    with pytest.raises(DataError, match="'auc': a ratio in a report needs its unit"):
        Column("auc", "AUC", "ratio")


def test_an_unknown_format_names_the_nearest() -> None:
    assert "money" in FORMATS
    with pytest.raises(UnknownName, match="Did you mean 'money'"):
        Column("revenue", "Revenue", "mony")


def test_a_table_without_its_column_says_which() -> None:
    with pytest.raises(UnknownName, match=r"no column 'revenu'. Did you mean 'revenue'"):
        Table(columns=(Column("revenu", "Revenue", "money"),), rows=pl.DataFrame({"revenue": [1]}), caption="Sales")


def test_infinity_is_a_sign_and_nothing_is_a_dash() -> None:
    lift = Column("conviction", "Conviction", "number", "×")
    assert [cell(v, lift, "") for v in (float("inf"), float("-inf"), float("nan"), None, 2.0)] == [
        "∞",
        "-∞",
        "–",
        "–",
        "2.00",
    ]
