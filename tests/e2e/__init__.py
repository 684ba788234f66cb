"""Journeys in a real browser, against the real app and the bundled model."""
