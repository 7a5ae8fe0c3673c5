"""A Wagtail site, whose editors upload in Wagtail's own admin and whose moderators decide in Django's."""
