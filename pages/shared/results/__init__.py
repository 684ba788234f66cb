"""Widgets of the page Results."""
