"""One project folder, opened: the door that notebooks and the command line go through.

It finds things and hands them on; what is done with data is done below.

May import: everything below.   Imported by: crm_analytics, demo, cli.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from crm_analytics.config import ProjectConfig, read_config
from crm_analytics.engines import Engine
from crm_analytics.errors import AccessError
from crm_analytics.opened import Opened

if TYPE_CHECKING:  # each is imported where it is used: `crm query` must not wait for scikit-learn
    import polars as pl

    from crm_analytics.exports.door import Exported
    from crm_analytics.notebook import Ask
    from crm_analytics.olap.access import RoleValue, Viewer
    from crm_analytics.olap.cohort_show import Cohorts
    from crm_analytics.olap.drill import Customers
    from crm_analytics.olap.model import Model
    from crm_analytics.pipeline.consents import Consents
    from crm_analytics.warehouse.checks import Check
    from crm_analytics.warehouse.ledger import EntityLoad
    from crm_analytics.warehouse.load import Say
    from crm_analytics.warehouse.rejects import RejectGroup
    from crm_analytics.warehouse.undo import Undone


def _silent(_: str) -> None:
    return None


class Project:
    """A folder with a `crm.yml`.

    Reading keeps one read-only connection open.  Whatever writes, writes to a copy
    that takes the warehouse's place when it is whole: readers are never shut out.
    """

    def __init__(self, folder: Path, config: ProjectConfig, viewer: "Viewer | None" = None) -> None:
        self.folder = folder
        self.config = config
        self._viewer = viewer
        self._opened = Opened(folder, config)
        self._bound: tuple[Engine, Model] | None = None

    @classmethod
    def open(
        cls, folder: str | Path = ".", role: str = "", values: "Mapping[str, RoleValue] | None" = None
    ) -> "Project":
        """Open the project in `folder`; for a `role` only to ask the cubes that name it, and the rows they give it.

        `values` stand for the `:name`s in the conditions of the role.

        Raises
        ------
        ConfigError : the folder has no crm.yml, or it cannot be used.
        """
        from crm_analytics.olap.access import Viewer

        if values and not role:
            raise AccessError(f"a value for {next(iter(values))!r} is given, and no role that it belongs to")
        path = Path(folder)
        return cls(path, read_config(path), Viewer(role, values or {}) if role else None)

    @property
    def warehouse(self) -> Path:
        """The DuckDB file."""
        return self._opened.file

    @property
    def output(self) -> Path:
        """Where lists, exports and reports go."""
        return self.folder / self.config.output

    @cached_property
    def model(self) -> "Model":
        """The cubes of the project, read from `cubes/`, as its role sees them."""
        from crm_analytics.olap.access import seen_by
        from crm_analytics.olap.load import load_model

        model = load_model(self.folder / "cubes")
        return model if self._viewer is None else seen_by(model, self._viewer)

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
    def writing(self, doing: str = "writing", *, new: bool = False, keep: bool = True) -> Iterator[Engine]:
        """A copy of the warehouse to write to; it takes its place when the block ends well (and `keep` is true)."""
        self._only_owner()
        with self._opened.writing(doing, new=new, keep=keep) as engine:
            yield engine

    def cube(self, name: str) -> "Ask":
        """Begin a question to a cube: `shop.cube("sales").measures("revenue").by("date.month")`."""
        from crm_analytics.notebook import Ask
        from crm_analytics.olap.query import CubeQuery

        cube = self.model.cube(name)
        return Ask(CubeQuery(cube.name), self._asked(), self._opened.reading, self.config.currency, self.save_segment)

    def cohorts(
        self,
        cube: str,
        measure: str,
        by: str = "month",
        periods: int = 12,
        where: Sequence[str] = (),
        as_of: date | None = None,
    ) -> "Cohorts":
        """The cohort triangle: `shop.cohorts("sales", "revenue", by="month")`; see `olap.cohorts.cohort_table`."""
        from crm_analytics.olap.cohorts import cohort_table

        model = self._asked()
        return cohort_table(
            self._opened.reading(), model, cube, measure, by, periods, where, as_of, self.config.currency
        )

    def _asked(self) -> "Model":
        """The cubes, looked up in the warehouse."""
        from crm_analytics.olap.bind import bind_model

        engine = self._opened.reading()
        if self._bound is None or self._bound[0] is not engine:  # a load may have brought other columns
            self._bound = (engine, bind_model(self.model, engine))
        return self._bound[1]

    def save_segment(self, name: str, customers: "Customers | Sequence[str]", replace: bool = False) -> int:
        """Keep customers (their ids, or those behind a cell) under a name; gives their number."""
        from crm_analytics.pipeline.segments import save_segment

        with self.writing("saving a segment") as engine:
            return save_segment(engine, name, customers, replace)

    def segments(self, name: str = "") -> "pl.DataFrame":
        """The saved segments: customers, when, as of which day, from which question; of one `name` its customers."""
        from crm_analytics.warehouse.segments import members, segments

        return members(self.engine, name) if name else segments(self.engine)

    def delete_segment(self, name: str) -> None:
        """Forget a saved segment."""
        from crm_analytics.warehouse.segments import delete_segment

        with self.writing("deleting a segment") as engine:
            delete_segment(engine, name)

    def load(
        self,
        sources: Sequence[str] = (),
        say: "Say" = _silent,
        now: datetime | None = None,
        *,
        full: bool = False,
        since: datetime | None = None,
        rejects: bool = False,
        dry_run: bool = False,
    ) -> tuple["EntityLoad", ...]:
        """Read what is new of the sources (all where none is named) into the star and renew the rollups.

        `full` reads everything anew, `since` only what changed then or later, `rejects`
        only the files of which rows were refused.  With `dry_run` nothing is kept, and
        `say` is told examples of what would change.  `now` goes into the load log.
        """
        from crm_analytics.pipeline.loading import load_project
        from crm_analytics.warehouse.delivery import Wanted

        wanted = Wanted(full=full, since=since, rejects=rejects, samples=dry_run)
        with self.writing("crm load", new=True, keep=not dry_run) as engine:
            return load_project(engine, self.config, self.folder, sources, now or datetime.now(), say, wanted)

    def loads(self) -> "pl.DataFrame":
        """Every load: when, what it read and changed, and whether it was taken back; the latest first."""
        from crm_analytics.warehouse.ledger import LOADS

        return self.engine.frame(LOADS)

    def undo_load(self, load_id: int, say: "Say" = _silent, now: datetime | None = None) -> tuple["Undone", ...]:
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

    def next_day(self) -> date:
        """The day after the last sale: the first day that the data says nothing about, and the default `as_of`."""
        from crm_analytics.features.coverage import next_day

        return next_day(self.engine)

    def score(self, as_of: date | None = None, models: Sequence[str] = (), say: "Say" = _silent) -> int:
        """Run the models (all where none is named) and keep their scores; gives the number of scores."""
        from crm_analytics.pipeline.rollups import refresh_rollups
        from crm_analytics.pipeline.scoring import score

        day = as_of or self.next_day()
        with self.writing("crm score") as engine:
            scores = score(engine, self.config, day, models, say)
            refresh_rollups(engine, self.folder / "cubes", say, only_missing=True)
            return scores

    def evaluate(self, as_of: date | None = None, say: "Say" = _silent) -> "pl.DataFrame":
        """Hold the models to what happened in the time before `as_of`, beside their baselines."""
        from crm_analytics.pipeline.evaluation import evaluate

        day = as_of or self.next_day()
        with self.writing("crm evaluate") as engine:
            return evaluate(engine, self.config, day, say)

    def plan(self, as_of: date | None = None) -> "pl.DataFrame":
        """The customer priority list from the scores of `as_of`; kept in the warehouse and as files."""
        from crm_analytics.pipeline.planning import plan

        day = as_of or self.next_day()
        with self.writing("crm plan") as engine:
            return plan(engine, self.config, day, self.output)

    def export(self, target: str, folder: Path | None = None, now: datetime | None = None) -> "Exported":
        """Write the priority list for a campaign tool, leaving out everybody who does not consent `now`."""
        from crm_analytics.pipeline.planning import export

        return export(self.engine, self.config, target, folder or self.output / "export", now or datetime.now())

    @property
    def consents(self) -> "Consents":
        """The consent ledger: who may be contacted as of when, every proof, and whether it was tampered with."""
        from crm_analytics.pipeline.consents import Consents

        return Consents(self.engine, self.config.marketing_purpose)

    def report(self, today: date | None = None) -> Path:
        """Write the report, one HTML file, and give its path; data has to be fresh, if it has to, as of `today`."""
        from crm_analytics.pipeline.reporting import write_report

        day = today or date.today()
        return write_report(self.engine, self.model, self.config, self.folder / "data", self.output, day)

    def close(self) -> None:
        """Let go of the warehouse."""
        self._opened.close()

    def __enter__(self) -> "Project":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _only_owner(self) -> None:
        if self._viewer is not None:
            raise AccessError(
                f"this project is open for role {self._viewer.role!r}, which may ask cubes and nothing else"
            )
