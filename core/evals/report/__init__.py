"""Reports of an eval, one file a format: a page that opens anywhere, a table, everything, and one for CI.

    write_reports(eval_id, Path("out"))     → results.html, results.csv, results.json, results.junit.xml
    REPORTS["csv"].render(eval_id)          → its text, piece by piece, at any size

Knows nothing of pages and terminals. What models and data sets wrote is untrusted in all of them: escaped in HTML,
which runs no script and loads nothing, defused in CSV, stripped of what XML cannot hold.
"""

from __future__ import annotations

from core.evals.report.registry import REPORTS, Report
from core.evals.report.writing import write_reports

__all__ = ["REPORTS", "Report", "write_reports"]
