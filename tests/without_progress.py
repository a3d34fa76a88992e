"""What a command says besides how far it is."""

import re

_PROGRESS = re.compile(
    r"^.*: (?:\d+ s so far|\d+/\d+ in \d+ s(?:, about \d+ s left)?|done in \d+ s)\n", re.MULTILINE
)


def without_progress(text):
    """Returns a text without lines of progress, which appear where the machine is slow."""
    return _PROGRESS.sub("", text)
