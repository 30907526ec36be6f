"""What was measured, as files: JSON for programs and Markdown for people, named after the hardware."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from rdcalcium.bench import write

RESULTS = Path(__file__).parent / "results"


def file_name(*words: str) -> str:
    """Words as the name of a file: small letters and digits between dashes."""
    return re.sub("[^a-z0-9]+", "-", " ".join(words).lower()).strip("-")


def save(figures: Any, page: str, folder: Path, name: str) -> Path:
    """Both files, <name>.json and <name>.md; the path of the latter."""
    write(figures, folder / f"{name}.json")
    shown = folder / f"{name}.md"
    shown.write_text(page, encoding="utf-8")
    return shown


def put_between(path: Path, begin: str, end: str, text: str) -> None:
    """Write text into a page, between two lines that stay."""
    before, rest = path.read_text(encoding="utf-8").split(begin)
    path.write_text(f"{before}{begin}\n{text}{end}{rest.partition(end)[2]}", encoding="utf-8")
