"""The migrations make the very tables that the code declares, up, down and up again."""

import json
from uuid import UUID, uuid4

import pytest
from alembic import command
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from service.settings import Settings
from service.store.migrations import config, migrate
from service.store.session import open_engine
from service.store.tables import Base

CONSTRAINTS = text(
    "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
    " WHERE connamespace = 'public'::regnamespace AND conrelid::regclass::text <> 'alembic_version'"
    " UNION SELECT tablename::text, indexname::text, indexdef FROM pg_indexes"
    " WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
)


@pytest.fixture(scope="module")
def engine(settings: Settings):
    made = open_engine(settings.required_database_url())
    yield made
    made.dispose()


def rules(connection: Connection) -> set[tuple[str, str, str]]:
    return {tuple(row) for row in connection.execute(CONSTRAINTS)}


def test_up_down_up_leaves_no_difference(engine: Engine):
    with engine.connect() as connection:
        command.check(config(connection))
        command.downgrade(config(connection), "base")
        assert rules(connection) == set()
        command.upgrade(config(connection), "head")
        command.check(config(connection))
        connection.commit()


def test_constraints_and_indexes_are_those_of_the_tables(engine: Engine):
    with engine.connect() as connection:
        migrated = rules(connection)
        command.downgrade(config(connection), "base")
        Base.metadata.create_all(connection)
        declared = rules(connection)
        Base.metadata.drop_all(connection)
        command.upgrade(config(connection), "head")
        connection.commit()
    assert len(declared) > 30
    assert migrated == declared


def test_migrating_a_new_database_twice_changes_nothing(settings: Settings, engine: Engine):
    migrate(settings.required_database_url())
    with engine.connect() as connection:
        before = rules(connection)
        connection.rollback()
        migrate(settings.required_database_url())
        assert rules(connection) == before


def insert(connection: Connection, table: str, **values: object) -> UUID:
    """Insert a row as an older version of the program would, and return its id."""
    row = {"id": uuid4(), **values}
    names = ", ".join(row)
    field_errors = ", ".join(f"CAST(:{name} AS jsonb)" if isinstance(row[name], dict) else f":{name}" for name in row)
    plain = {name: json.dumps(value) if isinstance(value, dict) else value for name, value in row.items()}
    connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({field_errors})"), plain)  # noqa: S608 - our own names
    return row["id"]


def old_rows(connection: Connection) -> None:
    """Store one campaign with a finished and a failed round and two candidates in the first tables."""
    workspace = insert(connection, "workspaces", name="lab")
    spec = {"objectives": [{"name": "glow"}]}
    campaign = insert(
        connection,
        "campaigns",
        workspace_id=workspace,
        name="C",
        domain_kind="switches",
        spec=spec,
        state="active",
        version=1,
    )
    snapshot = {"last_sequence": 0, "pending": [], "excluded": [], "digest": "d"}
    rounds = []
    for number, state in ((1, "awaiting_results"), (2, "failed")):
        numbers = {"number": number, "progress": 1.0, "seed": 1, "attempt": 1, "cancel_requested": False}
        told = {"state": state, "message": "m", "spec": spec, "snapshot": snapshot}
        rounds.append(insert(connection, "rounds", campaign_id=campaign, **numbers, **told))
    for rank, reason in enumerate(("chosen to explore: its", "chosen to exploit: among"), start=1):
        payload = {"predictions": {"glow": {"mean": 1, "sd": 1, "low": 0, "high": 2}}, "reason": reason}
        insert(
            connection,
            "candidates",
            campaign_id=campaign,
            round_id=rounds[0],
            rank=rank,
            object=str(rank),
            display="x",
            columns={},
            status="proposed",
            payload=payload,
            version=1,
        )


