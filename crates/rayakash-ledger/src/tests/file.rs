//! The file itself: who may read it, what is refused, and what happens when the disk is full.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use rusqlite::Connection;

use super::*;
use crate::LedgerError;

fn refusal(path: &Path) -> LedgerError {
    Ledger::open(path, read_wish).unwrap_err()
}

#[tokio::test]
async fn nobody_else_reads_it() {
    let desk = Desk::new();
    desk.ledger.say(&name("demo"), "ordering", "").await.unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let folder = desk.path().parent().unwrap().to_owned();
    assert_eq!(mode(&folder), 0o700);
    let files: Vec<PathBuf> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(files.len(), 3, "the file, its log and its index: {files:?}");
    for file in files {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
    fs::set_permissions(desk.path(), fs::Permissions::from_mode(0o644)).unwrap();
    let _again = open(&desk.path());
    assert_eq!(mode(&desk.path()), 0o600);
}

#[tokio::test]
async fn commits_wait_for_the_disk() {
    let desk = Desk::new();
    let (mode, synchronous, keys) = desk.ledger.store.with_writer(|writer| {
        let pragma = |name: &str| writer.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).unwrap();
        let mode: String = writer.pragma_query_value(None, "journal_mode", |row| row.get(0)).unwrap();
        (mode, pragma("synchronous"), pragma("foreign_keys"))
    });
    assert_eq!((mode.as_str(), synchronous, keys), ("wal", 2, 1));
}

#[test]
fn a_newer_format_is_refused_and_left_alone() {
    let desk = Desk::new();
    let path = desk.path();
    drop(desk.ledger);
    Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let before = fs::read(&path).unwrap();
    let newer = refusal(&path);
    assert!(matches!(newer, LedgerError::Newer { found: 99, .. }), "{newer}");
    assert!(newer.to_string().contains("newer rayakash (format 99, this one knows "), "{newer}");
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn a_database_of_something_else_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("other.db");
    Connection::open(&path).unwrap().execute_batch("CREATE TABLE other (x INTEGER)").unwrap();
    let before = fs::read(&path).unwrap();
    assert!(matches!(refusal(&path), LedgerError::Foreign { .. }));
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[tokio::test]
async fn damage_is_reported_and_left_alone() {
    let desk = Desk::new();
    for number in 0..200 {
        desk.ledger.say(&name("demo"), &format!("phase {number}"), &"x".repeat(200)).await.unwrap();
    }
    let (path, folder) = (desk.path(), desk.folder);
    drop(desk.ledger);
    let sound = fs::read(&path).unwrap();
    let page = 4_096;
    assert!(sound.len() > 20 * page);
    let text = b"this is a text, not a database. ".repeat(200);
    let zeroed =
        |number: usize| [&sound[..number * page], &vec![0; page], &sound[(number + 1) * page..]].concat();
    for damaged in [text, zeroed(2), zeroed(sound.len() / page - 1), sound[..sound.len() / 2].to_vec()] {
        fs::write(&path, &damaged).unwrap();
        let damage = refusal(&path);
        assert!(matches!(damage, LedgerError::Damaged { .. }), "{damage:?}");
        assert!(damage.to_string().contains("ledger.db is damaged"), "{damage}");
        assert_eq!(fs::read(&path).unwrap(), damaged);
    }
    fs::write(&path, &sound).unwrap();
    assert_eq!(open(&path).events(0, None, 1_000).await.unwrap().len(), 200);
    drop(folder);
}

#[test]
fn a_place_that_cannot_be_written_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let failure = refusal(&file.join("ledger.db"));
    assert!(failure.to_string().contains("file/ledger.db"), "{failure}");
}

#[tokio::test]
async fn a_full_disk_stops_effects_and_forgets_nothing() {
    let desk = Desk::wanting("demo").await;
    let limit = |pages: i64| {
        desk.ledger.store.with_writer(|writer| writer.pragma_update(None, "max_page_count", pages)).unwrap();
    };
    let intent = desk.intend("demo", &opening(1, 900)).await;
    let used: i64 = desk
        .ledger
        .store
        .with_writer(|writer| writer.pragma_query_value(None, "page_count", |row| row.get(0)))
        .unwrap();
    limit(used);
    let cluster = name("demo");
    let mut words = 0;
    let full = loop {
        match desk.ledger.say(&cluster, "ordering", &"x".repeat(500)).await {
            Ok(()) => words += 1,
            Err(full) => break full,
        }
    };
    assert!(full.why.contains("ledger.db") && full.why.contains("full"), "{full}");
    let before = desk.kinds().await;
    let newest = *desk.ledger.subscribe().borrow();
    let large = Act::Avoid { provider: address(3), until_ms: 1, why: "x".repeat(9_000) };
    assert!(desk.ledger.enter(&cluster, &large, &tip(10)).await.is_err());
    let why = "x".repeat(9_000);
    let refused = Outcome::Refused { why: why.clone(), receipt: landed("AA", 11) };
    assert!(desk.settle(&intent, &refused).await.is_err());
    let act = closing(1, Why::Broken(why));
    assert!(desk.begin("demo", &act).await.is_err());
    assert_eq!(desk.kinds().await, before);
    assert_eq!(*desk.ledger.subscribe().borrow(), newest);
    let books = desk.books("demo").await;
    assert_eq!((books.open.len(), books.facts.len(), books.fees), (1, 1, 0));

    // Room again: the same call goes through, and nothing was lost.
    limit(i64::from(u32::MAX) - 1);
    desk.settle(&intent, &refused).await.unwrap();
    let books = desk.books("demo").await;
    assert_eq!((books.open.len(), books.facts.len(), books.fees), (0, 2, 5_000));
    assert_eq!(desk.kinds().await.len(), 2 + words + 2);
}

#[tokio::test]
async fn records_are_only_added() {
    let desk = Desk::new();
    desk.ledger.say(&name("demo"), "ordering", "").await.unwrap();
    desk.ledger.store.with_writer(|writer| {
        for change in ["UPDATE records SET text = 'x'", "DELETE FROM records"] {
            let refusal = writer.execute(change, []).unwrap_err();
            assert!(refusal.to_string().contains("records are only added"), "{refusal}");
        }
    });
}
