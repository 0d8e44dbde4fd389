"""Figures: a Polars frame and column names in, one Plotly figure out.

Charts shape (sort, pivot, word), they never compute: a number in a picture is
a number of the frame it was given.  Every axis says its unit, every mark says
its numbers when pointed at, and the colours can be told apart by colour-blind
readers.  Titles stand outside the figure, where the page can wrap them.

    figure       the one door to Plotly, and the look that all share
    shape        values, labels and times out of a frame
    sales, customers, predictions, outcomes   the pictures of the report
    cells        the picture of any cube answer
    change       the picture of a change between two periods

May import: formats, errors, arrays.   Imported by: reports, notebook.
"""

from crm_analytics.charts.cells import chart_cells
from crm_analytics.charts.change import chart_change
from crm_analytics.charts.customers import rfm_matrix, segment_shares
from crm_analytics.charts.figure import Figure, figure_json, plotly_bundle
from crm_analytics.charts.outcomes import expectations_kept, won_and_lost
from crm_analytics.charts.predictions import calibration, lift_by_decile, rules_scatter
from crm_analytics.charts.sales import bars, revenue_over_time

__all__ = [
    "Figure",
    "bars",
    "calibration",
    "chart_cells",
    "chart_change",
    "expectations_kept",
    "figure_json",
    "lift_by_decile",
    "plotly_bundle",
    "revenue_over_time",
    "rfm_matrix",
    "rules_scatter",
    "segment_shares",
    "won_and_lost",
]
