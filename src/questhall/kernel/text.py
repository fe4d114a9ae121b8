"""Text that people write for other people: nothing in it may hide, or turn the text around it."""

from __future__ import annotations

import unicodedata

NOT_PLAIN = "no control characters, and nothing that turns the text around it"


def is_plain(text: str) -> bool:
    """Whether a text says what it shows; it may have several lines."""
    return not any(_unwanted(c) or (unicodedata.category(c) == "Cc" and c not in "\t\n\r") for c in text)


def check_plain(**texts: str | None) -> None:
    """ValueError, with its name, unless each text that is there is plain: for what a body is decoded into."""
    for name, text in texts.items():
        if text is not None and not is_plain(text):
            raise ValueError(f"{name}: {NOT_PLAIN}")


def one_line(text: str) -> str:
    """A text as one line, without what is not plain."""
    kept = "".join(" " if c.isspace() else c for c in unicodedata.normalize("NFC", text) if not _unwanted(c))
    return " ".join(kept.split())


def _unwanted(character: str) -> bool:
    # The joiners make emoji and Indic or Persian words what they are; all other format characters only deceive.
    kind = unicodedata.category(character)
    if kind == "Cf":
        return character not in "\u200c\u200d"
    return kind == "Co" or (kind == "Cc" and not character.isspace())
