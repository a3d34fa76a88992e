"""The page `docs/squares_results.md`."""

import functools

from reproduce.searches.page import make_page, summarize
from reproduce.searches.rows import rows_of
from reproduce.sections.squares.cases import GROWTHS

PAGE = make_page("squares", GROWTHS, __file__)
summary = functools.partial(summarize, growths=GROWTHS)
table_rows = rows_of
