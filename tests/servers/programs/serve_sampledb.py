"""Serve a real SampleDB on 127.0.0.1: `python serve_sampledb.py DATABASE_URL`, in SampleDB's own environment.

One line of JSON says when it is ready: its address, a user, and the action that makes samples. The process
ends with its standard input.
"""

import json
import os
import sys
import threading

from werkzeug.serving import make_server

SCHEMA = {
    "title": "Candidate",
    "type": "object",
    "properties": {
        "name": {"title": "Name", "type": "text"},
        "external_id": {"title": "Key of Assayflow", "type": "text"},
        "smiles": {"title": "SMILES", "type": "text"},
        "ic50": {"title": "IC50", "type": "quantity", "units": ["nM", "µM"]},
        "remark": {"title": "Remark", "type": "text"},
    },
    "required": ["name"],
}


def main(database: str) -> None:
    server = make_server("127.0.0.1", 0, lambda *_: [], threaded=True)
    settings = {
        "SQLALCHEMY_DATABASE_URI": database,
        "SERVER_NAME": f"127.0.0.1:{server.server_port}",
        "PREFERRED_URL_SCHEME": "http",
        "SECRET_KEY": "a test's own secret of forty letters ...",
        "CONTACT_EMAIL": "lab@example.org",
        "MAIL_SENDER": "lab@example.org",
        "MAIL_SERVER": "127.0.0.1",
        "ENABLE_BACKGROUND_TASKS": "",
        "PYBABEL_PATH": "/bin/true",
    }
    os.environ.update({f"SAMPLEDB_{name}": value for name, value in settings.items()})
    from sampledb import create_app

    app = create_app()
    with app.app_context():
        made = _user_and_action()
    server.app = app
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdout.write(json.dumps({"base_url": f"http://127.0.0.1:{server.server_port}", **made}) + "\n")
    sys.stdout.flush()
    sys.stdin.read()


def _user_and_action() -> dict[str, object]:
    from sampledb import db, logic
    from sampledb.models import User, UserType

    user = User("Lab robot", "robot@example.org", UserType.OTHER)
    db.session.add(user)
    db.session.commit()
    account = {"username": "robot", "password": "a password of a test"}
    logic.authentication.add_other_authentication(user.id, account["username"], account["password"])
    action = logic.actions.create_action(action_type_id=-99, schema=SCHEMA, instrument_id=None)
    logic.action_translations.set_action_translation(
        language_id=-99, action_id=action.id, name="Candidate", description=""
    )
    logic.action_permissions.set_user_action_permissions(
        action.id, user.id, logic.action_permissions.Permissions.GRANT
    )
    return {**account, "action_id": action.id}


if __name__ == "__main__":
    main(sys.argv[1])
