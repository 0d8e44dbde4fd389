"""A no that arrives after the list was made keeps its customer out of the export, however badly it is written.

The made-up shop's list was planned in the morning; at noon a second source, two
CSV files, brings what this page writes into them.  Each case is one customer who
would have been exported, and the list itself is not made again.
"""

import shutil
from pathlib import Path

import polars as pl
import pytest

import crm_analytics as crm
from crm_analytics.errors import ConfigError
from tests.doors.conftest import Run

AT, LATER = "2018-06-01 12:00:00", "2018-06-01 12:00:01"  # after every word in the shop's own register
# Columns of the CSV: id, channel, purpose, status, time.  {old} is the id of the customer's own grant, {new} a fresh
# one, {channel} the channel that the list suggests, {other} another one that the project knows.
REGISTER = {
    "re-uses the id of the grant": ["{old},{channel},marketing,withdrawn," + AT],
    "capital status": ["{new},{channel},marketing, Withdrawn ," + AT],
    "capital purpose": ["{new},{channel},Marketing,withdrawn," + AT],
    "no channel": ["{new},,marketing,withdrawn," + AT],
    "a channel nobody knows": ["{new},e-mail,marketing,withdrawn," + AT],
    "a date that is none": ["{new},{channel},marketing,withdrawn,31.02.2018"],
    "no purpose": ["{new},{channel},,withdrawn," + AT],
    "a status nobody knows": ["{new},{channel},marketing,revoked," + AT],
    "no status": ["{new},{other},marketing,," + AT],
    "granted and withdrawn at one moment": [
        "{new},{channel},marketing,withdrawn," + AT,
        "{new}b,{channel},marketing,granted," + AT,
    ],
    "all withdrawn, another channel granted again": [
        "{new},,marketing,withdrawn," + AT,
        "{new}b,{other},marketing,granted," + LATER,
    ],
}
# Columns of the CSV: id, channel, kind, time.
RESPONSES = {
    "opts out of the channel": "{new},{channel},Opt_Out," + AT,
    "opts out and names no channel": "{new},,opt_out," + AT,
    "opts out at no known time": "{new},{channel},opt_out,soon",
    "a kind nobody knows": "{new},{other},unsubscribe," + AT,
}
GOING = {
    "nothing new": [],
    "withdrawn, then granted again": [
        "{new},,marketing,withdrawn," + AT,
        "{new}b,{channel},marketing,granted," + LATER,
    ],
    "another purpose": ["{new},{channel},service,withdrawn," + AT],
    "another channel": ["{new},{other},marketing,withdrawn," + AT],
    "a grant at no known time": ["{new},{channel},marketing,Granted,soon"],
}
GOING_RESPONSES = {"complains": "{new},{channel},complaint," + AT, "opts out of another": "{new},{other},opt_out," + AT}


@pytest.fixture(scope="module")
def noon(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """The shop with the second source written and loaded, and the customer of each case."""
    root = tmp_path_factory.mktemp("noon") / "shop"
    shutil.copytree(folder, root)
    entries, answers, customers = [], [], {}
    register, responses = REGISTER | GOING, RESPONSES | GOING_RESPONSES
    with crm.open(root) as shop:
        before = pl.read_csv(shop.export("csv", root / "morning").file, infer_schema=False)
        grants = dict(
            shop.engine.rows(
                "SELECT customer_id || channel, min(consent_id) FROM fct_consent "
                "JOIN dim_customer USING (customer_key) JOIN dim_channel USING (channel_key) "
                "WHERE purpose = 'marketing' AND status = 'granted' GROUP BY 1"
            )
        )
    chosen = before.head(len(register) + len(responses)).select("customer_id", "suggested_channel").rows()
    for i, (case, (customer, channel)) in enumerate(zip([*register, *responses], chosen, strict=True)):
        customers[case] = customer
        other = "sms" if channel != "sms" else "mail"
        fill = {"old": grants[customer + channel], "new": f"noon{i}", "channel": channel, "other": other}
        entries += [f"{customer},{line.format(**fill)}\n" for line in register.get(case, ())]
        answers += [f"{customer},{responses[case].format(**fill)}\n"] if case in responses else []
    late = root / "data" / "late"
    late.mkdir()
    (late / "register.csv").write_text(
        "customer_id,consent_id,channel,purpose,status,recorded_at\n" + "".join(entries), encoding="utf-8"
    )
    (late / "answers.csv").write_text(
        "customer_id,response_id,channel,response_kind,responded_at\n" + "".join(answers), encoding="utf-8"
    )
    (late / "source.yml").write_text(
        "version: 1\nfiles:\n  register: {path: register.csv}\n  answers: {path: answers.csv}\n", encoding="utf-8"
    )
    (late / "consents.sql").write_text("SELECT * FROM raw_register", encoding="utf-8")
    (late / "responses.sql").write_text("SELECT * FROM raw_answers", encoding="utf-8")
    with crm.open(root) as shop:
        shop.load()
    return root, customers


def test_every_no_is_heard_and_nobody_else_is_left_out(noon: tuple[Path, dict[str, str]]) -> None:
    root, customers = noon
    with crm.open(root) as shop:
        done = shop.export("csv", root / "noon")
    morning = set(pl.read_csv(root / "morning" / "priority_list.csv", infer_schema=False)["customer_id"])
    sent = set(pl.read_csv(done.file, infer_schema=False)["customer_id"])
    case_of = {customer: case for case, customer in customers.items()}
    assert {case_of.get(c, c) for c in morning - sent} == {*REGISTER, *RESPONSES}
    assert sent <= morning
    assert done.left_out["no consent for the channel any more"] == len(REGISTER) + len(RESPONSES)


def test_check_fails_while_rows_of_the_register_are_refused(noon: tuple[Path, dict[str, str]], run: Run) -> None:
    # Refused are: a date that is none, no purpose, a status nobody knows, no status, a grant at no known time.
    ran = run("check", "-C", noon[0])
    assert ran.code == 1
    [line] = [line for line in ran.out.splitlines() if line.startswith("FAIL")]
    assert "fct_consent" in line
    assert "but 5 were: 2 recorded_at: not a TIMESTAMP, 1 purpose: missing, 1 status: missing, 1 status: not" in line


def test_a_register_of_which_nothing_could_be_read_is_still_a_register(folder: Path, tmp_path: Path) -> None:
    root = tmp_path / "shop"
    shutil.copytree(folder, root)
    mapping = root / "data" / "crm" / "consents.sql"
    mapping.write_text(mapping.read_text(encoding="utf-8").replace("  recorded_at,", "  'soon' AS recorded_at,"))
    settings = root / "crm.yml"
    settings.write_text(settings.read_text(encoding="utf-8").replace("consent: required", "consent: not_recorded"))
    with crm.open(root) as shop:
        shop.load()
        assert shop.engine.rows("SELECT count(*) FROM fct_consent") == [(0,)]
        for job in (shop.plan, lambda: shop.export("csv", tmp_path / "out")):
            with pytest.raises(ConfigError, match="'not_recorded' is not true; set it to 'required'"):
                job()
    assert not (tmp_path / "out").exists()
