"""The site of the documentation: pages of `docs`, and a reference that is read from the code."""
