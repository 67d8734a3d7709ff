"""A lab that works with pyBIS: run by an interpreter that has it, and told the server's address.

It prints what it saw as JSON in its last line; pyBIS itself prints requests that were refused.
"""

import contextlib
import json
import sys

from pybis import Openbis


def main(address: str, user: str, password: str, token: str) -> None:
    o = Openbis(address, allow_http_but_do_not_use_this_in_production_and_only_within_safe_networks=True)
    o.login(user, password)
    seen: dict[str, object] = {"active": o.is_session_active()}
    found = o.get_objects(type="COMPOUND", props=["SMILES"])
    seen["compounds"] = sorted((item.code, item.props["smiles"]) for item in found)
    first = o.get_object("/LAB/SCREENING/AF-0A1")
    result = o.new_object(
        type="POTENCY",
        code="R-PYBIS",
        space="LAB",
        project="/LAB/SCREENING",
        parents=[first],
        props={"value": "12.50", "units": "nM", "relation": "gt"},
    )
    result.save()
    seen["result"] = result.permId
    seen["parents"] = result.parents
    try:
        o.new_object(type="COMPOUND", code="AF-0A1", space="LAB", project="/LAB/SCREENING").save()
    except ValueError as error:
        seen["twice"] = str(error)
    o.get_object("/LAB/SCREENING/AF-0A2").delete("made by mistake")
    seen["left"] = sorted(item.code for item in o.get_objects(type="COMPOUND"))
    with contextlib.suppress(ValueError):
        seen["pat"] = o.is_token_valid(token)
    o.logout()
    seen["active after logout"] = o.is_token_valid("scientist-0")
    print(json.dumps(seen))  # noqa: T201 - read by the test


if __name__ == "__main__":
    main(*sys.argv[1:])
