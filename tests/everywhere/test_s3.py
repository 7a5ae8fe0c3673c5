"""Media as private objects in a store that speaks S3: a real one, moto, in a process of its own."""

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from demo.processes import LOOPBACK, free_port

from .conftest import OpenSite
from .optional_packages import needed
from .road_of_a_picture import travel

boto3 = needed("boto3", package="boto3")
needed("moto", package="moto[server]")
needed("storages", package="django-storages[s3]")

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.sockets]

START_SECONDS = 30


@dataclass(frozen=True, kw_only=True)
class Store:
    """A store that listens at ``url`` and writes a line for every request into ``log``."""

    url: str
    log: Path


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    port = free_port()
    store = Store(url=f"http://{LOOPBACK}:{port}", log=tmp_path / "store.log")
    command = [sys.executable, "-m", "moto.server", "--host", LOOPBACK, "--port", str(port)]
    with store.log.open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
    try:
        deadline = time.monotonic() + START_SECONDS
        while not _answers(store.url):
            assert process.poll() is None, store.log.read_text()
            assert time.monotonic() < deadline
            time.sleep(0.1)
        yield store
    finally:
        process.kill()
        process.wait()


def _answers(url: str) -> bool:
    try:
        return requests.get(f"{url}/moto-api/", timeout=5).ok
    except requests.ConnectionError:
        return False


@pytest.fixture
def bucket(store: Store) -> Any:
    keys = {"aws_access_key_id": "an access key", "aws_secret_access_key": "a secret key"}
    bucket = boto3.resource("s3", endpoint_url=store.url, region_name="eu-central-1", **keys).Bucket("photos")
    bucket.create(CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    return bucket


@pytest.mark.parametrize("media_access", ["signed", "direct"])
def test_private_objects(media_access: str, open_site: OpenSite, bucket: Any, store: Store) -> None:
    site = open_site("s3", options={"MEDIA_ACCESS": media_access}, SITE_S3_URL=store.url)

    travel(site)

    [stored] = bucket.objects.all()
    assert requests.get(f"{store.url}/photos/{stored.key}", timeout=10).status_code == 403
    # Only a direct fetch shows a signature in its address, and whoever holds that may fetch the picture as well.
    fetched = re.findall(rf"GET /photos/{stored.key}\?\S*X-Amz-Signature=\S* \S+ 200", store.log.read_text())
    assert len(fetched) == (1 if media_access == "direct" else 0), store.log.read_text()
    assert "X-Amz-Signature" not in site.log("worker") + site.log("server")
