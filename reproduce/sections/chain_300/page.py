"""The page `docs/chain_300_results.md`."""

import functools

from reproduce.searches.page import make_page, summarize
from reproduce.searches.rows import rows_of
from reproduce.sections.chain_300.cases import GROWTHS

PAGE = make_page("chain_300", GROWTHS, __file__)
summary = functools.partial(summarize, growths=GROWTHS)
table_rows = rows_of
