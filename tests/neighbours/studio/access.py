"""What ``PICTURE_ACCESS`` names: the recipe of ``docs/neighbours.rst``."""

from tests.neighbours.test_recipes import recipe

exec(recipe("django-guardian and django-rules"))
