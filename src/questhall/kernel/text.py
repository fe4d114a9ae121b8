"""Text that people write for other people: nothing in it may hide, or turn the text around it; a name can be seen."""

from __future__ import annotations

import unicodedata

NOT_PLAIN = "no control characters, and nothing that turns the text around it"
NOT_VISIBLE = "something that can be seen"
NOT_ONE_LINE = "one line"
_FILLERS = "\u115f\u1160\u2800\u3164\uffa0"
"""Letters and signs, to Unicode, that are drawn as nothing."""


def is_plain(text: str) -> bool:
    """Whether a text says what it shows; it may have several lines."""
    return not any(_unwanted(c) or (unicodedata.category(c) == "Cc" and c not in "\t\n\r") for c in text)


def is_visible(text: str) -> bool:
    """Whether anything of a text can be seen: spaces, joiners and marks alone leave a gap."""
    return any(unicodedata.category(c)[0] in "LNPS" and c not in _FILLERS for c in text)


def fault_of_name(name: str) -> str | None:
    """What is wrong with a name or title; None: nothing."""
    return _fault(name) or (None if name.splitlines() == [name] else NOT_ONE_LINE)


def check_names(**names: str | None) -> None:
    """ValueError, with its field, unless each name that is there is plain, one line, and can be seen."""
    for field, name in names.items():
        fault = None if name is None else fault_of_name(name)
        if fault is not None:
            raise ValueError(f"{field}: {fault}")


def check_reasons(**reasons: str | None) -> None:
    """ValueError, with its field, unless each reason that is there is plain and can be seen; it may have several lines."""
    for field, reason in reasons.items():
        fault = None if reason is None else _fault(reason)
        if fault is not None:
            raise ValueError(f"{field}: {fault}")


def check_plain(**texts: str | None) -> None:
    """ValueError, with its name, unless each text that is there is plain: for what a body is decoded into."""
    for name, text in texts.items():
        if text is not None and not is_plain(text):
            raise ValueError(f"{name}: {NOT_PLAIN}")


def one_line(text: str) -> str:
    """A text as one line, without what is not plain."""
    kept = "".join(" " if c.isspace() else c for c in unicodedata.normalize("NFC", text) if not _unwanted(c))
    return " ".join(kept.split())


def _fault(text: str) -> str | None:
    if not is_plain(text):
        return NOT_PLAIN
    return None if is_visible(text) else NOT_VISIBLE


def _unwanted(character: str) -> bool:
    # The joiners make emoji and Indic or Persian words what they are; all other format characters only deceive.
    kind = unicodedata.category(character)
    if kind == "Cf":
        return character not in "\u200c\u200d"
    return kind == "Co" or (kind == "Cc" and not character.isspace())
