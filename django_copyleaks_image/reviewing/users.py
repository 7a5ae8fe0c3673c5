"""Whoever a request is from, as ``HttpRequest.user`` is typed; decisions are taken by those who are logged in."""

from typing import TypeAlias

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser

AnyUser: TypeAlias = AbstractBaseUser | AnonymousUser
