#!/usr/bin/env bash
# Builds sdist and wheel as a release would, and installs the wheel into an empty project with the five steps of the
# README, taken from there word for word; the site then has a picture scanned. The Python to use may be named:
# .ci/wheel_check.sh python3.12
set -euo pipefail

python=${1:-python3}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d)
started=()
stop() {
    [ ${#started[@]} -eq 0 ] || kill "${started[@]}" 2> /dev/null || true
    wait || true
    rm -rf "$work"
}
trap stop EXIT
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_QUIET=1

echo "Building ..."
"$python" -m venv "$work/tools"
tools=$work/tools/bin
"$tools/python" -m pip install build docutils twine
"$tools/python" -m build --outdir "$work/dist" "$here/.." > "$work/build.log" 2>&1 || { cat "$work/build.log" >&2; exit 1; }
wheel=$(echo "$work"/dist/*.whl)
"$tools/python" "$here/wheel_content.py" "$here/.." "$wheel" "$work"/dist/*.tar.gz
"$tools/python" -m twine check --strict "$work"/dist/*

step() { "$tools/python" "$here/readme_steps.py" "$here/../README.rst" "$@"; }

# The project that the README speaks to: an empty one with photos.
"$python" -m venv "$work/venv"
export PATH=$work/venv/bin:$PATH
python -m pip install "django${DJANGO_VERSION:-}"
cd "$work"
django-admin startproject blank
cd blank
python manage.py startapp gallery
cat >> gallery/models.py <<'PYTHON'


class Photo(models.Model):
    image = models.ImageField(upload_to="photos")
PYTHON
cat >> blank/settings.py <<'PYTHON'

INSTALLED_APPS.append("gallery")
MEDIA_ROOT = BASE_DIR / "media"
# Django 6.1 makes a project whose own mail settings do not pass "check --deploy".
MAILERS = {"default": {"BACKEND": "django.core.mail.backends.smtp.EmailBackend"}}
PYTHON

echo "Step 1: install"
# What the README's command installs is the wheel that was built here.
echo "django-copyleaks-image @ file://$wheel" > "$work/constraints.txt"
PIP_CONSTRAINT=$work/constraints.txt bash -euc "$(step commands 1)"
python -m pip check

echo "Step 2: add it to the project"
read -r site emulator < <(python -c '
import socket
sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
print(*(each.getsockname()[1] for each in sockets))
')
step apply 2 blank/settings.py --replace "http://127.0.0.1:8000=http://127.0.0.1:$site"

echo "Step 3: include the addresses"
step apply 3 blank/urls.py

echo "Step 4: create the tables, and check the settings with an account"
export PYTHONWARNINGS=error
python manage.py makemigrations gallery --verbosity 0 2> /dev/null
{ bash -euc "$(step commands 4)" && COPYLEAKS_EMAIL=photos@example.org COPYLEAKS_API_KEY=any python manage.py check --deploy; } \
    > "$work/step4.log" 2>&1 || { cat "$work/step4.log" >&2; exit 1; }
# An empty project has no cache that its processes share, and the site of this check neither certificate nor an address
# that the internet reaches.
if grep -o 'copyleaks_image\.[EW][0-9]*' "$work/step4.log" | grep -vx 'copyleaks_image\.W0\(06\|11\|56\)'; then
    cat "$work/step4.log" >&2
    exit 1
fi
python manage.py makemigrations --check --dry-run > "$work/makemigrations.log" 2>&1 || { cat "$work/makemigrations.log" >&2; exit 1; }

echo "Step 5: run a local Copyleaks with a worker, and the site"
while read -r command; do
    case $command in
        *copyleaks_emulator*) command+=" --port $emulator" name=emulator ;;
        *runserver) command+=" --noreload 127.0.0.1:$site" name=site ;;
        *) echo "Step 5 has an unknown command: $command" >&2; exit 1 ;;
    esac
    bash -euc "exec $command" > "$work/$name.log" 2>&1 &
    started+=($!)
done < <(step commands 5)
worker=${started[0]}
if ! python manage.py shell < "$here/wheel_scan.py"; then
    tail -n 20 "$work"/{emulator,site}.log >&2
    exit 1
fi
kill "$worker"
wait "$worker"
