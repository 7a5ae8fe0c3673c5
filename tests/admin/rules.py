"""The rules of a project: what ``PICTURE_ACCESS`` names in tests, changed by the fixture ``rule``."""

from django_copyleaks_image.admin import PictureAccess

ProjectAccess = PictureAccess
