"""The page `docs/periodic_results.md`."""

import functools

from reproduce.searches.page import make_page, summarize
from reproduce.searches.rows import rows_of
from reproduce.sections.periodic.cases import GROWTHS

PAGE = make_page("periodic", GROWTHS, __file__)
summary = functools.partial(summarize, growths=GROWTHS)
table_rows = rows_of
