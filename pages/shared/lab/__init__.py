"""Widgets of the Prompt lab: what is asked, what is sent, and a column for every answer. None knows of models."""
