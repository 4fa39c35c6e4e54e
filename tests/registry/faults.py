"""Errors as a database raises them, for tests in which it fails."""

from __future__ import annotations

import sqlite3

import psycopg
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from registry.storage.database import Database


def disk_full(database: Database, statement: str) -> OperationalError:
    """What SQLAlchemy makes of a full disk."""
    full: Exception = psycopg.errors.DiskFull("no space")
    if database.writer.dialect.name == "sqlite":
        full = sqlite3.OperationalError("database or disk is full")
    return sa.exc.OperationalError(statement, {}, full)
