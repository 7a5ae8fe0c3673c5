"""Who gets in, and who may decide: django-otp, django-axes, django-guardian and django-rules."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from guardian.shortcuts import assign_perm

from django_copyleaks_image.models import Decision, WatchedImage
from django_copyleaks_image.testing import CopyleaksResults
from tests.admin.desk_requests import DESK, next_keys, press, sealed
from tests.samples import upload

from .models import Plate

pytestmark = pytest.mark.django_db
LOGIN = f"/admin/login/?next={DESK}"


def test_login__takes_the_token_to_the_desk_and_three_failures_lock(copyleaks_results: CopyleaksResults) -> None:
    ada = User.objects.create_superuser("ada", password="correct horse")
    grace = User.objects.create_superuser("grace")
    keys = StaticDevice.objects.create(user=ada, name="keys")
    StaticToken.objects.create(device=keys, token="first")
    copyleaks_results.measured(Plate.objects.create(image=upload()), ai=0.9)
    image = WatchedImage.objects.get()
    said = {"username": "ada", "password": "correct horse", "otp_device": keys.persistent_id}
    client = Client()

    # Without a token the desk is closed, its addresses for the script too, and the picture of the page.
    client.force_login(ada, backend="django.contrib.auth.backends.ModelBackend")
    for closed in (client.get(DESK), client.post(f"{DESK}next/"), client.get(f"{DESK}../{image.pk}/change/")):
        assert (closed.status_code, closed.headers["Location"][:13]) == (302, "/admin/login/")
    client.logout()
    assert client.post(LOGIN, said | {"otp_token": ""}).status_code == 200
    answer = client.post(LOGIN, said | {"otp_token": "first"}, follow=True)
    assert (answer.status_code, answer.request["PATH_INFO"]) == (200, DESK)
    # Others can be assigned something, whether or not they are there.
    assert set(answer.context["people"]) == {ada, grace}
    press(client, image, "confirmed")
    assert Decision.objects.get().decided_by == ada

    for _ in range(3):
        locked = Client().post(LOGIN, said | {"password": "wrong"})
    assert locked.status_code == 429
    assert Client().post(LOGIN, said).status_code == 429
    # Who is in stays in.
    assert client.get(DESK).status_code == 200


def given_by_guardian(user: User) -> Plate:
    plate: Plate = Plate.objects.create(image=upload("guarded.jpg"))
    assign_perm("studio.change_plate", user, plate)
    return plate


def given_by_a_rule(user: User) -> Plate:
    plate: Plate = Plate.objects.create(image=upload("owned.jpg"), owner=user)
    return plate


@pytest.mark.parametrize("give", [given_by_guardian, given_by_a_rule])
def test_permission_on_one_object__opens_its_picture_alone(
    give: Callable[[User], Plate],
    signed_in: Callable[[User], Client],
    configure: Callable[..., None],
    copyleaks_results: CopyleaksResults,
) -> None:
    configure(PICTURE_ACCESS="tests.neighbours.studio.access.ByObject")
    user = User.objects.create_user("mia", is_staff=True)
    names = ("view_watchedimage", "decide_watchedimage", "view_plate")
    user.user_permissions.set(Permission.objects.filter(codename__in=names))
    theirs, other = give(user), Plate.objects.create(image=upload("other.jpg"))
    for plate in (theirs, other):
        copyleaks_results.measured(plate, ai=0.9)
    mine, foreign = (WatchedImage.objects.get(object_id=str(plate.pk)) for plate in (theirs, other))
    client = signed_in(user)

    assert next_keys(client) == [mine.pk]
    press(client, mine, "cleared")
    version: Any = sealed(foreign)
    decide = {"kind": "cleared", "version": version, "seen": "seen"}
    refused = client.post(f"{DESK}{foreign.pk}/decide/", decide, headers={"Accept": "application/json"})

    assert refused.status_code == 403
    assert [decision.image_id for decision in Decision.objects.all()] == [mine.pk]
