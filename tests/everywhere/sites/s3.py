"""Media are private objects in a store that speaks S3, through django-storages."""

import os

from .base import *  # noqa: F403

STORAGES = {
    "default": {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": "photos",
            "endpoint_url": os.environ["SITE_S3_URL"],
            "access_key": "an access key",
            "secret_key": "a secret key",
            "region_name": "eu-central-1",
            "signature_version": "s3v4",
            "default_acl": "private",
            "querystring_auth": True,
        },
    },
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
