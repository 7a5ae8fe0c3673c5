"""The admin as a project has it that asks every member of staff for a token."""

from django.contrib.admin.apps import AdminConfig


class AdminWithTokens(AdminConfig):
    default_site = "django_otp.admin.OTPAdminSite"
