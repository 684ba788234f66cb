"""Widgets of the page Arena."""
