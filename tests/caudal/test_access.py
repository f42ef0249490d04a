"""Who may see what: all of a file or none of it, what the commands say, and an audit that nobody goes around."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from caudal import access, warehouse
from caudal.access import Access, AccessError
from caudal.access_cli import app


@pytest.fixture(autouse=True)
def clean(home: Path):
    yield
    with warehouse.connect() as conn:
        conn.execute("delete from ops.user_access where user_name like 'p.%'")


def run(*args: str):
    return CliRunner().invoke(app, list(args))


def test_a_file_is_taken_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "accesos.csv"
    path.write_text("usuario,rol,hasta,nota\nP.Uno,gerencia,2099-12-31,jefa\np.dos,jefe,,\n", encoding="utf-8-sig")
    done = run("import", str(path))
    assert done.exit_code == 1 and "p.dos, jefe: el rol no existe" in done.output and access.rows("p.uno") == []
    path.write_text(path.read_text(encoding="utf-8-sig").replace("jefe", "solo_lectura"), encoding="utf-8")
    assert run("import", str(path), "--por", "jefa.ti").exit_code == 0
    assert [(r.user_name, r.role, str(r.valid_until), r.place) for r in access.rows("p.uno")] == [("p.uno", "gerencia", "2099-12-31", "toda la empresa")]
    path.write_text("usuario,rol,hasta\np.tres,gerencia,31/12/2099\n")
    assert "línea 2: '31/12/2099' no es una fecha" in run("import", str(path)).output
    path.write_text("user,role\nx,y\n")
    assert "se esperan las columnas usuario, rol" in run("import", str(path)).output


def test_giving_the_same_again_is_no_event_and_a_change_is_one(home: Path) -> None:
    for note in (None, None, "otra"):
        access.grant(Access("p.uno", "gerencia", note=note), by="jefa")
    assert access.revoke("P.UNO", by="jefe") == 1
    with warehouse.connect() as conn:  # by hand, past the command
        conn.execute("insert into ops.user_access (user_name, role, granted_by) values ('p.uno', 'gerencia', 'x')")
        events = conn.execute("select kind, by_whom, before ->> 'note', after ->> 'note' from ops.user_access_event where user_name = 'p.uno' "
                              "order by event_id desc limit 4").fetchall()[::-1]
        owner = conn.execute("select session_user").fetchone()[0]
    assert events == [("granted", "jefa", None, None), ("changed", "jefa", None, "otra"), ("revoked", "jefe", "otra", None), ("granted", owner, None, None)]


def test_the_list_says_what_counts_no_more(home: Path) -> None:
    access.grant(Access("p.uno", "gerencia"))
    with warehouse.connect() as conn:
        conn.execute("update ops.user_access set valid_from = '2020-01-01', valid_until = '2020-02-01' where user_name = 'p.uno'")
    done = run("list", "p.uno")
    assert "toda la empresa" in done.output and "hasta 01/02/2020" in done.output and "(no vigente)" in done.output
    assert run("revoke", "p.nadie").exit_code == 1


@pytest.mark.parametrize("name", ["con espacio", "Á", "x'; drop table", ""])
def test_names_and_codes_are_plain(home: Path, name: str) -> None:
    with pytest.raises(AccessError):
        access.grant(Access(name, "gerencia"))
