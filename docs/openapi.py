"""The API's own description as a file.

`python docs/openapi.py` writes `docs/openapi.json` for generated clients.
"""

import json
from pathlib import Path

from service.app import create_app
from service.settings import Settings

FILE = Path(__file__).with_suffix(".json")


def description() -> str:
    """Return what `GET /openapi.json` answers, as JSON in lines. Reads no setting and connects to nothing."""
    nowhere = Settings(
        database_url="postgresql+psycopg://nobody@127.0.0.1:1/none", redis_url="redis://127.0.0.1:1"
    )
    return json.dumps(create_app(nowhere).openapi(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    FILE.write_text(description(), encoding="utf-8")
