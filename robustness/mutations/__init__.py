"""Mutation tests: each protection of the package is disabled in turn, and its tests must notice."""
