"""Serve a real Kadi4Mat on 127.0.0.1: `python serve_kadi4mat.py DATABASE_URL FOLDER`, in its environment.

One line of JSON says when it is ready: its address, a token with every scope that a connector needs, one
that may only read, and the lab's own. The process ends with its standard input.
"""

import json
import sys
import threading
from pathlib import Path

from werkzeug.serving import make_server

SCOPES = (
    "record.create record.read record.update record.link collection.create collection.read collection.update "
    "collection.link template.create template.read template.update user.read"
)
LAB_SCOPES = f"{SCOPES} record.delete collection.delete misc.manage_trash"


def main(database: str, folder: Path) -> None:
    from kadi.app import create_app
    from kadi.ext.db import db

    server = make_server("127.0.0.1", 0, lambda *_: [], threaded=True)
    settings = {
        "SQLALCHEMY_DATABASE_URI": database,
        "STORAGE_PATH": str(_made(folder / "storage")),
        "MISC_UPLOADS_PATH": str(_made(folder / "uploads")),
        "SERVER_NAME": f"127.0.0.1:{server.server_port}",
        "SECRET_KEY": "a test's own",
        "CELERY_BROKER_URL": "memory://",
        "RATELIMIT_IP_WHITELIST": [],
    }
    app = create_app("testing", settings)
    with app.app_context():
        db.create_all()
        from kadi.lib.permissions.utils import initialize_system_roles

        initialize_system_roles()
        db.session.commit()
        tokens = _tokens()
    server.app = app
    ready = {"base_url": f"http://127.0.0.1:{server.server_port}", **tokens}
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdout.write(f"{json.dumps(ready)}\n")
    sys.stdout.flush()
    sys.stdin.read()


def _tokens() -> dict[str, str]:
    from kadi.ext.db import db
    from kadi.lib.api.models import PersonalToken
    from kadi.modules.accounts.providers import LocalProvider

    user = LocalProvider.register(
        username="robot",
        email="robot@example.org",
        displayname="Lab robot",
        password="not a secret",  # noqa: S106 - of a server that ends with the tests
    ).user
    given = {"token": SCOPES, "reading_token": "record.read collection.read", "lab_token": LAB_SCOPES}
    made = {}
    for name, scope in given.items():
        made[name] = PersonalToken.new_token()
        PersonalToken.create(user=user, name=name, token=made[name], scope=scope)
    db.session.commit()
    return made


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
