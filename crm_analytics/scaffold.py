"""`crm init`: write a new project from a template that ships with the package.

May import: errors, synthetic.   Imported by: demo, cli.
"""

import shutil
from importlib.resources import as_file, files
from pathlib import Path

from crm_analytics.errors import CrmError, UnknownName

TEMPLATES = {
    "retail": "The Complete Journey: one year of a grocer's households, real",
    "tryton": "a Tryton server, read over its API: parties, opportunities, mailing lists",
    "synthetic": "a made-up company with planted truth: deals, six channels, consents",
}


def check_template(name: str) -> None:
    """Raise `UnknownName` for a template that does not ship with the package."""
    if name not in TEMPLATES:
        raise UnknownName("crm init", "template", name, TEMPLATES)


def write_project(folder: Path, template: str) -> int:
    """Write the template into `folder`; gives the number of files.

    Raises
    ------
    UnknownName : no such template.
    CrmError    : the folder holds a project already; nothing is overwritten.
    """
    check_template(template)
    if (folder / "crm.yml").exists():
        raise CrmError(f"{folder}: there is a project already; it is left as it is")
    with as_file(files("crm_analytics") / "templates" / template) as source:
        shutil.copytree(source, folder, dirs_exist_ok=True)
    if template == "synthetic":
        from crm_analytics.synthetic import write_synthetic

        write_synthetic(folder / "data" / "crm" / "raw")
    return sum(p.is_file() for p in folder.rglob("*"))
