"""All cases of the section, in the order of the page."""

from reproduce.sections.measurements.cases import CASES, DrawnCase
from reproduce.sections.measurements.chains import CHAINS
from reproduce.sections.measurements.further import FurtherCase
from reproduce.sections.measurements.plans import PLAN
from reproduce.sections.measurements.selections import SELECTION

FURTHER = {case.name: case for case in (SELECTION, PLAN, *CHAINS)}
ALL_CASES: dict[str, DrawnCase | FurtherCase] = {**CASES, **FURTHER}
