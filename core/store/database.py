"""Opens the database and hands out transactions: SQLite in the data directory, or whatever `LOUPE_DATABASE_URL` names.

Brings the schema up to date on first use and refuses one that is newer than this Loupe. Knows nothing of what is
stored.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.orm import Session

from core.errors import StoreError
from core.settings import ensure_home, get_settings
from core.store.tables import SCHEMA_VERSION

BUSY_TIMEOUT_S = 10
MIGRATIONS = Path(__file__).parent / "migrations"
_MIGRATION_LOCK = 0x10093  # any number, the same in every process


class Database:
    """One open database; safe to use from several threads.

    Raises:
        StoreError: from every method; one sentence that never holds a password.
    """

    def __init__(self, url: URL) -> None:
        self.url = url
        self.path = _sqlite_path(url)
        self._lock = threading.Lock()
        self._engine: Engine | None = None
        self._inode: int | None = None

    @contextlib.contextmanager
    def read(self) -> Iterator[Session]:
        """A consistent view; on SQLite it waits for no writer."""
        with self._errors(), Session(self._open()) as session:
            yield session

    @contextlib.contextmanager
    def write(self) -> Iterator[Session]:
        """One transaction, committed at the end of the block.

        On SQLite it takes the write lock first: a transaction that reads and then writes cannot fail half-way because
        another one wrote in between.
        """
        with self._errors():
            engine = self._open().execution_options(loupe_write=True)
            with Session(engine) as session, session.begin():
                yield session

    def close(self) -> None:
        """Let go of all connections; the next use opens the database again."""
        with self._lock:
            if self._engine is not None:
                self._engine.dispose()
            self._engine = None

    def _open(self) -> Engine:
        with self._lock:
            if self._engine is not None and self.path is not None and _inode(self.path) != self._inode:
                # Somebody removed or replaced the file. Writing on would go to a file without a name.
                self._engine.dispose()
                self._engine = None
            if self._engine is None:
                if self.path is not None:
                    _create_private(self.path)
                engine = _engine(self.url, is_sqlite=self.path is not None)
                _migrate(engine)
                self._engine, self._inode = engine, _inode(self.path) if self.path else None
            return self._engine

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (SQLAlchemyError, OSError) as error:
            raise StoreError(self._sentence(error)) from error
        except (OverflowError, ValueError) as error:  # a driver's own complaint about a value
            raise StoreError(f"A value does not fit the database: {error}.") from error

    def _sentence(self, error: Exception) -> str:
        where = str(self.path) if self.path else self.url.render_as_string(hide_password=True)
        said = str(getattr(error, "orig", None) or error).strip() or type(error).__name__
        reason = said.splitlines()[0].rstrip(".")
        if self.url.password:
            reason = reason.replace(str(self.url.password), "…")
        if "database is locked" in reason:
            return f"The database {where} is locked by another program (waited {BUSY_TIMEOUT_S} s); try again later."
        if "disk is full" in reason:
            return f"The disk is full: the database {where} cannot be written; free some space and try again."
        if "malformed" in reason or "not a database" in reason:
            return f"The file {where} is damaged or not a database ({reason}); move it away and Loupe starts a new one."
        return f"The database {where} cannot be used: {reason}."


_current: Database | None = None
_current_lock = threading.Lock()


def get_database() -> Database:
    """The database that the settings name.

    Raises:
        StoreError: the URL is malformed or its driver is missing.
    """
    global _current
    settings = get_settings()
    if settings.database_url:
        try:
            url = make_url(settings.database_url)
            url.get_dialect().import_dbapi()
        except NoSuchModuleError:
            raise StoreError(
                f"LOUPE_DATABASE_URL names {url.drivername}, a database that Loupe does not know."
            ) from None
        except (ArgumentError, ValueError):
            raise StoreError(
                "LOUPE_DATABASE_URL is not a database URL; write it as postgresql://USER:PASSWORD@HOST/NAME."
            ) from None
        except ModuleNotFoundError as error:
            raise StoreError(
                f"LOUPE_DATABASE_URL needs the Python package {error.name}, which is not installed; add it with pip."
            ) from None
    else:
        url = URL.create("sqlite", database=str(settings.home / "loupe.db"))
    with _current_lock:
        if _current is None or _current.url != url:
            ensure_home()
            if _current is not None:
                _current.close()
            _current = Database(url)
        return _current


def _engine(url: URL, *, is_sqlite: bool) -> Engine:
    if not is_sqlite:
        return create_engine(url, pool_pre_ping=True)
    engine = create_engine(url, connect_args={"timeout": BUSY_TIMEOUT_S})

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, record: Any) -> None:
        connection.isolation_level = None  # the driver must not begin transactions of its own
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("loupe_write", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _migrate(engine: Engine) -> None:
    """Bring the schema to `SCHEMA_VERSION`; Alembic is imported only when it is not there already."""
    with engine.connect() as connection:
        if _version(connection) == SCHEMA_VERSION:
            return
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))  # the parser reads % as a variable
    with engine.execution_options(loupe_write=True).begin() as connection:
        if connection.dialect.name == "postgresql":  # SQLite's write lock already keeps a second process out
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
        version = _version(connection)  # read again: another process may have migrated while this one waited
        known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
        if version is not None and version not in known:
            raise StoreError(
                f"The database has schema version {version}, which is newer than this Loupe knows ({SCHEMA_VERSION}); "
                "update Loupe, or point LOUPE_HOME at another folder."
            )
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    version: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return version


def _sqlite_path(url: URL) -> Path | None:
    if url.get_backend_name() != "sqlite":
        return None
    if not url.database or url.database == ":memory:":
        raise StoreError("A SQLite database in memory cannot be shared by Loupe's threads; name a file.")
    return Path(url.database)


def _create_private(path: Path) -> None:
    """Make the file before SQLite does: runs hold private text, and SQLite would make it readable for everybody."""
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))


def _inode(path: Path) -> int | None:
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return None
