"""The site itself, on PostgreSQL: two tenants with tables, a third one without, and what they do."""

import io
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import environ

from tests.neighbours import site as neighbours
from tests.settings import INSTALLED_APPS

URL = os.environ.get("POSTGRESQL_URL", "postgres://postgres@127.0.0.1:5432/copyleaks")
NAME = f"copyleaks_tenants_{os.getpid()}"
SHARED = ["django_tenants", "tests.neighbours.tenants", "django.contrib.contenttypes"]
# Addresses of this machine, each a host by itself.
HOSTS = {"public": "127.0.0.1", "acme": "127.0.0.2", "zoo": "127.0.0.3", "ghost": "127.0.0.4"}


def set_up(**changes: Any) -> None:
    """Configure the site with more settings, or other ones."""
    database = {**environ.Env.db_url_config(URL), "ENGINE": "django_tenants.postgresql_backend", "NAME": NAME}
    own = [name for name in INSTALLED_APPS if name not in SHARED]
    neighbours.set_up(
        middleware=("django_tenants.middleware.main.TenantMainMiddleware",),
        DATABASES={"default": database},
        DATABASE_ROUTERS=["django_tenants.routers.TenantSyncRouter"],
        **{
            "SHARED_APPS": SHARED,
            "TENANT_APPS": ["django.contrib.contenttypes", *own],
            "INSTALLED_APPS": [*SHARED, *own],
            "TENANT_MODEL": "tenants.Client",
            "TENANT_DOMAIN_MODEL": "tenants.Domain",
            "STORAGES": {
                "default": {"BACKEND": "django_tenants.files.storage.TenantFileSystemStorage"},
                "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
            },
        }
        | changes,
    )


@contextmanager
def database() -> Iterator[None]:
    """Make the site's database and drop it afterwards."""
    import psycopg

    parts = environ.Env.db_url_config(URL)
    address = {"host": parts["HOST"], "port": parts["PORT"], "user": parts["USER"], "password": parts["PASSWORD"]}

    def execute(*statements: str) -> None:
        with psycopg.connect(dbname="postgres", autocommit=True, **address) as server:
            for statement in statements:
                server.execute(statement.encode())

    execute(f"DROP DATABASE IF EXISTS {NAME}", f"CREATE DATABASE {NAME}")
    try:
        yield
    finally:
        execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")


def make_tenants() -> list[Any]:
    """Make schemas and tables, and return the two tenants that have some."""
    from django.core.management import call_command
    from django.db import connection

    from tests.neighbours.tenants.models import Client, Domain

    call_command("migrate_schemas", shared=True, run_syncdb=True, verbosity=0)
    made = [Client.objects.create(schema_name=name) for name in HOSTS]
    for tenant in made:
        Domain.objects.create(tenant=tenant, domain=HOSTS[tenant.schema_name], is_primary=True)
    for tenant in made[1:3]:
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE SCHEMA {tenant.schema_name}")
        call_command("migrate_schemas", tenant=True, schema_name=tenant.schema_name, run_syncdb=True, verbosity=0)
    return made[1:3]


def picture(name: str, colour: str = "navy") -> Any:
    from django.core.files.base import ContentFile
    from PIL import Image

    data = io.BytesIO()
    Image.new("RGB", (640, 640), colour).save(data, "JPEG")
    return ContentFile(data.getvalue(), name=name)


@contextmanager
def served() -> Iterator[int]:
    """Serve the site on every address of this machine, and yield the port."""
    from django.core.handlers.wsgi import WSGIHandler
    from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
    from django.db import connections

    class Quiet(WSGIRequestHandler):
        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadedWSGIServer(("0.0.0.0", 0), Quiet, connections_override={})
    server.daemon_threads = True
    server.set_app(WSGIHandler())
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        connections.close_all()
