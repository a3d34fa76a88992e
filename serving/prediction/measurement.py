"""What samples of a served model tell, as lines or as JSON."""

import json
from collections.abc import Iterator
from dataclasses import asdict, fields

from serving.client.sampled import GroundState, Mean, OpenSystem

_NAMES = {
    "energy": "energy",
    "magnetization": "<Z>",
    "abs_magnetization": "<abs(mean Z)>",
    **{name: f"<{name.upper()}>" for name in ("x", "y", "z", "xx", "yy", "zz")},
}


def lines(found: GroundState | OpenSystem) -> Iterator[str]:
    """Yields a line for each mean, with its error bar.

    Example:
        >>> means = dict.fromkeys(("y", "z", "xx", "yy", "zz"))
        >>> found = OpenSystem(x=Mean(0.25, 0.01), **means, n_samples=9, version=1)
        >>> list(lines(found))
        ['<X>: 0.250000 +- 0.01']
    """
    for field in fields(found):
        value = getattr(found, field.name)
        if isinstance(value, Mean):
            yield f"{_NAMES[field.name]}: {value}"
    if isinstance(found, GroundState):
        yield f"variance of the energy: {found.variance:.3g}, V-score: {found.v_score:.3g}"


def as_json(found: GroundState | OpenSystem) -> str:
    """Returns all numbers as JSON; what is not known is left out."""
    known = {key: value for key, value in asdict(found).items() if value is not None}
    return json.dumps(known, indent=2)
