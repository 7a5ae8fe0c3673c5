"""A visitor who uses the site as a browser does: over HTTP, with a session and CSRF tokens."""

import re

import requests

from .processes import DemoError

TIMEOUT = 60


class Visitor:
    """Sees pages, logs in and uploads."""

    def __init__(self, site: str) -> None:
        self._site = site
        self._session = requests.Session()
        # The site is on this machine; a proxy from the environment is not asked.
        self._session.trust_env = False

    def get(self, path: str) -> requests.Response:
        """Return the site's answer, whatever it is."""
        return self._session.get(self._site + path, timeout=TIMEOUT)

    def page(self, path: str) -> str:
        """Return a page; raise DemoError when there is none."""
        answer = self.get(path)
        if not answer.ok:
            raise DemoError(f"The site answered {answer.status_code} for {path}.")
        return answer.text

    def log_in(self, name: str, password: str) -> None:
        """Log in on the site's own page."""
        self.submit("/login/", {"username": name, "password": password})

    def upload(self, *, title: str, file_name: str, content: bytes, is_private: bool) -> None:
        """Upload a picture with the site's own form."""
        fields = {"title": title} | ({"is_private": "on"} if is_private else {})
        self.submit("/upload/", fields, files={"image": (file_name, content)})

    def submit(self, path: str, fields: dict[str, str], files: dict[str, tuple[str, bytes]] | None = None) -> None:
        """Send the form of a page; raise DemoError with the site's words when it is refused."""
        self.page(path)
        token = self._session.cookies["csrftoken"]
        answer = self._session.post(
            self._site + path,
            data={**fields, "csrfmiddlewaretoken": token},
            files=files,
            headers={"Referer": self._site + path},
            timeout=TIMEOUT,
            allow_redirects=False,
        )
        if answer.status_code != requests.codes.found:
            errors = re.findall(r"errorlist[^>]*>\s*<li>([^<]*)", answer.text)
            raise DemoError(f"The site refused {path} ({answer.status_code}): {' '.join(errors)}")
