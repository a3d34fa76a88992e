"""Pages of the reference, written from the code into the folder of the documentation."""

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from documentation import api, commands, settings

DEPLOY = Path(__file__).resolve().parents[1] / "deploy/README.md"


def deploy() -> str:
    """Returns the page about `deploy`, whose files are those of the clone."""
    return re.sub(r"\[([^\]]*)\]\((?!http)[^)]*\)", r"\1", DEPLOY.read_text())


PAGES: dict[str, Callable[[], str]] = {
    "commands.md": commands.page,
    "settings.md": settings.page,
    "index.md": api.index,
    "deploy.md": deploy,
    **{f"{room}.md": partial(api.page, room) for room in api.ROOMS},
}


def write_reference(folder: Path) -> None:
    """Writes every page, if its text has changed: Sphinx reads again only what is new.

    Args:
        folder: Folder of the pages.
    """
    folder.mkdir(exist_ok=True)
    for name, write in PAGES.items():
        path, text = folder / name, write()
        if not path.exists() or path.read_text() != text:
            path.write_text(text)


def link_within_site(_app: Any, _name: str, source: list[str]) -> None:
    """Makes links to `deploy/README.md` and to notebooks lead to their pages on the site.

    Called by Sphinx for every page.

    Args:
        source: Its text, changed in place.
    """
    text = source[0].replace("(../deploy/README.md", "(reference/deploy.md")
    source[0] = re.sub(r"\(\.\./examples/notebooks/(\w+)\.ipynb\)", r"(notebooks/\1.md)", text)
