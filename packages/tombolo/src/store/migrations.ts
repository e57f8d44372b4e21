/** The schema's history. `user_version` counts how many of these a file has seen; a released one is never changed. */
/** Marks the file as ours in SQLite's header (`application_id`): "TMBO". */
export const APPLICATION_ID = 0x544d424f;

/** One table per kind: records keep the order of their first put by `id`, and are found by `key`. */
function table(name: string): string {
  return `CREATE TABLE ${name} (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, record TEXT NOT NULL) STRICT;`;
}

const FIRST_TABLES = ["meta", "rules", "authorizations", "dialogs", "presence", "addresses", "messages"];

export const MIGRATIONS: readonly string[] = [FIRST_TABLES.map(table).join("\n"), table("publications")];

export const SCHEMA_VERSION = MIGRATIONS.length;
