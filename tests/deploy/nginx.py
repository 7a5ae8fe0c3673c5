"""The ``nginx.conf`` of the documents as it is, but for its addresses, files and ports, in a process of its own."""

import os
import shutil
import socket
import subprocess
from contextlib import closing, suppress
from pathlib import Path
from typing import Self

import trustme

from tests.documents import DOCS
from tests.processes import free_port
from tests.waiting import wait_until

CONFIGURATION = DOCS / "deploy" / "nginx.conf"
# Debian has it where only root's PATH leads.
PROGRAM = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
HOST = "photos.example.org"

MAIN = """
{user}
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/main.log warn;
events {{}}
http {{
    client_body_temp_path {folder}/bodies;
    proxy_temp_path {folder}/answers;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/site.conf;
}}
"""


class Nginx:
    """nginx before a site on a port of this machine; what it logs lies in the folder."""

    def __init__(self, folder: Path, site_port: int, changes: dict[str, str] | None = None) -> None:
        self.folder = folder
        self.port, self.plain_port = free_port(), free_port()
        self.authority = trustme.CA()
        self.authority.cert_pem.write_to_path(str(folder / "authority.pem"))
        certificate = self.authority.issue_cert(HOST, "127.0.0.1")
        certificate.cert_chain_pems[0].write_to_path(str(folder / "certificate.pem"))
        certificate.private_key_pem.write_to_path(str(folder / "key.pem"))
        changes = {
            "    listen [::]:80;\n": "",
            "    listen [::]:443 ssl;\n": "",
            "listen 80;": f"listen 127.0.0.1:{self.plain_port};",
            "listen 443 ssl;": f"listen 127.0.0.1:{self.port} ssl;",
            "/etc/letsencrypt/live/photos.example.org/fullchain.pem": f"{folder}/certificate.pem",
            "/etc/letsencrypt/live/photos.example.org/privkey.pem": f"{folder}/key.pem",
            "/var/log/nginx/": f"{folder}/",
            "server 127.0.0.1:8000;": f"server 127.0.0.1:{site_port};",
        } | (changes or {})
        text = CONFIGURATION.read_text(encoding="utf-8")
        for old, new in changes.items():
            assert old in text, old
            text = text.replace(old, new)
        (folder / "site.conf").write_text(text, encoding="utf-8")
        user = "user root;" if os.geteuid() == 0 else ""
        (folder / "nginx.conf").write_text(MAIN.format(folder=folder, user=user), encoding="utf-8")

    def __enter__(self) -> Self:
        tested = subprocess.run(self._command("-t"), capture_output=True, text=True, timeout=20, check=False)
        assert tested.returncode == 0, tested.stderr
        # But for the last line, which says that all is well, each would be a warning.
        assert all("test is successful" in line or "syntax is ok" in line for line in tested.stderr.splitlines())
        self._process = subprocess.Popen(self._command(), stderr=subprocess.DEVNULL)
        wait_until(self._listens, seconds=20)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(5)
        self._process.kill()
        self._process.wait()

    def _listens(self) -> bool:
        with closing(socket.socket()) as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def _command(self, *arguments: str) -> list[str]:
        assert PROGRAM is not None
        return [PROGRAM, "-e", f"{self.folder}/start.log", "-c", f"{self.folder}/nginx.conf", *arguments]

    def logged(self) -> str:
        """Return all that nginx has written down."""
        return "".join(log.read_text(encoding="utf-8", errors="replace") for log in sorted(self.folder.glob("*.log")))
