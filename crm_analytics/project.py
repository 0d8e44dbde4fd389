"""One project folder, opened: the door that notebooks and the command line go through.

It finds things and hands them on; what is done with data is done below.

May import: everything below.   Imported by: crm_analytics, demo, cli.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from crm_analytics.config import ProjectConfig, read_config
from crm_analytics.engines import Engine
from crm_analytics.errors import AccessError
from crm_analytics.store import Store, silent

if TYPE_CHECKING:  # each is imported where it is used: `crm query` must not wait for scikit-learn
    import polars as pl

    from crm_analytics.exports.door import Exported
    from crm_analytics.notebook import Ask
    from crm_analytics.olap.access import RoleValue, Viewer
    from crm_analytics.olap.cohort_show import Cohorts
    from crm_analytics.olap.drill import Customers
    from crm_analytics.olap.model import Model
    from crm_analytics.pipeline.accessing import Access
    from crm_analytics.pipeline.customer import Card
    from crm_analytics.warehouse.erasure.plan import Folder
    from crm_analytics.warehouse.erasure.proof import Erasure
    from crm_analytics.warehouse.load import Say


class Project(Store):
    """A folder with a `crm.yml`: its data (see `Store`), and what is asked of them."""

    def __init__(self, folder: Path, config: ProjectConfig, viewer: "Viewer | None" = None) -> None:
        super().__init__(folder, config, viewer.role if viewer else "")
        self._viewer = viewer
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

    def customer(
        self, customer_id: str, *, as_of: date | None = None, since: date | None = None, last: int = 20
    ) -> "Card":
        """The card of one customer: who, what happened, habits, scores, what may be sent; see `pipeline.customer`."""
        from crm_analytics.pipeline.customer import customer_card

        return customer_card(self.engine, self.config, str(customer_id), datetime.now(), as_of, since, last)

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

    def next_day(self) -> date:
        """The day after the last sale: the first day that the data says nothing about, and the default `as_of`."""
        from crm_analytics.features.coverage import next_day

        return next_day(self.engine)

    def score(self, as_of: date | None = None, models: Sequence[str] = (), say: "Say" = silent) -> int:
        """Run the models (all where none is named) and keep their scores; gives the number of scores."""
        from crm_analytics.pipeline.rollups import refresh_rollups
        from crm_analytics.pipeline.scoring import score

        day = as_of or self.next_day()
        with self.writing("crm score") as engine:
            scores = score(engine, self.config, day, models, say)
            refresh_rollups(engine, self.folder / "cubes", say, only_missing=True)
            return scores

    def evaluate(self, as_of: date | None = None, say: "Say" = silent) -> "pl.DataFrame":
        """Hold the models to what happened in the time before `as_of`, beside their baselines."""
        from crm_analytics.pipeline.evaluation import evaluate

        day = as_of or self.next_day()
        with self.writing("crm evaluate") as engine:
            return evaluate(engine, self.config, day, say)

    def plan(self, as_of: date | None = None) -> "pl.DataFrame":
        """The customer priority list from the scores of `as_of`; kept in the warehouse and as files."""
        from crm_analytics.pipeline.planning import list_files, plan

        day = as_of or self.next_day()
        # The warehouse takes its place first: where there is no room for it, the files stay as they are, too.
        with list_files(self.output) as files, self.writing("crm plan") as engine:
            return plan(engine, self.config, day, files)

    def export(self, target: str, folder: Path | None = None, now: datetime | None = None) -> "Exported":
        """Write the priority list for a campaign tool, leaving out everybody who does not consent `now`."""
        from crm_analytics.pipeline.planning import export

        return export(self.engine, self.config, target, folder or self.output / "export", now or datetime.now())

    def report(self, today: date | None = None) -> Path:
        """Write the report, one HTML file, and give its path; data has to be fresh, if it has to, as of `today`."""
        from crm_analytics.pipeline.reporting import write_report

        day = today or date.today()
        return write_report(self.engine, self.model, self.config, self.folder / "data", self.output, day)

    def forget(
        self, customer_id: str, by: str, now: datetime | None = None, say: "Say" = silent, dry_run: bool = False
    ) -> "Erasure":
        """Take a person out of the warehouse and of every file of the project; see docs/privacy.md.

        With `dry_run` nothing is changed, and what is given says what would be.
        """
        from crm_analytics.pipeline.forgetting import after_forgetting, forget
        from crm_analytics.warehouse.erasure.log import drawn_salt, known_salt

        folder, day = self._files(), now or datetime.now()
        if not dry_run and not known_salt(self.engine):
            # On disk before anything else: killed later, the next erasure has to arrive at the same pseudonym.
            with self.writing("crm forget") as engine:
                drawn_salt(engine)
        with self.writing("crm forget", keep=not dry_run, rewrite=True) as engine:
            done = forget(engine, self.config, folder, customer_id, by, day, say, write=not dry_run)
        if not dry_run:
            after_forgetting(self.engine, folder, done, self.report)
        return done

    def access(self, customer_id: str, folder: Path | None = None, now: datetime | None = None) -> "Access":
        """Write everything that is held about one person, as JSON and as a page to read; see docs/privacy.md."""
        from crm_analytics.pipeline.accessing import access

        return access(self.engine, self._files(), customer_id, folder, now or datetime.now())

    def _files(self) -> "Folder":
        from crm_analytics.warehouse.erasure.plan import Folder

        return Folder(self.folder, self.warehouse, self.output)
