"""The schema that is in the documents says what the API is, and the API does what the schema says."""

import base64
import os
import subprocess
import sys
from contextlib import suppress
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User

from django_copyleaks_image.admin.filters import QUEUES
from django_copyleaks_image.standings import Kind
from tests.admin.desk_requests import decided
from tests.admin.scans_to_show import pictured, unmeasured
from tests.neighbours.conftest import need
from tests.samples import photo

ROOT = Path(__file__).parents[2]
SCHEMA = ROOT / "docs" / "openapi.yaml"
COMMAND = "python -m django spectacular --settings tests.rest.settings_of_schema --file docs/openapi.yaml"
# Of each operation, as the schema wants it, and as many that it does not allow.
_CASES = 12


def test_schema_of_the_documents__is_that_of_the_code(tmp_path: Path) -> None:
    need("drf_spectacular")
    made = tmp_path / "openapi.yaml"
    arguments = ["--settings", "tests.rest.settings_of_schema", "--validate", "--fail-on-warn", "--file", str(made)]
    environment = {name: value for name, value in os.environ.items() if not name.endswith("DATABASE_URL")}

    ended = subprocess.run(
        [sys.executable, "-m", "django", "spectacular", *arguments],
        cwd=ROOT,
        env=environment | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (ended.returncode, ended.stderr) == (0, "")
    assert made.read_text() == SCHEMA.read_text(), COMMAND


@pytest.mark.django_db(transaction=True)
def test_every_answer__is_one_of_the_schema(settings: Any, bert: User) -> None:
    """Whatever schemathesis makes up is answered as the schema says, and never with an error of the server."""
    need("schemathesis")
    import schemathesis
    import yaml
    from django.core.wsgi import get_wsgi_application
    from hypothesis import HealthCheck, Phase, given
    from hypothesis import settings as hypothesis_settings
    from hypothesis.errors import Unsatisfiable
    from schemathesis import GenerationMode
    from schemathesis.specs.openapi.checks import positive_data_acceptance

    settings.REST_FRAMEWORK = {
        "DEFAULT_THROTTLE_RATES": dict.fromkeys(("copyleaks_read", "copyleaks_write", "copyleaks_paid"))
    }
    User.objects.create_superuser("moderator", password="moderator")
    decided(pictured("meadow.jpg"), bert, Kind.CONFIRMED)
    pictured("harbour.jpg")
    unmeasured(photo())
    authorization = f"Basic {base64.b64encode(b'moderator:moderator').decode()}"
    application = get_wsgi_application()
    schema = schemathesis.openapi.from_dict(_of_this_site(yaml.safe_load(SCHEMA.read_text())))
    schema.app = application
    tried = 0

    modes = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
    for mode, found in product(modes, list(schema.get_all_operations())):

        @given(case=found.ok().as_strategy(generation_mode=mode))
        @hypothesis_settings(
            max_examples=_CASES,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def answers_as_it_says(case: Any) -> None:
            nonlocal tried
            tried += 1
            response = case.call(headers={"Authorization": authorization})
            if response.status_code == 404 and "text/html" in response.headers["content-type"][0]:
                return  # Such as images/0.18/, which is none of our addresses.
            # What a schema cannot say, such as the names of watched fields, is refused as well.
            case.validate_response(response, excluded_checks=[positive_data_acceptance])

        with suppress(Unsatisfiable):  # Of what takes nothing, nothing can be wrong.
            answers_as_it_says()

    assert tried > 100


def _of_this_site(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema with the keys and queues that are there, and without logins, which are the project's choice."""
    for path in schema["paths"].values():
        for operation in path.values():
            operation.pop("security", None)
            for parameter in operation.get("parameters", ()):
                if parameter["in"] == "path":
                    found = {"maximum": 4, "minimum": 1} if parameter["name"] == "id" else {"enum": list(QUEUES)}
                    parameter["schema"] |= found
    return schema
