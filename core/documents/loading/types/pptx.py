"""Presentations by python-pptx: a page a slide; its title as a heading, texts, tables, then the speaker's notes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from core.documents.extracted import Extracted, Refused
from core.documents.loading.rows import table_lines
from core.documents.loading.source import Builder, Source
from core.documents.loading.zipped import opened_document

TITLE = "a presentation"


def read(source: Source) -> Iterator[Extracted | Refused]:
    """One document with its slides as pages."""
    from pptx import Presentation

    opened_document(source).close()
    source.file.seek(0)
    presentation = Presentation(source.file)
    builder = Builder(source)
    silent: list[int] = []
    hidden: list[int] = []
    first_title = ""
    for number, slide in enumerate(presentation.slides, 1):
        source.beat()
        title = _title(slide)
        first_title = first_title or title
        blocks = [f"# {title}"] if title else []
        blocks += [text for shape in _shapes(slide) if (text := _shape_text(shape))]
        if slide.has_notes_slide and (notes := _notes(slide)):
            blocks.append(f"Notes: {notes}")
        if not builder.add("\n\n".join(blocks), number=number, label=title):
            silent.append(number)
        if slide._element.get("show") in ("0", "false"):
            hidden.append(number)
    if silent:
        builder.note(f"Slides without text (pictures, or empty): {_listed(silent)}.")
    if hidden:
        builder.note(f"Slides that are hidden in the show, and were read: {_listed(hidden)}.")
    properties = presentation.core_properties
    metadata: dict[str, object] = {
        "title": properties.title if properties.title != "PowerPoint Presentation" else "",
        "author": properties.author,
        "created": properties.created,
        "slides": len(presentation.slides),
    }
    yield builder.finish(
        "pptx",
        title=str(metadata["title"] or first_title),
        metadata=metadata,
        nothing=f"has no text on its {len(presentation.slides)} slides.",
    )


def _title(slide: Any) -> str:
    shape = slide.shapes.title
    return " ".join(shape.text_frame.text.split()) if shape is not None and shape.has_text_frame else ""


def _shapes(slide: Any) -> Iterator[Any]:
    """All shapes but the title, those in groups too."""
    title = slide.shapes.title
    stack = list(reversed(list(slide.shapes)))
    while stack:
        shape = stack.pop()
        if shape.shape_type == 6:  # a group
            stack.extend(reversed(list(shape.shapes)))
        elif title is None or shape.shape_id != title.shape_id:
            yield shape


def _shape_text(shape: Any) -> str:
    if getattr(shape, "has_table", False) and shape.has_table:
        rows = [[cell.text for cell in row.cells] for row in shape.table.rows]
        return "\n".join(table_lines([row for row in rows if any(row)], header=bool(shape.table.first_row)))
    if getattr(shape, "has_chart", False) and shape.has_chart:
        return _chart_text(shape.chart)
    if not shape.has_text_frame:
        return ""
    listed = shape.is_placeholder and len(shape.text_frame.paragraphs) > 1
    lines = []
    for paragraph in shape.text_frame.paragraphs:
        text = " ".join(paragraph.text.split())
        if text:
            lines.append(f"{'  ' * paragraph.level}- {text}" if listed else text)
    return "\n".join(lines)


def _chart_text(chart: Any) -> str:
    """Its title and values, a line a category."""
    title = chart.chart_title.text_frame.text if chart.has_title and chart.chart_title.has_text_frame else ""
    lines = [f"Chart: {title}".strip(": ") if title else "Chart"]
    for plot in chart.plots:
        names = [str(category) for category in plot.categories]
        for index, name in enumerate(names):
            values = [
                f"{series.name}: {series.values[index]}"
                for series in plot.series
                if index < len(series.values) and series.values[index] is not None
            ]
            if values:
                lines.append(f"{name}: {'; '.join(values)}")
    return "\n".join(lines)


def _notes(slide: Any) -> str:
    frame = slide.notes_slide.notes_text_frame
    return frame.text.strip() if frame is not None else ""


def _listed(numbers: list[int]) -> str:
    more = "" if len(numbers) <= 30 else f" and {len(numbers) - 30} others"
    return ", ".join(str(number) for number in numbers[:30]) + more
