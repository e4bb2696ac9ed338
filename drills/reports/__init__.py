"""What a drill came to: plain values, a table for a terminal, JSON, one page of HTML, and what differs from the run before."""

from drills.reports.before import Change, ReportUnreadable, before, compare, keep
from drills.reports.page import html, write_html
from drills.reports.table import changes, table
from drills.reports.values import Report, Row, Said, as_json, read

__all__ = [
    "Change",
    "Report",
    "ReportUnreadable",
    "Row",
    "Said",
    "as_json",
    "before",
    "changes",
    "compare",
    "html",
    "keep",
    "read",
    "table",
    "write_html",
]
