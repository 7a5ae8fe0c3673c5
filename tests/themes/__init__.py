"""Our pages beneath the themes that projects put over Django's admin."""
