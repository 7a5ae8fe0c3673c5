"""How long the webhook keeps its caller with the largest realistic result: 27 megapixels, 200,000 runs."""

import json
import time
import tracemalloc
from collections.abc import Iterator
from urllib.parse import urlsplit

from django.core.management import call_command
from django.test import Client, RequestFactory
from django.urls import resolve

from benchmarks.figures import Figure
from benchmarks.heatmap import HEIGHT, WIDTH, frayed_mask
from django_copyleaks_image.models import ImageScan
from django_copyleaks_image.scanning import addresses
from tests.samples import as_json, detection, photo, submitted

REPEAT = 100


def measure() -> Iterator[Figure]:
    call_command("migrate", run_syncdb=True, verbosity=0)
    mask = frayed_mask(200_000)
    times = []
    content = b""
    for _ in range(REPEAT):
        scan = _awaited_scan()
        body = detection(
            scan,
            result={"starts": list(mask.starts), "lengths": list(mask.lengths)},
            imageInfo={"shape": {"width": WIDTH, "height": HEIGHT}, "metadata": {}},
        )
        content = as_json(body)
        start = time.perf_counter()
        response = Client().post(addresses.webhook_url(scan), content, content_type="application/json")
        times.append(time.perf_counter() - start)
        assert response.status_code == 200, response.status_code
    size = len(content)
    yield Figure(
        name="webhook_200000_runs_memory", value=_peak(content) / size, goal=8, better="lower", unit="× the body"
    )
    times.sort()
    yield Figure(name="webhook_200000_runs_body_mb", value=size / 1e6, goal=2, better="higher", unit="MB")
    yield Figure(
        name="webhook_200000_runs_p99_ms",
        value=times[int(REPEAT * 0.99) - 1] * 1000,
        goal=200,
        better="lower",
        unit="ms",
    )


def _peak(template: bytes) -> int:
    """Return the most bytes that one callback takes beyond the body that the server has received."""
    scan = _awaited_scan()
    content = as_json(json.loads(template) | {"scannedDocument": {"scanId": scan.scan_id}, "developerPayload": ""})
    path = urlsplit(addresses.webhook_url(scan)).path
    request = RequestFactory().post(path, content, content_type="application/json")
    view, arguments, names = resolve(path)
    tracemalloc.start()
    response = view(request, *arguments, **names)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert response.status_code == 200, response.status_code
    return peak


def _awaited_scan() -> ImageScan:
    uploaded = photo()
    return submitted(ImageScan.objects.get(object_id=str(uploaded.pk), field_name="image"))
