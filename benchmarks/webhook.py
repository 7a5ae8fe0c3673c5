"""How long the webhook keeps its caller with the largest realistic result: 27 megapixels, 200,000 runs."""

import time
from collections.abc import Iterator

from django.core.management import call_command
from django.test import Client

from benchmarks.figures import Figure
from benchmarks.heatmap import HEIGHT, WIDTH, _mask
from django_copyleaks_image.models import ImageScan
from django_copyleaks_image.scanning import addresses
from tests.samples import as_json, detection, photo, submitted

REPEAT = 100


def measure() -> Iterator[Figure]:
    call_command("migrate", run_syncdb=True, verbosity=0)
    mask = _mask(200_000)
    times = []
    size = 0
    for _ in range(REPEAT):
        uploaded = photo()
        scan = submitted(ImageScan.objects.get(object_id=str(uploaded.pk), field_name="image"))
        body = detection(
            scan,
            result={"starts": list(mask.starts), "lengths": list(mask.lengths)},
            imageInfo={"shape": {"width": WIDTH, "height": HEIGHT}, "metadata": {}},
        )
        content = as_json(body)
        size = len(content)
        start = time.perf_counter()
        response = Client().post(addresses.webhook_url(scan), content, content_type="application/json")
        times.append(time.perf_counter() - start)
        assert response.status_code == 200, response.status_code
    times.sort()
    yield Figure(name="webhook_200000_runs_body_mb", value=size / 1e6, goal=2, better="higher", unit="MB")
    yield Figure(
        name="webhook_200000_runs_p99_ms",
        value=times[int(REPEAT * 0.99) - 1] * 1000,
        goal=200,
        better="lower",
        unit="ms",
    )
