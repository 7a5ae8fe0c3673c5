"""Serves a site with a theme, until its standard input ends: ``python -m tests.themes.served unfold``.

Its first line says as JSON where it is, whose session one may take, and which addresses there are.
"""

import json
import sys
from threading import Thread
from typing import Any

from tests.neighbours.site import set_up
from tests.themes.themes import THEMES

NAME = sys.argv[1]
theme = THEMES[NAME]
set_up(first=theme.first, apps=theme.last, ROOT_URLCONF="tests.themes.urls", **theme.settings)


def make_rows() -> dict[str, Any]:
    """Fill the tables with a picture of each kind, and return the addresses of the pages that show them."""
    from django.conf import settings
    from django.contrib.auth.models import User
    from django.core.management import call_command
    from django.test import Client

    from django_copyleaks_image.scanning import account
    from django_copyleaks_image.standings import Kind
    from tests.admin.desk_requests import decided
    from tests.admin.scans_to_show import failed, measured, measured_photo, receipt_of, rectangle, scan_of
    from tests.gallery.models import Photo
    from tests.samples import count_days, photo, picture, upload

    call_command("migrate", run_syncdb=True, verbosity=0)
    user = User.objects.create_superuser("moderator", email="moderator@example.org", password="moderator")
    scans = [measured_photo(f"photo-{number}.jpg") for number in range(1, 5)]
    for name in ("copy.jpg", "other-copy.jpg"):
        measured(photo(name, picture(colour="teal")), mask=rectangle(100, 200, 300, 150, of_width=640))
    alike = scan_of(Photo.objects.latest("pk")).image
    measured_photo("no-ai.jpg", detected=False, ai_ratio=0.0, mask=None)
    failed(photo("lost.jpg"))
    receipt = receipt_of(scans[0], b'{"status": "completed"}')
    decided(scans[3].image, user, Kind.CONFIRMED)
    Photo.objects.bulk_create([Photo(title=f"Old {number}", image=upload(f"{number}.jpg")) for number in range(2)])
    client = Client()
    client.force_login(user)
    settings.COPYLEAKS_IMAGE = settings.COPYLEAKS_IMAGE | {"DISPATCHER": "tests.admin.drawn_pictures.draw"}
    count_days()
    return {
        "session": client.cookies["sessionid"].value,
        "pages": {
            "desk": "watchedimage/review/",
            "bulk": f"watchedimage/review/{alike.pk}/copies/",
            "overview": "imagescan/overview/",
            "pictures": "watchedimage/",
            "scans": "imagescan/",
            "decisions": "decision/",
            "picture": f"watchedimage/{scans[0].image.pk}/change/",
            "scan": f"imagescan/{scans[1].pk}/change/",
            "receipt": f"webhookreceipt/{receipt.pk}/change/",
            "account": f"accountstate/{account.state().pk}/change/",
            "ledger": "accountstate/spent/",
            "thresholds": "accountstate/thresholds/",
            "app": "",
            "panel": f"../gallery/photo/{scans[0].object_id}/change/",
            "host": "../gallery/photo/",
        },
    }


if __name__ == "__main__":
    from django.contrib.staticfiles.handlers import StaticFilesHandler
    from django.core.handlers.wsgi import WSGIHandler
    from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler

    told = make_rows()

    class Silent(WSGIRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadedWSGIServer(("127.0.0.1", 0), Silent)
    server.set_app(StaticFilesHandler(WSGIHandler()))
    Thread(target=server.serve_forever, daemon=True).start()
    print(json.dumps({"address": f"http://127.0.0.1:{server.server_port}"} | told), flush=True)
    sys.stdin.read()
