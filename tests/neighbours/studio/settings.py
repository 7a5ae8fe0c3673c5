"""The project of the tests beside its neighbours; ``NEIGHBOURS_FOLDER`` is where it keeps its files."""

import os
from pathlib import Path

from tests.settings import *  # noqa: F403
from tests.settings import COPYLEAKS_IMAGE, DATABASES, INSTALLED_APPS, MIDDLEWARE

FOLDER = Path(os.environ.get("NEIGHBOURS_FOLDER", "."))
REDIS_URL = os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/0")
KEY_PREFIX = f"studio-{os.getpid()}"

INSTALLED_APPS = [
    "tests.neighbours.studio.site.AdminWithTokens",
    *(app for app in INSTALLED_APPS if app != "django.contrib.admin"),
    "axes",
    "cachalot",
    "debug_toolbar",
    "django_otp",
    "django_otp.plugins.otp_static",
    "django_prometheus",
    "easy_thumbnails",
    "guardian",
    "imagekit",
    "import_export",
    "mptt",
    "pictures",
    "polymorphic",
    "rules.apps.AutodiscoverRulesConfig",
    "simple_history",
    "sorl.thumbnail",
    "stdimage",
    "versatileimagefield",
    "tests.neighbours.studio",
    # The last, as it asks for.
    "django_cleanup.apps.CleanupConfig",
]
MIDDLEWARE = [
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "tests.admin.csp.strict_policy",
    "debug_toolbar.middleware.DebugToolbarMiddleware",
    *MIDDLEWARE,
    "django_otp.middleware.OTPMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
    "axes.middleware.AxesMiddleware",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
]
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
    "guardian.backends.ObjectPermissionBackend",
    "rules.permissions.ObjectPermissionBackend",
]
# The default is SQLite's, as nothing else is said in this process.
DATABASES["default"]["ENGINE"] = "django_prometheus.db.backends.sqlite3"
CACHES = {"default": {"BACKEND": "django_redis.cache.RedisCache", "LOCATION": REDIS_URL, "KEY_PREFIX": KEY_PREFIX}}
STATIC_ROOT = FOLDER / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
CACHALOT_UNCACHABLE_APPS = ("copyleaks_image",)
ROOT_URLCONF = "tests.neighbours.studio.urls"
AXES_FAILURE_LIMIT = 3
DEBUG_TOOLBAR_CONFIG = {"IS_RUNNING_TESTS": False, "SHOW_TOOLBAR_CALLBACK": lambda request: "toolbar" in request.GET}
PICTURES = {
    "BREAKPOINTS": {"xs": 200},
    "CONTAINER_WIDTH": 200,
    "GRID_COLUMNS": 1,
    "PIXEL_DENSITIES": [1],
    "FILE_TYPES": ["WEBP"],
    # At once, whichever queue is installed.
    "PROCESSOR": "pictures.tasks._process_picture",
}
COPYLEAKS_IMAGE = COPYLEAKS_IMAGE | {
    "FIELDS": [
        f"studio.{model}.image"
        for model in (
            "Easy",
            "Sorl",
            "Kit",
            "Std",
            "Versatile",
            "Resized",
            "Sources",
            "Shape",
            "Leaf",
            "Sheet",
            "Journal",
            "Plate",
        )
    ]
}
