"""Scan image uploads for AI-generated content with Copyleaks and review the verdicts in Django admin."""

__version__ = "0.1.0"
