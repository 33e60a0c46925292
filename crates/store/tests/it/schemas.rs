//! Both schemas are the same, every statement prepares on both, a newer database is refused.

use std::collections::BTreeSet;

use countersign_store::{Actor, Engine, Store, StoreError};
use sqlx::{AssertSqlSafe, Connection, Executor, SqlSafeStr};

use crate::world::{World, both};

/// Table, column, whether it takes NULL.
async fn columns(store: &Store) -> BTreeSet<(String, String, bool)> {
    let mut reader = store.read().await.unwrap();
    let query = reader.query_for(
        "SELECT m.name AS table_name, c.name AS column_name, c.\"notnull\" = 0 AND c.pk = 0 AS nullable \
         FROM sqlite_schema m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'",
        "SELECT table_name::text, column_name::text, is_nullable = 'YES' AS nullable \
         FROM information_schema.columns WHERE table_schema = 'public'",
    );
    let rows = query.fetch_all().await.unwrap();
    rows.iter()
        .map(|row| {
            (row.get("table_name").unwrap(), row.get("column_name").unwrap(), row.get("nullable").unwrap())
        })
        .collect()
}

/// Every literal of the crate's sources that is given to `query(` directly or as a variable `sql`.
fn statements() -> Vec<String> {
    let source = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = vec![source];
    let mut found = Vec::new();
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        let text = std::fs::read_to_string(path).unwrap();
        // Tests of a file make tables of their own.
        let text = text.split("#[cfg(test)]").next().unwrap_or_default();
        for word in ["SELECT ", "UPDATE ", "INSERT INTO ", "DELETE FROM "] {
            let mark = format!("\"{word}");
            found.extend(text.match_indices(&mark).map(|(at, _)| literal(&text[at + 1..])));
        }
    }
    // Fragments that are put together are run by the tests of what they do.
    let is_whole = |sql: &String| sql.matches('(').count() == sql.matches(')').count();
    found.retain(|sql| is_whole(sql) && !sql.contains('{') && !sql.ends_with(' '));
    found
}

/// A string literal up to its end, with its line continuations joined.
fn literal(text: &str) -> String {
    let (mut out, mut characters) = (String::new(), text.chars());
    while let Some(character) = characters.next() {
        match character {
            '"' => return out,
            '\\' => match characters.next() {
                Some('\n') => {
                    let rest = characters.as_str().trim_start();
                    characters = rest.chars();
                }
                Some(escaped) => out.push(escaped),
                None => return out,
            },
            other => out.push(other),
        }
    }
    out
}

both! {
    async fn every_statement_prepares(world: World) {
        let statements = statements();
        assert!(statements.len() > 100, "only {} statements were found", statements.len());
        for sql in statements {
            let only_postgres = ["pg_", "FOR UPDATE", "FOR NO KEY UPDATE", "FOR SHARE"].iter().any(|word| sql.contains(word));
            let prepared = match &world.config.database {
                Some(url) => {
                    let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
                    let outcome = connection.prepare(AssertSqlSafe(sql.clone()).into_sql_str()).await.map(drop);
                    connection.close().await.unwrap();
                    outcome.map_err(|error| error.to_string())
                }
                None if only_postgres => continue,
                None => {
                    let file = world.folder.path().join("countersign.db");
                    let connection = rusqlite::Connection::open(file).unwrap();
                    connection.prepare(&sql).map(drop).map_err(|error| error.to_string())
                }
            };
            assert!(prepared.is_ok(), "{sql}: {prepared:?}");
        }
    }

    async fn a_newer_database_is_refused(world: World) {
        let outcome: Result<(), StoreError> = world
            .store
            .write(Actor::system(), |tx| {
                Box::pin(async move {
                    tx.query("INSERT INTO schema_versions (version) VALUES (999)").execute().await?;
                    tx.record(countersign_store::Evidence::new("test", "test", tx.fresh())).map(drop)
                })
            })
            .await;
        outcome.unwrap();
        let refused = Store::open(&world.config, world.clock.clone(), world.ids.clone()).await;
        assert!(matches!(refused.err(), Some(StoreError::NewerSchema { found: 999, .. })));
    }
}

#[tokio::test]
async fn both_schemas_have_the_same_columns() {
    let Some(postgres) = World::postgres().await else { return };
    let sqlite = World::sqlite().await;
    assert_eq!((sqlite.store.engine(), postgres.store.engine()), (Engine::Sqlite, Engine::Postgres));
    assert_eq!(columns(&sqlite.store).await, columns(&postgres.store).await);
    postgres.end().await;
    sqlite.end().await;
}

#[tokio::test]
async fn a_backup_knows_every_column() {
    let world = World::sqlite().await;
    let out = world.folder.path().join("backup.zip");
    let report = world.store.backup(&out).await.unwrap();
    let backed_up: BTreeSet<_> = report.tables.into_iter().map(|table| table.name).collect();
    let mut tables: BTreeSet<_> =
        columns(&world.store).await.into_iter().map(|(table, _, _)| table).collect();
    tables.remove("schema_versions");
    assert_eq!(backed_up, tables);
    let known = countersign_store::backup_columns();
    let mut columns = columns(&world.store).await;
    columns.retain(|(table, _, _)| table != "schema_versions");
    let columns: BTreeSet<_> = columns.into_iter().map(|(table, column, _)| (table, column)).collect();
    assert_eq!(known, columns);
    world.end().await;
}
