#!/usr/bin/env bash
# Builds the wheel, installs it into an empty project with the five steps of the README, and lets a picture be
# scanned there. Takes the Python to use: .ci/wheel_check.sh python3.12
set -euo pipefail

python=${1:-python3}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$python" -m venv "$work/venv"
bin=$work/venv/bin
"$bin/python" -m pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir "$work/dist" "$here/.."
"$bin/python" "$here/wheel_content.py" "$here/.." "$work"/dist/*.whl

# Step 1 of the README: install.
"$bin/python" -m pip install --quiet --disable-pip-version-check "$work"/dist/*.whl
cd "$work"
"$bin/django-admin" startproject blank
cd blank
"$bin/python" manage.py startapp gallery
cat >> gallery/models.py <<'PYTHON'


class Photo(models.Model):
    image = models.ImageField(upload_to="photos")
PYTHON

# Step 2: add it to the project.
cat >> blank/settings.py <<'PYTHON'

INSTALLED_APPS += ["gallery", "django_copyleaks_image"]
MEDIA_ROOT = BASE_DIR / "media"
COPYLEAKS_IMAGE = {
    "PUBLIC_URL": "https://photos.example.org",
    "FIELDS": ["gallery.Photo.image"],
}
PYTHON
export COPYLEAKS_EMAIL=photos@example.org COPYLEAKS_API_KEY=00000000-0000-0000-0000-000000000000

# Step 3: include the two addresses.
cat >> blank/urls.py <<'PYTHON'

from django.urls import include

urlpatterns += [path("copyleaks/", include("django_copyleaks_image.urls"))]
PYTHON

# Step 4: create the tables and check the settings.
"$bin/python" manage.py makemigrations gallery --verbosity 0
"$bin/python" manage.py migrate --verbosity 0
"$bin/python" manage.py check --fail-level WARNING
"$bin/python" manage.py makemigrations --check --dry-run

# Step 5: run the worker, which this does after saving a picture.
"$bin/python" manage.py shell < "$here/wheel_scan.py"
