"""Records of other systems are found for any number of ours: a statement has 65,535 parameters at most."""

from uuid import uuid4

from sqlalchemy.orm import Session

from service.store import external_records, lane_links
from service.store.external_records import CANDIDATE

MANY = [uuid4() for _ in range(70_000)]


def test_more_candidates_are_looked_up_than_a_statement_has_parameters(session: Session):
    assert external_records.known(session, uuid4(), CANDIDATE, MANY) == {}
    assert lane_links.holders(session, uuid4(), MANY) == []
