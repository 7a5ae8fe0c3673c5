"""Scan image uploads for AI-generated content with Copyleaks and review the verdicts in Django admin."""

__version__ = "0.1.0"
# Where messages lead to; that of [project.urls], which installed packages cannot be relied on to tell.
DOCUMENTATION = "https://django-copyleaks-image.readthedocs.io/en/latest/"
