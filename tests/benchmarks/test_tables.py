"""Measured tables are fetched file by file, and none is stored with a wrong checksum."""

import gzip
import hashlib
import io
import pickle
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import numpy as np
import pytest

from benchmarks.tables import __main__ as command
from benchmarks.tables import catalogue, conversions
from benchmarks.tables.catalogue import TABLES, MeasuredTable, Upstream, digest

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """Return a folder and the address of a server of its files."""
    folder = tmp_path / "upstream"
    folder.mkdir()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield folder, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def published(folder: Path, content: bytes, path: str = "a/table.csv") -> MeasuredTable:
    """Store an upstream file on the server and return the table that is made from it."""
    file = Upstream("owner/name", COMMIT, "data/table.csv", sha256(content))
    upstream = folder / file.address
    upstream.parent.mkdir(parents=True, exist_ok=True)
    upstream.write_bytes(content)
    return MeasuredTable(path, "a table", "nobody", "CC0-1.0", sha256(content), (file,))


@pytest.fixture
def one_table(served: tuple[Path, str], monkeypatch: pytest.MonkeyPatch) -> MeasuredTable:
    table = published(served[0], b"x,y\n1,2\n")
    monkeypatch.setattr(command, "TABLES", (table,))
    return table


def test_a_missing_table_is_fetched_and_checked(
    served: tuple[Path, str], one_table: MeasuredTable, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = tmp_path / "tables"
    assert command.main(["--folder", str(where)]) == 1
    said = capsys.readouterr().out
    assert "missing  a/table.csv" in said
    assert "python -m benchmarks.tables --fetch" in said
    assert not where.exists()
    assert command.main(["--folder", str(where), "--server", served[1], "--fetch"]) == 0
    assert (where / one_table.path).read_bytes() == b"x,y\n1,2\n"
    assert [path.name for path in (where / "a").iterdir()] == ["table.csv"]


def test_a_file_that_changed_upstream_is_not_stored(
    served: tuple[Path, str], one_table: MeasuredTable, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (served[0] / one_table.files[0].address).write_bytes(b"x,y\n1,3\n")
    assert command.main(["--folder", str(tmp_path / "tables"), "--server", served[1], "--fetch"]) == 1
    assert f"expected {one_table.sha256}" in capsys.readouterr().out
    assert not (tmp_path / "tables" / one_table.path).exists()


def test_a_table_with_other_content_is_not_stored(
    served: tuple[Path, str], one_table: MeasuredTable, tmp_path: Path
) -> None:
    other = replace(one_table, convert=lambda contents: contents[0] + b"3,4\n")
    with pytest.raises(command.FetchError, match="its content's SHA-256"):
        command.fetch(other, tmp_path / "tables", served[1])
    assert list((tmp_path / "tables" / "a").iterdir()) == []


@pytest.mark.usefixtures("one_table")
@pytest.mark.parametrize("server", ["http://127.0.0.1:9", "gone"])
def test_a_server_that_has_nothing_is_named(
    server: str, served: tuple[Path, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    address = f"{served[1]}/nowhere" if server == "gone" else server
    assert command.main(["--folder", str(tmp_path / "tables"), "--server", address, "--fetch"]) == 1
    assert f"not fetched: {address}/owner/name/{COMMIT}/data/table.csv: " in capsys.readouterr().out


def test_a_table_of_that_name_with_another_content_is_kept(
    served: tuple[Path, str], one_table: MeasuredTable, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = tmp_path / "tables" / one_table.path
    mine.parent.mkdir(parents=True)
    mine.write_bytes(b"mine")
    assert command.main(["--folder", str(tmp_path / "tables"), "--server", served[1], "--fetch"]) == 1
    said = capsys.readouterr().out
    assert "move it away first" in said
    assert "differs  a/table.csv" in said
    assert mine.read_bytes() == b"mine"


def test_more_than_any_table_holds_is_not_read(
    served: tuple[Path, str], one_table: MeasuredTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "MOST_BYTES", 4)
    with pytest.raises(command.FetchError, match="more than 4 bytes"):
        command.download(one_table.files[0], served[1])


def test_a_folder_that_cannot_be_written_to_is_named(
    served: tuple[Path, str], one_table: MeasuredTable, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "tables").write_text("a file", encoding="utf-8")
    assert command.main(["--folder", str(tmp_path / "tables"), "--server", served[1], "--fetch"]) == 1
    assert f"{tmp_path / 'tables' / one_table.path}: Not a directory; name another folder" in capsys.readouterr().out


def test_an_unknown_table_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        command.main(["--fetch", "nothing.csv"])
    assert "there is no table nothing.csv" in capsys.readouterr().err


def test_packed_files_count_by_their_content(tmp_path: Path) -> None:
    digests = set()
    for upstream, time in enumerate((0, 1)):
        path = tmp_path / f"{upstream}.csv.gz"
        path.write_bytes(gzip.compress(b"x", mtime=time))
        digests.add(digest(path))
    assert digests == {sha256(b"x")}


def test_every_table_names_origin_licence_and_checksums() -> None:
    assert len({table.path for table in TABLES}) == len(TABLES)
    for table in TABLES:
        assert table.origin
        assert table.licence
        for text in (table.sha256, *(file.sha256 for file in table.files)):
            assert len(text) == 64
        assert all(len(file.commit) == 40 for file in table.files)


def test_a_benchmark_hears_why_it_is_skipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue, "DATA", tmp_path)
    assert "--fetch lnp3/lnp3.csv" in str(catalogue.why_absent("lnp3/lnp3.csv"))
    (tmp_path / "lnp3").mkdir()
    (tmp_path / "lnp3" / "lnp3.csv").touch()
    assert catalogue.why_absent("lnp3/lnp3.csv") is None


def test_the_environment_names_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(catalogue.FOLDER_VARIABLE, str(tmp_path))
    assert catalogue.folder() == tmp_path


def test_scores_of_both_strands_are_scaled_over_all() -> None:
    content = b"8-mer\t8-mer\tE-score\tMedian\tZ-score\nAC\tGT\t-1.0\t0\t0\nCA\tTG\t3.0\t0\t0\nAA\tTT\t0.0\t0\t0\n"
    made = gzip.decompress(conversions.tfbind8([content] * 3)).decode().splitlines()
    assert made[0] == "sequence,SIX6_REF_R1,EGR2_REF_R1,NR1H4_REF_R1"
    assert made[1:3] == ["AA,0.25,0.25,0.25", "AC,0.0,0.0,0.0"]
    assert len(made) == 7


def test_variants_come_out_of_the_archive() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("four_mutations_full_data.csv", "Variants,HD,Fitness\nVDGV,0,1.0\nADGV,1,0.0619096557142\n")
    assert gzip.decompress(conversions.gb1([file.getvalue()])) == b"variant,fitness\nVDGV,1.0\nADGV,0.06191\n"


def test_a_pickle_gives_arrays_and_nothing_that_runs() -> None:
    arrays = [np.arange(3, dtype=np.float32), np.ones((2, 2))]
    content = pickle.dumps(arrays, protocol=3).replace(b"numpy._core.multiarray", b"numpy.core.multiarray")
    made = np.load(io.BytesIO(conversions.docking_proxy([gzip.compress(content)])))
    assert made.files == ["p00", "p01"]
    np.testing.assert_array_equal(made["p01"], np.ones((2, 2)))
    with pytest.raises(pickle.UnpicklingError, match=r"builtins.print has no place in a table"):
        conversions.qm9_strings([pickle.dumps(print)])
