"""Widgets of the pages Collections, Ask and Measure; one file a widget."""
