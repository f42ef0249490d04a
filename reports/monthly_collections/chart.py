"""The bars of the printed report: collections day by day. A picture only: the exact figures are in the table."""

from __future__ import annotations

from reportlab.graphics.charts.barcharts import VerticalBarChart
from reportlab.graphics.shapes import Drawing, String
from reportlab.lib import colors

from reports.monthly_collections.figures import Breakdown

WIDTH, HEIGHT = 520, 150


def daily(days: Breakdown) -> Drawing:
    """Bars of thousands of RD$ by day of the month."""
    drawing = Drawing(WIDTH, HEIGHT)
    chart = VerticalBarChart()
    chart.x, chart.y, chart.width, chart.height = 45, 22, WIDTH - 55, HEIGHT - 50
    chart.data = [[float(line.amount) / 1000 for line in days.rows]]
    chart.categoryAxis.categoryNames = [str(line.keys[0].day) for line in days.rows]
    chart.bars[0].fillColor, chart.bars[0].strokeColor = colors.HexColor("#12507B"), None
    chart.groupSpacing = 3
    for labels in (chart.categoryAxis.labels, chart.valueAxis.labels):
        labels.fontName, labels.fontSize = "Helvetica", 7
    chart.categoryAxis.visibleTicks = False
    chart.valueAxis.labelTextFormat = lambda value: f"{value:,.0f}"
    chart.valueAxis.gridStrokeColor, chart.valueAxis.visibleGrid = colors.HexColor("#D6DCE2"), True
    chart.valueAxis.forceZero = True
    drawing.add(chart)
    drawing.add(String(0, HEIGHT - 12, "Recaudación por día (miles de RD$)", fontName="Helvetica-Bold", fontSize=9, fillColor=colors.HexColor("#12507B")))
    return drawing