def test_rows_of_the_first_tables_get_a_purpose_and_copies_end_on_the_way_back(engine: Engine):
    with engine.connect() as connection:
        command.downgrade(config(connection), "0001")
        old_rows(connection)
        command.upgrade(config(connection), "0002")
        purposes = connection.execute(text("SELECT purpose FROM candidates ORDER BY rank")).scalars().all()
        digests = connection.execute(text("SELECT snapshot ->> 'digest' FROM rounds ORDER BY number")).scalars().all()
        connection.execute(
            text(
                "INSERT INTO candidates (id, campaign_id, round_id, rank, object, display, columns, purpose, status,"
                " payload, version, created_at) SELECT gen_random_uuid(), c.campaign_id, r.id, 1, '1', 'x', c.columns,"
                " 'control', 'proposed', c.payload, 1, now() + interval '1 s'"
                " FROM candidates c JOIN rounds r ON r.number = 2 WHERE c.rank = 1"
            )
        )
        command.downgrade(config(connection), "0001")
        kept = connection.execute(text("SELECT object, status FROM candidates ORDER BY created_at, rank")).all()
        connection.rollback()
    assert purposes == ["explore", "exploit"]
    assert digests == ["d", None]
    assert [tuple(row) for row in kept] == [("1", "withdrawn"), ("2", "proposed"), ("1", "proposed")]


def test_counters_begin_with_what_is_there_and_go_on_the_way_back(engine: Engine):
    with engine.connect() as connection:
        command.downgrade(config(connection), "0001")
        old_rows(connection)
        campaign = connection.execute(text("SELECT id FROM campaigns")).scalar_one()
        empty = insert(
            connection,
            "campaigns",
            workspace_id=connection.execute(text("SELECT id FROM workspaces")).scalar_one(),
            name="E",
            domain_kind="switches",
            spec={},
            state="active",
            version=1,
        )
        told = {"media_type": "text/csv", "sha256": "", "n_accepted": 3, "n_rejected": 0}
        upload = insert(connection, "uploads", campaign_id=campaign, **told)
        for row in range(3):
            said = {"row": row, "verbatim": {}, "object": "1", "type": "glow", "value": 1.0}
            owners = {"campaign_id": campaign, "upload_id": upload}
            insert(connection, "results", **owners, **said, relation="=", outcome="ok")
        command.upgrade(config(connection), "0004")
        counters = text("SELECT id, n_rounds, n_results FROM campaigns")
        counted = {row[0]: (row[1], row[2]) for row in connection.execute(counters)}
        command.downgrade(config(connection), "0003")
        kept = connection.execute(text("SELECT count(*) FROM results")).scalar_one()
        command.upgrade(config(connection), "0004")
        again = {row[0]: (row[1], row[2]) for row in connection.execute(counters)}
        connection.rollback()
    assert counted == again == {campaign: (2, 3), empty: (0, 0)}
    assert kept == 3


def old_job(connection: Connection) -> None:
    """Store a job with a specification, as it waited before there were base measures."""
    workspace = connection.execute(text("SELECT id FROM workspaces")).scalar_one()
    numbers = {"progress": 0.0, "attempt": 0, "cancel_requested": False}
    told = {"kind": "backtests", "queue": "celery", "state": "queued", "message": "m"}
    documents = {"request": {"spec": {"objectives": []}, "rounds": 2}, "context": {"objects": 3}}
    insert(connection, "jobs", workspace_id=workspace, **told, **numbers, **documents)


def test_specifications_from_before_base_measures_weigh_all_objects_the_same(engine: Engine):
    found = "SELECT spec -> 'base_measure' ->> 'kind' FROM {} ORDER BY 1"
    with engine.connect() as connection:
        command.downgrade(config(connection), "0001")
        old_rows(connection)
        command.upgrade(config(connection), "0003")
        old_job(connection)
        command.upgrade(config(connection), "head")
        requests = connection.execute(text("SELECT request, context FROM jobs")).one()
        newer = {"spec": {"objectives": [], "base_measure": {"kind": "sizes"}}}
        connection.execute(
            text("UPDATE rounds SET spec = CAST(:spec AS jsonb) WHERE number = 2"), {"spec": json.dumps(newer["spec"])}
        )
        asked = [connection.execute(text(found.format(table))).scalars().all() for table in ("campaigns", "rounds")]
        command.downgrade(config(connection), "0003")
        without = connection.execute(text(found.format("rounds"))).scalars().all()
        connection.rollback()
    assert asked == [["objects"], ["objects", "sizes"]]
    weighed = {"objectives": [], "base_measure": {"kind": "objects", "weights": {}}}
    assert tuple(requests) == ({"spec": weighed, "rounds": 2}, {"objects": 3})
    assert without == [None, None]


