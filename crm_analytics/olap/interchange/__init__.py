"""Cube models of other programs, in and out: one importer for each format, and one exporter.

May import: olap.interchange.*.   Imported by: cli.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

from crm_analytics.olap.interchange.account import Imported
from crm_analytics.olap.interchange.assemble import LEFT_OUT
from crm_analytics.olap.interchange.cube_yaml import import_cube
from crm_analytics.olap.interchange.metricflow import import_metricflow
from crm_analytics.olap.interchange.osi import import_osi
from crm_analytics.olap.interchange.osi_export import Exported, export_osi

__all__ = ["EXPORTERS", "IMPORTERS", "LEFT_OUT"]

IMPORTERS: Mapping[str, Callable[[Path], Imported]] = {
    "cube": import_cube,
    "metricflow": import_metricflow,
    "osi": import_osi,
}
EXPORTERS: Mapping[str, Callable[[Path, str], Exported]] = {"osi": export_osi}
