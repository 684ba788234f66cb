"""Widgets of the Library: the list, one prompt to edit, its form and preview, its versions. None knows of files."""
