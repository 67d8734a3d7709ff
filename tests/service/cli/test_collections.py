"""`assayflow collections` against a real API: a list goes in, is shown, comes out and is deleted."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

from typer.testing import CliRunner, Result

from service.cli.main import commands

if TYPE_CHECKING:
    from players import Player


def test_a_list_is_uploaded_shown_exported_and_deleted(player: "Player", tmp_path: Path) -> None:
    def typed(*words: object) -> Result:
        done = CliRunner().invoke(commands, ["collections", *map(str, words)], env=player.environment)
        assert done.exit_code == 0, (done.output, done.exception)
        return done

    table, out = tmp_path / "amines.csv", tmp_path / "out.csv"
    table.write_text("SMILES,Cat No\nOCCN,A-1\nCN.Cl,A-2\n")
    shown = typed("upload", table).stdout
    assert "2 rows kept, 0 rejected" in shown
    assert "counterion" in shown
    (made,) = json.loads(typed("list", "--json").stdout)
    assert (made["name"], made["rows"]) == ("amines", 2)
    assert made["sha256"] in typed("show", made["id"]).stdout.replace("\n", "")
    typed("export", made["id"], "--out", out)
    assert out.read_text().splitlines()[1:] == ["NCCO,OCCN,A-1", "CN,CN.Cl,A-2"]
    typed("delete", made["id"])
    assert json.loads(typed("list", "--json").stdout) == []
