"""A client that speaks to the emulator as the documentation says, with nothing of the app in between."""

import uuid
from types import TracebackType
from typing import Any, Self

import requests

from django_copyleaks_image.emulator import Emulator

from .receiver import Receiver

CREDENTIALS = {"email": "photos@example.org", "key": "8f14e45f-ceea-467f-9d2c-5c1e2f3a4b5c"}


class Client:
    def __init__(self, emulator: Emulator, receiver: Receiver) -> None:
        self.emulator = emulator
        self.receiver = receiver
        self.session = requests.Session()
        self.session.trust_env = False
        self.token = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.session.close()

    def call(self, method: str, path: str, **given: Any) -> requests.Response:
        given.setdefault("timeout", 10)
        return self.session.request(method, self.emulator.url + path, **given)

    def login(self, **changes: str) -> requests.Response:
        answer = self.call("POST", "/v3/account/login/api", json={**CREDENTIALS, **changes})
        if answer.ok:
            self.token = answer.json()["access_token"]
        return answer

    @property
    def authorization(self) -> dict[str, str]:
        if not self.token:
            self.login()
        return {"Authorization": f"Bearer {self.token}"}

    def body(self, file_name: str = "photo.jpg", **changes: Any) -> dict[str, Any]:
        body = {
            "url": self.receiver.url + "/photo",
            "fileName": file_name,
            "model": "ai-image-1-ultra",
            "webhooks": {"url": self.receiver.url + "/hook"},
            **changes,
        }
        return {name: value for name, value in body.items() if value is not ...}

    def submit(
        self, file_name: str = "photo.jpg", *, scan_id: str = "", timeout: float = 10, **changes: Any
    ) -> requests.Response:
        return self.call(
            "PUT",
            f"/v1/ai-image-detector-async/{scan_id or uuid.uuid4()}/submit",
            json=self.body(file_name, **changes),
            headers=self.authorization,
            timeout=timeout,
        )

    def check(self, file_name: str, content: bytes, *, scan_id: str = "", **changes: str) -> requests.Response:
        form = {"filename": file_name, "model": "ai-image-1-ultra", **changes}
        return self.call(
            "POST",
            f"/v1/ai-image-detector/{scan_id or uuid.uuid4()}/check",
            data=form,
            files={"image": (file_name, content)},
            headers=self.authorization,
        )
