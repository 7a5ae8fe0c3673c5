"""Measurements and trials of the app; none of this is installed."""
