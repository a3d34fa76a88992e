"""The page at the server's root: a served model's prediction beside exact evolution.

The page is a client like any other: predictions come from the public REST interface.
Only initial states and exact evolution come from the routes of this package.
"""

from serving.page.page import Page, PageResponse
from serving.page.served_model import ServedModel

__all__ = ["Page", "PageResponse", "ServedModel"]
