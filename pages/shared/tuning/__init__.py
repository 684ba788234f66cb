"""Widgets of the page Fine-tune: the draft, its data, the method, what would happen, a run and what came of it."""
