"""Analytical CRM in Python: from every interaction with a customer to a list you can defend.

    >>> import crm_analytics as crm
    >>> crm.Project.__name__
    'Project'

`crm.open(folder)` opens a project; everything else hangs on it.  Importing this
package imports neither DuckDB nor scikit-learn nor Plotly: each comes in with
the first call that needs it.

May import: errors, olap, scaffold, project.
"""

from typing import TYPE_CHECKING

from crm_analytics.errors import CrmError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from crm_analytics.olap.access import RoleValue
    from crm_analytics.project import Project

__version__ = "0.1.0"
__all__ = ["CrmError", "Project", "__version__", "init", "open"]


def open(folder: "str | Path" = ".", role: str = "", values: "Mapping[str, RoleValue] | None" = None) -> "Project":
    """Open the project in `folder`, the one with a `crm.yml`.

    For a `role` it only answers cubes that name the role, from the rows that they
    give it; `values` stand for the `:name`s in their conditions.

    Raises
    ------
    CrmError : the folder is no project, or its crm.yml cannot be used.
    """
    from crm_analytics.project import Project

    return Project.open(folder, role, values)


def init(folder: "str | Path", template: str = "retail") -> "Project":
    """Write a new project into `folder` and open it; `template` is `retail` (real data) or `synthetic`.

    Raises
    ------
    CrmError : no such template, or there is a project in the folder already.
    """
    from pathlib import Path

    from crm_analytics.scaffold import write_project

    write_project(Path(folder), template)
    return open(folder)


def __getattr__(name: str) -> object:
    if name == "Project":
        from crm_analytics.project import Project

        return Project
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
