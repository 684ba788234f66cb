"""Opening: private files, migrations forward only, and one sentence for a database that cannot be used."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from core.errors import StoreError
from core.settings import get_settings
from core.store import database, runs
from core.store.database import MIGRATIONS, get_database
from core.store.tables import SCHEMA_VERSION, Base
from tests.core.store.records import record


def test_the_schema_version_is_the_newest_migration_and_makes_the_tables() -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.config import Config
    from alembic.migration import MigrationContext
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_current_head() == SCHEMA_VERSION
    with get_database().read() as session:
        assert compare_metadata(MigrationContext.configure(session.connection()), Base.metadata) == []


def test_files_are_private_and_the_journal_is_wal(loupe_home: Path) -> None:
    runs.save(record())
    for file in loupe_home.glob("loupe.db*"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
    assert sqlite3.connect(loupe_home / "loupe.db").execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_opening_an_up_to_date_database_imports_no_alembic(loupe_home: Path) -> None:
    runs.save(record())
    program = "import sys; from core.store import runs; runs.list_runs(); print('alembic' in sys.modules)"
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[3]
    )
    assert result.stdout.strip() == "False"


def test_a_newer_schema_is_refused_and_left_alone(loupe_home: Path) -> None:
    runs.save(record())
    get_database().close()
    with sqlite3.connect(loupe_home / "loupe.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreError, match="newer than this Loupe"):
        runs.list_runs()
    with sqlite3.connect(loupe_home / "loupe.db") as connection:
        assert connection.execute("SELECT count(*) FROM runs").fetchone() == (1,)


def test_an_older_schema_is_migrated(loupe_home: Path) -> None:
    loupe_home.mkdir(parents=True)
    with sqlite3.connect(loupe_home / "loupe.db") as connection:
        connection.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
    runs.save(record())
    assert runs.count_runs() == 1


def test_what_is_no_database_is_one_sentence_and_stays(loupe_home: Path) -> None:
    loupe_home.mkdir(parents=True)
    file = loupe_home / "loupe.db"
    file.write_bytes(b"this is not a database at all" * 100)
    with pytest.raises(StoreError, match="damaged or not a database") as caught:
        runs.list_runs()
    assert str(file) in str(caught.value)
    assert file.read_bytes().startswith(b"this is not")


def test_a_locked_database_is_one_sentence_and_works_again(loupe_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY_TIMEOUT_S", 0.1)
    runs.save(record())
    other = sqlite3.connect(loupe_home / "loupe.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="locked by another program"):
        runs.save(record())
    assert len(runs.list_runs()) == 1  # reading waits for nobody
    other.execute("ROLLBACK")
    runs.save(record())
    assert runs.count_runs() == 2


def test_a_deleted_database_is_made_again(loupe_home: Path) -> None:
    runs.save(record())
    for file in loupe_home.glob("loupe.db*"):
        file.unlink()
    runs.save(record())
    assert runs.count_runs() == 1


def test_a_failed_transaction_leaves_nothing(loupe_home: Path) -> None:
    from core.store.tables import Run

    saved = record()
    runs.save(saved)
    with pytest.raises(StoreError), get_database().write() as session:
        session.add(Run(**{name: getattr(saved, name) for name in saved.__dataclass_fields__}))
    assert runs.count_runs() == 1


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("nonsense", "not a database URL"),
        ("martian://x/y", "does not know"),
        ("sqlite://", "name a file"),
        ("sqlite:////no/such/folder/x.db", "/no/such/folder/x.db cannot be used"),
    ],
)
def test_a_bad_url_is_one_sentence(url: str, says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOUPE_DATABASE_URL", url)
    get_settings.cache_clear()
    with pytest.raises(StoreError, match=says):
        runs.list_runs()


def test_a_password_is_in_no_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOUPE_DATABASE_URL", "postgresql+martian://loupe:sk-CANARY-1234567@127.0.0.1:9/loupe")
    get_settings.cache_clear()
    with pytest.raises(StoreError) as caught:
        runs.list_runs()
    assert "CANARY" not in str(caught.value)


def test_another_sqlite_file_by_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOUPE_DATABASE_URL", f"sqlite:///{tmp_path}/with space ü.db")
    get_settings.cache_clear()
    runs.save(record())
    assert (tmp_path / "with space ü.db").is_file()


def test_every_acknowledged_run_survives_a_kill(loupe_home: Path) -> None:
    program = (
        "from tests.core.store.records import record\nfrom core.store import runs\n"
        "while True:\n    r = record()\n    runs.save(r)\n    print(r.id, flush=True)\n"
    )
    acknowledged: set[str] = set()
    for _ in range(3):
        child = subprocess.Popen(
            [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3]
        )
        assert child.stdout is not None
        for _ in range(25):
            acknowledged.add(child.stdout.readline().strip())
        child.kill()
        acknowledged.update(line.strip() for line in child.stdout if line.endswith("\n"))
        child.wait()
    assert acknowledged <= {row.id for row in runs.list_runs(limit=10_000)}
    assert sqlite3.connect(loupe_home / "loupe.db").execute("PRAGMA integrity_check").fetchone() == ("ok",)
