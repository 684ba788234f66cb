"""Widgets of the page Compress: a draft, a run, the list of what was made, the table that decides, two guided paths."""
