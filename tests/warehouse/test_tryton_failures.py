"""Loads from a Tryton server that fail, as processes: one sentence, and everything as it was."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.warehouse.tryton import Crm, deals, password, project

pytestmark = [pytest.mark.tryton, pytest.mark.slow]


def run(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """`crm load`, as a process."""
    command = [sys.executable, "-m", "crm_analytics", "load", "-C", str(folder)]
    root = str(Path(__file__).parents[2])
    return subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": root, **environment}
    )


def content(folder: Path) -> dict[Path, bytes]:
    """Every file but the lock, which names the last process that wrote."""
    return {p: p.read_bytes() for p in folder.rglob("*") if p.is_file() and p.suffix != ".lock"}


def test_a_failed_load_says_why_in_one_sentence_and_leaves_everything_as_it_was(crm: Crm, tmp_path: Path) -> None:
    crm.deal(crm.party("Ann", "ann@example.org"), "100.50")
    folder = project(tmp_path / "shop", crm.url)
    done = run(folder)
    assert done.returncode == 0, done.stderr
    before = content(folder)
    source = folder / "data" / "tryton" / "source.yml"
    good = source.read_text()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        nobody = taken.getsockname()[1]
    gone = good.replace(f":{crm.port}/", f":{nobody}/")
    here, told = f"http://127.0.0.1:{crm.port}/crm", f"crm: {source}: files: "
    secret = "not the password"
    failures = {
        f"parties: {here}: the password in TRYTON_PASSWORD is wrong, or there is no user 'admin'": (good, secret),
        f"parties: http://127.0.0.1:{nobody}/crm: cannot be reached: Connection refused": (gone, password()),
        f"opportunities: {here}: sale.opportunity has no field 'lost_reasons'. Did you mean 'lost_reason'?": (
            good.replace("lost_reason]", "lost_reasons]"),
            password(),
        ),
    }
    for sentence, (text, key) in failures.items():
        source.write_text(text)
        failed = run(folder, TRYTON_PASSWORD=key)
        assert failed.returncode == 2, failed.stderr
        assert failed.stderr.startswith(told + sentence)
        assert failed.stderr.count("\n") == 1
        assert not key or key not in failed.stderr + failed.stdout
    source.write_text(good)
    # What fails after the records were read: the mapping is named, and the table they were read into is gone.
    mapping = folder / "data" / "tryton" / "deals.sql"
    sound = mapping.read_text()
    mapping.write_text("SELECT nothing AS deal_id FROM raw_opportunities")
    failed = run(folder)
    assert failed.returncode == 2
    assert failed.stderr.startswith(f'crm: {mapping}: Binder Error: Referenced column "nothing" not found')
    mapping.write_text(sound)
    assert content(folder) == before
    assert not [path for path, held in before.items() if password().encode() in held]


def test_a_user_who_may_only_read_is_enough_and_one_who_may_not_is_told(crm: Crm, tmp_path: Path) -> None:
    deal = crm.deal(crm.party("Ann"), "100.50")
    group = crm.create("res.group", name="Analysis")
    readable = ("sale.opportunity", "marketing.email", "marketing.email.list")
    for name in readable[:1]:
        crm.create("ir.model.access", model=name, group=group, perm_read=True)
    companies = {"companies": [["add", [crm.company]]], "company": crm.company}
    crm.create("res.user", name="Analyst", login="analyst", password=password(), groups=[["add", [group]]], **companies)
    folder = project(tmp_path / "shop", crm.url.replace("admin@", "analyst@"))
    refused = run(folder)
    assert refused.returncode == 2
    assert 'Tryton refuses model.marketing.email.search_read: You are not allowed to access "' in refused.stderr
    for name in readable[1:]:
        crm.create("ir.model.access", model=name, group=group, perm_read=True)
    done = run(folder)
    assert done.returncode == 0, done.stderr
    assert len(deals(folder, deal)) == 1
