"""Releases: the version in every file that names it, wheel and sdist, bill of materials, audit."""
