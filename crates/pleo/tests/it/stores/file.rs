//! The store in a file.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use pleo::{
    Sandbox, Staging,
    oauth::{RefreshPolicy, RefreshingToken, TokenError, Tokens},
    stores::{FileStore, SealingKeys, TokenStoreError},
};
use serde_json::Value;

use super::{
    Fate, Moment, Orders, Place, PleoServer, Process, clear, expired, goes_on, is_kept_out, keys, load,
    other_key, presented_for, renew_once, save, set_presented, store_error,
};

/// A folder with the store's file, and Pleo.
struct World {
    pleo: PleoServer,
    folder: tempfile::TempDir,
    path: PathBuf,
    store: FileStore<Sandbox>,
}

impl World {
    fn new() -> Self {
        let (pleo, folder) = (PleoServer::start(), tempfile::tempdir().unwrap());
        let path = folder.path().join("customer-1");
        let store = FileStore::new(&path, pleo.environment(), keys());
        Self { pleo, folder, path, store }
    }

    fn place(&self) -> Place {
        Place::File(self.path.clone())
    }

    fn files(&self) -> Vec<String> {
        let name = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name().into_string().unwrap();
        let mut names: Vec<_> = fs::read_dir(self.folder.path()).unwrap().map(name).collect();
        names.sort();
        names
    }
}

/// Makes the note of a renewal an hour older, so that nobody waits.
fn age_note(path: &Path) {
    let mut content: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    if let Some(presented_at) = content["presentedAt"].as_u64() {
        content["presentedAt"] = (presented_at - 3600).into();
        fs::write(path, content.to_string()).unwrap();
    }
}

#[tokio::test]
async fn three_processes_with_a_thousand_calls_renew_once_through_a_file() {
    let world = World::new();
    renew_once(&world.pleo, &world.place(), &world.store).await;
    assert_eq!(world.files(), ["customer-1", "customer-1.lock"]);
    for name in world.files() {
        let mode = fs::metadata(world.folder.path().join(&name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[tokio::test]
async fn a_killed_process_loses_no_pair_that_reached_the_disk_and_no_refresh_token_is_presented_again() {
    for (moment, fate) in [
        (Moment::BeforeNote, Fate::Kept),
        (Moment::BeforeRequest, Fate::Kept),
        (Moment::AfterResponse, Fate::Lost),
        (Moment::BeforeSave, Fate::Lost),
        (Moment::HalfWritten, Fate::Lost),
        (Moment::BeforeRename, Fate::Kept),
        (Moment::AfterSave, Fate::Kept),
    ] {
        let world = World::new();
        save(&world.store, &expired(world.pleo.environment())).await.unwrap();
        let orders = Orders { killed: Some(moment), ..Orders::new(&world.pleo, &world.place()) };
        let mut process = Process::start(&orders);
        process.go();
        match moment {
            Moment::HalfWritten => {
                process.ended_while_it_writes();
                let new = fs::metadata(world.path.with_added_extension("new")).unwrap();
                assert_eq!(new.len(), 100);
            }
            _ => process.killed_when_it_asks(),
        }
        age_note(&world.path);
        goes_on(&world.pleo, &world.place(), &world.store, moment, fate).await;
    }
}

#[tokio::test]
async fn waiting_for_the_lock_of_a_file_ends_with_an_error_by_name() {
    let world = World::new();
    is_kept_out(&world.store, &FileStore::new(&world.path, world.pleo.environment(), keys())).await;
}

#[tokio::test]
async fn a_new_file_that_only_differs_by_its_note_changes_nothing() {
    let world = World::new();
    save(&world.store, &expired(world.pleo.environment())).await.unwrap();
    let mut content: Value = serde_json::from_slice(&fs::read(&world.path).unwrap()).unwrap();
    content["presentedAt"] = 1.into();
    fs::write(world.path.with_added_extension("new"), content.to_string()).unwrap();
    // The process was killed before it had noted it, so it had not begun.
    assert_eq!(presented_for(&world.store).await, None);
    set_presented(&world.store, true).await;
    assert!(presented_for(&world.store).await.is_some());
    set_presented(&world.store, false).await;
    assert_eq!(presented_for(&world.store).await, None);
}

#[tokio::test]
async fn cleared_tokens_do_not_come_back() {
    let world = World::new();
    save(&world.store, &expired(world.pleo.environment())).await.unwrap();
    fs::copy(&world.path, world.path.with_added_extension("new")).unwrap();
    clear(&world.store).await.unwrap();
    clear(&world.store).await.unwrap();
    assert!(load(&world.store).await.unwrap().is_none());
    set_presented(&world.store, true).await;
    assert_eq!(presented_for(&world.store).await, None);
}

#[tokio::test]
async fn a_file_that_was_changed_cut_off_moved_or_sealed_with_another_key_is_an_error_by_name() {
    let world = World::new();
    let at = |path: &Path, keys| FileStore::new(path, world.pleo.environment(), keys);
    save(&world.store, &expired(world.pleo.environment())).await.unwrap();
    let good = fs::read(&world.path).unwrap();

    let wrong = at(&world.path, SealingKeys::new(other_key()));
    assert!(matches!(store_error(load(&wrong).await), TokenStoreError::UnknownKey { .. }));
    let changed =
        at(&world.path, SealingKeys::new(other_key()).with_former(super::SealingKey::from_bytes([7; 32])));
    assert!(load(&changed).await.unwrap().is_some());

    let other = world.folder.path().join("customer-2");
    fs::copy(&world.path, &other).unwrap();
    assert!(matches!(store_error(load(&at(&other, keys())).await), TokenStoreError::Tampered));

    for length in [0, 1, good.len() / 2, good.len() - 1] {
        fs::write(&world.path, &good[..length]).unwrap();
        let error = store_error(load(&world.store).await);
        assert!(matches!(error, TokenStoreError::Unreadable { .. }), "{length}: {error}");
    }
    let mut content: Value = serde_json::from_slice(&good).unwrap();
    let sealed = content["sealed"].as_str().unwrap();
    let flipped = if sealed.as_bytes()[40] == b'A' { "B" } else { "A" };
    content["sealed"] = format!("{}{flipped}{}", &sealed[..40], &sealed[41..]).into();
    fs::write(&world.path, content.to_string()).unwrap();
    assert!(matches!(store_error(load(&world.store).await), TokenStoreError::Tampered));

    // A client is told, and nothing is presented.
    let token = RefreshingToken::resume(world.pleo.app(), world.store.clone(), RefreshPolicy::default());
    match token.prepare().await {
        Err(TokenError::StoreFailed { source }) => {
            assert!(matches!(source.downcast_ref(), Some(TokenStoreError::Tampered)));
            let text = format!("{source} {source:?} {:?}", world.store);
            assert!(!text.contains("FAKE"), "{text}");
        }
        other => panic!("{other:?}"),
    }
    assert!(world.pleo.presented().is_empty());
}

#[tokio::test]
async fn tokens_of_another_environment_and_a_folder_that_is_missing_are_errors_by_name() {
    let world = World::new();
    save(&world.store, &expired(world.pleo.environment())).await.unwrap();
    let staging = FileStore::new(&world.path, Staging, keys());
    assert!(matches!(store_error(load(&staging).await), TokenStoreError::OtherEnvironment));

    let missing = FileStore::new(world.folder.path().join("no/such"), Staging, keys());
    let tokens = Tokens::new(Staging, "FAKE", None, None);
    let error = store_error(save(&missing, &tokens).await);
    assert!(matches!(error, TokenStoreError::File { .. }));
    assert!(format!("{error:?}").contains("could not lock"), "{error:?}");
}