def test_the_ids_of_wide_rows_lose_their_type_and_get_it_back_where_two_share_one(engine: Engine):
    with engine.connect() as connection:
        command.downgrade(config(connection), "0001")
        old_rows(connection)
        command.upgrade(config(connection), "0005")
        campaign = connection.execute(text("SELECT id FROM campaigns")).scalar_one()
        told = {"media_type": "text/csv", "sha256": "0", "n_accepted": 3, "n_rejected": 0}
        upload = insert(connection, "uploads", campaign_id=campaign, **told)
        for row, (kind, external_id) in enumerate((("IC50", "R1/IC50"), ("logS", "R1/logS"), ("logS", "S7"))):
            owners = {"campaign_id": campaign, "upload_id": upload, "row": row, "verbatim": {}, "object": "x"}
            said = {"type": kind, "value": 1.0, "relation": "=", "outcome": "ok", "external_id": external_id}
            insert(connection, "results", **owners, **said)
        ids = text("SELECT external_id FROM results ORDER BY row")
        command.upgrade(config(connection), "0006")
        up = connection.execute(ids).scalars().all()
        command.downgrade(config(connection), "0005")
        down = connection.execute(ids).scalars().all()
        connection.rollback()
    assert up == ["R1", "R1", "S7"]
    assert down == ["R1/IC50", "R1/logS", "S7"]


def test_what_was_amended_is_not_forgotten_by_going_back(engine: Engine):
    with engine.connect() as connection:
        command.downgrade(config(connection), "0001")
        old_rows(connection)
        campaign = connection.execute(text("SELECT id FROM campaigns")).scalar_one()
        told = {"media_type": "text/csv", "sha256": "0", "n_accepted": 1, "n_rejected": 0}
        upload = insert(connection, "uploads", campaign_id=campaign, **told)
        owners = {"campaign_id": campaign, "upload_id": upload, "row": 1, "verbatim": {}, "object": "x"}
        said = {"type": "glow", "value": 1.0, "relation": "=", "outcome": "ok", "external_id": "E1"}
        result = insert(connection, "results", **owners, **said)
        command.upgrade(config(connection), "0010")
        assert connection.execute(text("SELECT revision, other_columns FROM results")).one() == (0, None)
        command.downgrade(config(connection), "0006")
        command.upgrade(config(connection), "0010")
        why = {"campaign_id": campaign, "kind": "withdrawal", "reason": "wrong plate"}
        insert(connection, "amendments", result_id=result, origin_id=result, **why)
        with pytest.raises(DBAPIError, match="restore a backup"):
            command.downgrade(config(connection), "0006")
        connection.rollback()


def test_reasons_of_earlier_decisions_are_kept(engine: Engine):
    with engine.connect() as connection:
        command.downgrade(config(connection), "0001")
        old_rows(connection)
        command.upgrade(config(connection), "0006")
        connection.execute(
            text("UPDATE candidates SET status = 'rejected', status_reason = 'toxic' WHERE rank = 1"),
        )
        command.upgrade(config(connection), "head")
        kept = connection.execute(
            text("SELECT d.status, reason, rank FROM candidate_decisions d JOIN candidates c ON c.id = candidate_id")
        ).all()
        command.downgrade(config(connection), "0006")
        connection.rollback()
    assert [tuple(row) for row in kept] == [("rejected", "toxic", 1)]
