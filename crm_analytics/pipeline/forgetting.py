"""`crm forget`: one person out of the database and the project's files, in an order that a kill cannot break.

    the salt, once          so that the pseudonym is the same when an erasure has to begin again
    within one transaction  the tables, then each file by itself, then the proof
    the rollups             made anew
    the warehouse           rewritten, so that no free block keeps a byte, and put in its place
    the proof, the report   written from the new warehouse

Killed before the last but one, the warehouse still knows the person, and the next
`crm forget` does what is missing; after it only the proof and the report are.

May import: errors, config, engines, warehouse, olap.rollup_log, pipeline.rollups.   Imported by: project.
"""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from crm_analytics.config import ProjectConfig
from crm_analytics.engines import Engine
from crm_analytics.errors import CrmError, DataError
from crm_analytics.olap.rollup_log import forget_all
from crm_analytics.pipeline.rollups import refresh_rollups
from crm_analytics.warehouse.erasure.door import marks
from crm_analytics.warehouse.erasure.files.place import sweep
from crm_analytics.warehouse.erasure.folder import erase_files
from crm_analytics.warehouse.erasure.log import drawn_salt, erased_before, hashed, pseudonym, remember
from crm_analytics.warehouse.erasure.person import CUSTOMERS, Person, customer_of, find_person
from crm_analytics.warehouse.erasure.plan import Folder, plan_files
from crm_analytics.warehouse.erasure.proof import Erasure, keep_proof, write_proofs
from crm_analytics.warehouse.erasure.tables import dates_of, erase_tables, totals
from crm_analytics.warehouse.load import Say


def forget(
    engine: Engine,
    config: ProjectConfig,
    folder: Folder,
    customer_id: str,
    by: str,
    now: datetime,
    say: Say,
    write: bool,
) -> Erasure:
    """Take one person out of everything; without `write` the engine has to be thrown away after.

    Raises
    ------
    DataError : nobody is known under the id, nobody is named as the one who does this, or a total would change.
    """
    if not by.strip():
        raise DataError("an erasure needs the name of whoever does it: --by")
    if write:
        sweep(folder.project, folder.output)
    customer_id = customer_of(engine, customer_id)
    sources, tracked = folder.sources(), config.history.get(CUSTOMERS)
    salt = drawn_salt(engine)
    person = find_person(engine, sources, customer_id, lambda text: pseudonym(salt, text))
    before = erased_before(engine, customer_id)
    plan = plan_files(engine, sources, person, folder, dates_of(tracked))
    with engine.transaction():
        same = totals(engine)
        say("looking through the tables")
        tables = erase_tables(engine, person, now, tracked)
        say(f"looking through {len(plan.rules):,} files")
        unknown = before is None and not tables and not person.key
        if unknown:  # look before anything is changed
            found, _ = erase_files(engine, plan, person, folder, now, write=False)
            if not any(step.rows for step in found):
                raise DataError(f"no customer {customer_id!r} in any table or file; ids are compared letter by letter")
        files, recall = erase_files(engine, plan, person, folder, now, write)
        done = Erasure(
            proof_id=f"{now:%Y%m%d}-{hashed(salt, 'proof', f'{customer_id} {now.isoformat()}')[:12]}",
            pseudonym=person.pseudonym,
            erased_at=now,
            by=by,
            tables=tables,
            files=files,
            totals=same,
            recall=recall,
            outside=plan.outside,
            shared=_shared(person),
            again=before is not None and not any(step.rows for step in (*tables, *files) if not step.left),
        )
        if not done.again:
            remember(engine, [*marks(person), *plan.marks], now.date())
            keep_proof(engine, done)
        forget_all(engine)
    if write:
        refresh_rollups(engine, folder.project / "cubes", say)
    return done


def after_forgetting(engine: Engine, folder: Folder, done: Erasure, report: Callable[[], Path]) -> Path:
    """Write the proof, and the report anew where there is one; gives the path of the proof."""
    page = folder.output / "report.html"
    if page.exists():
        try:
            report()
        except CrmError:  # nothing left to report on, and the old page speaks of the person
            page.unlink()
    return write_proofs(engine, folder.output, done.pseudonym)


def _shared(person: Person) -> list[str]:
    """The kinds of texts that another customer bears too, and that therefore stay where nothing says whose they are."""
    return list(dict.fromkeys(needle.kind for needle in person.needles.all if needle.shared))
