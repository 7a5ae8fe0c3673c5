"""Our pages under what shapes or watches answers: WhiteNoise, hashed names, a strict policy, toolbar, metrics."""

import re

import pytest
from django.test import Client

from django_copyleaks_image.models import WatchedImage
from django_copyleaks_image.scanning import addresses
from django_copyleaks_image.testing import CopyleaksEmulator, CopyleaksResults
from tests.admin.csp import STRICT_POLICY
from tests.admin.desk_requests import DESK, IMAGES, SCANS
from tests.admin.inline_code import inline_code
from tests.samples import only_scan, upload

from .models import Easy

pytestmark = pytest.mark.django_db


def test_pages__have_hashed_files_that_whitenoise_serves_and_no_inline_code(
    moderator: Client, copyleaks_results: CopyleaksResults
) -> None:
    easy = Easy.objects.create(image=upload())
    scan = copyleaks_results.measured(easy, ai=0.9)
    image = WatchedImage.objects.get()
    pages = (
        *(DESK, IMAGES, SCANS, f"{IMAGES}{image.pk}/change/", f"{SCANS}{scan.pk}/change/", f"{SCANS}overview/"),
        *("/admin/", "/admin/studio/easy/", f"/admin/studio/easy/{easy.pk}/change/"),
        *("/admin/copyleaks_image/decision/", "/admin/copyleaks_image/accountstate/thresholds/"),
    )
    linked: set[str] = set()
    for address in pages:
        page = moderator.get(address)
        assert (page.status_code, inline_code(page)) == (200, []), address
        assert page.headers["Content-Security-Policy"] == STRICT_POLICY
        linked |= set(re.findall(r'"(/static/[^"]+)"', page.content.decode()))

    ours = {address for address in linked if "copyleaks_image" in address}
    assert len(ours) > 5
    assert [it for it in ours if not re.search(r"\.[0-9a-f]{12}\.(css|js|svg)$", it)] == []
    for address in linked:
        served = moderator.get(address)
        served.close()
        assert (served.status_code, "immutable" in served.headers["Cache-Control"]) == (200, True), address


def test_toolbar__stands_on_the_desk_and_leaves_what_is_no_page_alone(
    moderator: Client, copyleaks_results: CopyleaksResults
) -> None:
    scan = copyleaks_results.measured(Easy.objects.create(image=upload()), ai=0.9)

    assert 'id="djDebug"' in moderator.get(f"{DESK}?toolbar").content.decode()
    overlay = moderator.get(f"{SCANS}overlay/{scan.pk}.png?toolbar")
    assert (overlay.status_code, overlay.headers["Content-Type"]) == (200, "image/png")
    assert moderator.post(f"{DESK}next/?toolbar", {"want": 3}, headers={"Accept": "application/json"}).json()["items"]


def test_metrics_of_requests__name_our_endpoints_without_their_secrets(
    client: Client, copyleaks_emulator: CopyleaksEmulator
) -> None:
    Easy.objects.create(image=upload())
    copyleaks_emulator.work()

    told = client.get("/measures/metrics").content.decode()
    scan_id = only_scan().scan_id
    assert 'view="copyleaks_image:webhook"' in told
    secrets = (addresses.webhook_token(scan_id), addresses.media_token(scan_id), scan_id)
    assert [secret for secret in secrets if secret in told] == []
