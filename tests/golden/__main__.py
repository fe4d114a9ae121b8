"""Writes the examples that are missing."""

from __future__ import annotations

from tests import golden

golden.FOLDER.mkdir(exist_ok=True)
for event in golden.events().values():
    if not golden.file_of(event).exists():
        golden.file_of(event).write_text(golden.text_of(golden.example(event)))
