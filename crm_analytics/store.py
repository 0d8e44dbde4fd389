"""The warehouse of one project: what is loaded into it, held to checks, looked up and taken back.

The half of `Project` that keeps the data; the other half asks cubes, mines and
plans.  No logic about data here either.

May import: everything below.   Imported by: project.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from crm_analytics.config import ProjectConfig
from crm_analytics.engines import Engine
from crm_analytics.errors import AccessError
from crm_analytics.opened import Opened

if TYPE_CHECKING:  # each is imported where it is used: `crm --help` must not wait for them
    import polars as pl

    from crm_analytics.pipeline.consents import Consents
    from crm_analytics.pipeline.identity import Identity
    from crm_analytics.warehouse.check import Check
    from crm_analytics.warehouse.ledger import EntityLoad
    from crm_analytics.warehouse.load import Say
    from crm_analytics.warehouse.rejects import RejectGroup
    from crm_analytics.warehouse.undo import Undone


def silent(_: str) -> None:
    """Say nothing."""


class Store:
    """The data of a project folder.

    Reading keeps one read-only connection open.  Whatever writes, writes to a copy
    that takes the warehouse's place when it is whole: readers are never shut out.
    With a `role` cubes may be asked and nothing else.
    """

    def __init__(self, folder: Path, config: ProjectConfig, role: str = "") -> None:
        self.folder = folder
        self.config = config
        self._role = role
        self._opened = Opened(folder, config)

    @property
    def warehouse(self) -> Path:
        """The DuckDB file."""
        return self._opened.file

    @property
    def engine(self) -> Engine:
        """The warehouse, open for reading.

        Raises
        ------
        WarehouseError : it is not loaded yet.
        AccessError : the project is open for a role, which may ask cubes and nothing else.
        """
        self._only_owner()
        return self._opened.reading()

    @contextmanager
    def writing(
        self, doing: str = "writing", *, new: bool = False, keep: bool = True, rewrite: bool = False
    ) -> Iterator[Engine]:
        """A copy of the warehouse to write to; it takes its place when the block ends well (and `keep` is true)."""
        self._only_owner()
        with self._opened.writing(doing, new=new, keep=keep, rewrite=rewrite) as engine:
            yield engine

    def load(
        self,
        sources: Sequence[str] = (),
        say: "Say" = silent,
        now: datetime | None = None,
        *,
        full: bool = False,
        since: datetime | None = None,
        rejects: bool = False,
        dry_run: bool = False,
        wait_seconds: float = 0,
    ) -> tuple["EntityLoad", ...]:
        """Read what is new of the sources (all where none is named) into the star and renew the rollups.

        `full` reads everything anew, `since` only what changed then or later, `rejects`
        only the files of which rows were refused.  With `dry_run` nothing is kept, and
        `say` is told examples of what would change.  `now` goes into the load log.  Another
        process that writes is waited for so many seconds.
        """
        from crm_analytics.pipeline.loading import load_project
        from crm_analytics.warehouse.delivery import Wanted

        self._only_owner()
        wanted = Wanted(full=full, since=since, rejects=rejects, samples=dry_run)
        with self._opened.writing("crm load", new=True, keep=not dry_run, wait_seconds=wait_seconds) as engine:
            return load_project(engine, self.config, self.folder, sources, now or datetime.now(), say, wanted)

    def load_frame(
        self, frame: object, entity: str, source: str = "notebook", *, full: bool = False, now: datetime | None = None
    ) -> "EntityLoad | None":
        """Load a frame (Polars, pandas, Arrow) with the columns of an entity's contract, docs/star.md.

        Its rows are added, or take the place of those with the same key that came the same
        way; with `full` they replace all of them.  Gives None where nothing is new.
        """
        from crm_analytics.pipeline.loading import load_frame

        with self.writing("loading a frame", new=True) as engine:
            return load_frame(engine, self.config, self.folder, frame, entity, source, now or datetime.now(), full)

    def loads(self) -> "pl.DataFrame":
        """Every load: when, what it read and changed, and whether it was taken back; the latest first."""
        from crm_analytics.warehouse.ledger import LOADS

        return self.engine.frame(LOADS)

    def undo_load(self, load_id: int, say: "Say" = silent, now: datetime | None = None) -> tuple["Undone", ...]:
        """Take a load back; the next one reads again what it had read."""
        from crm_analytics.pipeline.loading import undo_load

        with self.writing("crm load --undo") as engine:
            return undo_load(engine, self.config, self.folder, load_id, now or datetime.now(), say)

    def check(self, today: date | None = None) -> Iterator["Check"]:
        """Look the star over, hold it to the raw files and to `data/quality.yml` as of `today`; one check at a time."""
        from crm_analytics.pipeline.checking import check_project

        yield from check_project(self.engine, self.folder, today or date.today())

    def rejects(
        self, entity: str = "", reason: str = "", load_id: int | None = None, show: bool = False
    ) -> "pl.DataFrame":
        """Every row that a load refused, with the reason; private columns are hidden unless `show`."""
        from crm_analytics.warehouse.rejects import rejects

        return rejects(self.engine, entity, reason, load_id, show)

    def reject_groups(
        self, entity: str = "", reason: str = "", load_id: int | None = None, samples: int = 2, show: bool = False
    ) -> "tuple[RejectGroup, ...]":
        """The refused rows by source, entity and reason, with samples of each."""
        from crm_analytics.warehouse.rejects import reject_groups

        return reject_groups(self.engine, entity, reason, load_id, samples, show)

    def test_cubes(self) -> Iterator["Check"]:
        """Hold the cubes to the `tests` in their files, as `check` does too; nothing where there are no cubes."""
        from crm_analytics.pipeline.checking import check_cubes

        yield from check_cubes(self.engine, self.folder)

    @property
    def consents(self) -> "Consents":
        """The consent ledger: who may be contacted as of when, every proof, and whether it was tampered with."""
        from crm_analytics.pipeline.consents import Consents

        return Consents(self.engine, self.config.marketing_purpose)

    @property
    def identity(self) -> "Identity":
        """Which source records are one customer: `shop.identity.review()`, `.explain("17")`, `.accept(a, b, ...)`."""
        from crm_analytics.pipeline.identity import Identity
        from crm_analytics.pipeline.rollups import refresh_rollups

        def renew_rollups(engine: Engine) -> None:
            refresh_rollups(engine, self.folder / "cubes", silent)

        return Identity(lambda: self.engine, self.writing, self.config.identity, renew_rollups)

    def close(self) -> None:
        """Let go of the warehouse."""
        self._opened.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _only_owner(self) -> None:
        if self._role:
            raise AccessError(f"this project is open for role {self._role!r}, which may ask cubes and nothing else")
