"""Charts and tables: reading, comparing, and computing with the numbers."""

from training.charts.arithmetic import division, growth
from training.charts.chart import charts
from training.charts.questions import questions
from training.charts.series import categories, values
from training.charts.table import about_table, tables
from training.charts.typed import typed

__all__ = ["about_table", "categories", "charts", "division", "growth", "questions", "tables", "typed", "values"]
