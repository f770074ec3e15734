"""A real nginx on loopback ports with the sample configuration, started and ended by a test."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import time
from pathlib import Path
from typing import Self

import httpx2

from server import free_port

SAMPLE = Path(__file__).parents[1] / "docs/deploy/nginx.conf"
NAME = "pme.example.org"
START_SECONDS = 30.0
AROUND = """
daemon off;
master_process off;
pid {0}/nginx.pid;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {0}/body;
    proxy_temp_path {0}/proxy;
    fastcgi_temp_path {0}/fastcgi;
    uwsgi_temp_path {0}/uwsgi;
    scgi_temp_path {0}/scgi;
    include {0}/pme.conf;
}}
"""


def nginx_path() -> str | None:
    return shutil.which("nginx")


class Nginx:
    """In front of a port of this machine; ports and files are exchanged, and 5 s become 1 s."""

    def __init__(self, folder: Path, upstream: int, second: int | None = None) -> None:
        """With a `second` port the sample's second instance is put in."""
        self.port, self.plain_port = free_port(), free_port()
        self.url = f"https://{NAME}:{self.port}"
        self._folder = folder
        self._upstream = upstream
        self._second = second
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self._folder.mkdir()
        certificate(self._folder)
        exchanged = {
            "127.0.0.1:8000": f"127.0.0.1:{self._upstream}",
            "listen 80;": f"listen 127.0.0.1:{self.plain_port};",
            "listen 443 ssl;": f"listen 127.0.0.1:{self.port} ssl;",
            "/etc/ssl/pme/": f"{self._folder}/",
            "_timeout 5s": "_timeout 1s",
        }
        if self._second is not None:
            exchanged["# server 127.0.0.1:8001"] = f"server 127.0.0.1:{self._second}"
        text = SAMPLE.read_text(encoding="utf-8")
        for old, new in exchanged.items():
            assert old in text
            text = text.replace(old, new)
        (self._folder / "pme.conf").write_text(text, encoding="utf-8")
        (self._folder / "nginx.conf").write_text(AROUND.format(self._folder), encoding="utf-8")
        log = self._folder / "errors"
        self._process = subprocess.Popen(
            [nginx_path(), "-p", self._folder, "-e", log, "-c", self._folder / "nginx.conf"]
        )
        deadline = time.monotonic() + START_SECONDS
        while not self._listens():
            assert self._process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(15)

    def tls(self) -> ssl.SSLContext:
        """A context that trusts the certificate of this test alone."""
        return ssl.create_default_context(cafile=self._folder / "fullchain.pem")

    def client(self, **headers: str) -> httpx2.Client:
        """Clients reach the name at the loopback address."""
        return httpx2.Client(
            base_url=f"https://127.0.0.1:{self.port}",
            headers={"Host": NAME, **headers},
            verify=self.tls(),
            timeout=60,
        )

    def connect(self) -> ssl.SSLSocket:
        """A connection whose handshake is done."""
        plain = socket.create_connection(("127.0.0.1", self.port), 30)
        return self.tls().wrap_socket(plain, server_hostname=NAME)

    def _listens(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), 5).close()
        except ConnectionRefusedError:
            return False
        return True


def certificate(folder: Path) -> None:
    """A certificate of the sample's name, signed by itself."""
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt"]
    command += ["ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", f"/CN={NAME}"]
    command += ["-addext", f"subjectAltName=DNS:{NAME},IP:127.0.0.1"]
    command += ["-keyout", folder / "privkey.pem", "-out", folder / "fullchain.pem"]
    subprocess.run(command, check=True, capture_output=True)
