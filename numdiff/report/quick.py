"""A figure of one's own records, for a notebook."""

import pandas as pd
from matplotlib.figure import Figure as Canvas

from numdiff.report.axes import error_axes, plot_groups, zero_floor
from numdiff.report.figures import paint, settings_of
from numdiff.report.labels import direct_labels
from numdiff.report.panels import draw_panels, outside_legend
from numdiff.report.styles import label_of


def error_figure(records: pd.DataFrame, size: tuple[float, float] | None = None) -> Canvas:
    """Return a figure of |total| against the step: a panel for each method and point, a curve for each format.

    Parameters
    ----------
    records : pandas.DataFrame
        Records, with the columns of `numdiff.study.records.Record`.
    size : tuple of float, optional
        Width and height in inches.

    Returns
    -------
    matplotlib.figure.Figure
        The figure; it does not belong to pyplot.

    Raises
    ------
    ValueError
        If there are no records.
    """
    if records.empty:
        raise ValueError("records must have at least one row, got none")
    groups = [
        (f"{label_of(str(method))}, x = {rows['x_value'].iloc[0]:.6g}", rows)
        for (method, _), rows in records.groupby(["method", "point"], sort=False)
    ]
    if size is None:
        size = (7.2, 4.6) if len(groups) == 1 else (7.6, 1.1 + 2.4 * -(-len(groups) // (2 if len(groups) <= 4 else 3)))
    floor = zero_floor(records["total"])

    def draw(fig: Canvas) -> None:
        if len(groups) == 1:
            title, rows = groups[0]
            ax = error_axes(fig.subplots())
            ax.set_title(title, loc="left")
            plot_groups(ax, rows, floor=floor)
            direct_labels(ax)
        else:
            draw_panels(fig, groups, lambda ax, rows: plot_groups(ax, rows, floor=floor))
            outside_legend(fig)

    with settings_of(size):
        canvas = paint(draw, size)
    canvas.set_facecolor("white")
    return canvas
