"""Widgets of the page Compare: columns with settings of their own, where they part, and sweeps."""
