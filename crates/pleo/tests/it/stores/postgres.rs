//! The store in a PostgreSQL database.

use bytes::Bytes;
use pleo::{
    BoxFuture, ReqwestTransport, Sandbox, TransportError,
    oauth::{OAuthTransport, RefreshPolicy, RefreshingToken, TokenError, Tokens},
    stores::{PostgresStore, SealingKey, SealingKeys, TokenStoreError},
};

use super::{
    Fate, Moment, Orders, Place, PleoServer, Process, clear,
    database::{Address, Database},
    expired, goes_on, is_kept_out, keys, load, other_key, pleo_server, presented_for,
    proxy::Proxy,
    renew_once, save, set_presented, store_error,
};

const NAME: &str = "customer-1";

/// A database with the table, the store of a row, and Pleo.
struct World {
    pleo: PleoServer,
    database: Database,
    store: PostgresStore<Sandbox>,
}

impl World {
    async fn new() -> Option<Self> {
        let database = Database::start().await?;
        let tokens = database.address.tokens(keys());
        tokens.create_table().await.unwrap();
        tokens.create_table().await.unwrap();
        Some(Self::with_database(database))
    }

    fn with_database(database: Database) -> Self {
        let pleo = PleoServer::start();
        let store = database.address.tokens(keys()).store(pleo.environment(), NAME);
        Self { pleo, database, store }
    }

    fn place(&self, database: &Address) -> Place {
        Place::Row { database: database.clone(), name: NAME.to_owned() }
    }

    async fn execute(&self, statement: &str) {
        self.database.address.client().await.batch_execute(statement).await.unwrap();
    }
}

#[tokio::test]
async fn three_processes_with_a_thousand_calls_renew_once_through_a_database() {
    let Some(world) = World::new().await else { return };
    renew_once(&world.pleo, &world.place(&world.database.address), &world.store).await;
}

#[tokio::test]
async fn a_killed_process_loses_no_pair_that_was_committed_and_no_refresh_token_is_presented_again() {
    let Some(mut world) = World::new().await else { return };
    for (moment, fate) in [
        (Moment::BeforeNote, Fate::Kept),
        (Moment::BeforeRequest, Fate::Kept),
        (Moment::AfterResponse, Fate::Lost),
        (Moment::BeforeSave, Fate::Lost),
        (Moment::BeforeCommit, Fate::Lost),
        (Moment::AfterCommit, Fate::Kept),
        (Moment::AfterSave, Fate::Kept),
    ] {
        world = World::with_database(world.database);
        save(&world.store, &expired(world.pleo.environment())).await.unwrap();
        let proxy = Proxy::start(&world.database.address, moment == Moment::BeforeCommit);
        let commits = matches!(moment, Moment::BeforeCommit | Moment::AfterCommit);
        let database = if commits { proxy.address() } else { world.database.address.clone() };
        let orders = Orders { killed: Some(moment), ..Orders::new(&world.pleo, &world.place(&database)) };
        let mut process = Process::start(&orders);
        process.go();
        if commits {
            proxy.stopped();
            process.kill();
        } else {
            process.killed_when_it_asks();
        }
        // So that nobody waits until the request can no longer be on its way.
        world
            .execute(
                "UPDATE pleo_tokens SET changed_at = changed_at - interval '1 hour' WHERE part = 'presented'",
            )
            .await;
        let place = world.place(&world.database.address);
        goes_on(&world.pleo, &place, &world.store, moment, fate).await;
    }
}

/// Breaks all connections of a test once the server has rotated the tokens.
struct Breaks(ReqwestTransport, Address);

impl OAuthTransport for Breaks {
    fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> BoxFuture<'_, Result<http::Response<Bytes>, TransportError>> {
        Box::pin(async {
            let response = OAuthTransport::send(&self.0, request).await;
            let client = self.1.client().await;
            let others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                          WHERE pid <> pg_backend_pid() AND application_name = current_schema()";
            client.execute(others, &[]).await.unwrap();
            response
        })
    }
}

#[tokio::test]
async fn a_connection_that_breaks_during_the_renewal_loses_no_pair() {
    let Some(world) = World::new().await else { return };
    save(&world.store, &expired(world.pleo.environment())).await.unwrap();
    let transport = Breaks(ReqwestTransport::new().unwrap(), world.database.address.clone());
    let app = pleo_server::app(&world.pleo.url(), transport);
    let token = RefreshingToken::resume(app, world.store.clone(), RefreshPolicy::default());
    match token.prepare().await {
        Err(TokenError::NotStored { source }) => {
            assert!(matches!(source.downcast_ref(), Some(TokenStoreError::Database { .. })), "{source:?}");
        }
        other => panic!("{other:?}"),
    }
    token.prepare().await.unwrap();
    assert_eq!(world.pleo.presented(), ["FAKE-R0 200"]);
    assert_eq!(presented_for(&world.store).await, None);
    assert!(world.pleo.is_alive(&load(&world.store).await.unwrap().unwrap()).await);
}

#[tokio::test]
async fn a_row_that_was_changed_cut_off_swapped_or_sealed_with_another_key_is_an_error_by_name() {
    let Some(world) = World::new().await else { return };
    let environment = || world.pleo.environment();
    save(&world.store, &expired(environment())).await.unwrap();
    let address = &world.database.address;

    let wrong = address.tokens(SealingKeys::new(other_key())).store(environment(), NAME);
    assert!(matches!(store_error(load(&wrong).await), TokenStoreError::UnknownKey { .. }));
    let former = SealingKeys::new(other_key()).with_former(SealingKey::from_bytes([7; 32]));
    let changed = address.tokens(former).store(environment(), NAME);
    let tokens = load(&changed).await.unwrap().unwrap();
    save(&changed, &tokens).await.unwrap();
    assert!(matches!(store_error(load(&world.store).await), TokenStoreError::UnknownKey { .. }));

    for (change, cut_off) in [
        ("sealed = set_byte(sealed, 30, get_byte(sealed, 30) # 1)", false),
        ("sealed = substring(sealed FROM 1 FOR length(sealed) - 1)", false),
        ("sealed = substring(sealed FROM 1 FOR 20)", true),
        ("sealed = ''", true),
        ("key_id = NULL", true),
        ("(key_id, sealed) = (SELECT key_id, sealed FROM pleo_tokens WHERE name = 'customer-2')", false),
    ] {
        for name in [NAME, "customer-2"] {
            let store = address.tokens(keys()).store(environment(), name);
            save(&store, &Tokens::new(environment(), "FAKE-A0", None, None)).await.unwrap();
        }
        world.execute(&format!("UPDATE pleo_tokens SET {change} WHERE name = '{NAME}'")).await;
        let error = store_error(load(&world.store).await);
        match error {
            TokenStoreError::Unreadable { .. } if cut_off => {}
            TokenStoreError::Tampered if !cut_off => {}
            other => panic!("{change}: {other}"),
        }
    }
    // A client is told, and nothing is presented.
    let token = RefreshingToken::resume(world.pleo.app(), world.store.clone(), RefreshPolicy::default());
    match token.prepare().await {
        Err(TokenError::StoreFailed { source }) => {
            assert!(matches!(source.downcast_ref(), Some(TokenStoreError::Tampered)));
        }
        other => panic!("{other:?}"),
    }
    assert!(world.pleo.presented().is_empty());

    world.execute("DROP TABLE pleo_tokens").await;
    let error = store_error(load(&world.store).await);
    assert!(matches!(error, TokenStoreError::Database { .. }));
    assert!(format!("{error:?}").contains("\"pleo_tokens\" does not exist"), "{error:?}");
}

#[tokio::test]
async fn waiting_for_the_lock_of_a_row_ends_with_an_error_by_name() {
    let Some(world) = World::new().await else { return };
    let other = || world.database.address.tokens(keys()).store(world.pleo.environment(), NAME);
    // Both while the row is being created, and once it is there.
    is_kept_out(&world.store, &other()).await;
    save(&world.store, &expired(world.pleo.environment())).await.unwrap();
    is_kept_out(&world.store, &other()).await;
}

#[tokio::test]
async fn cleared_tokens_do_not_come_back() {
    let Some(world) = World::new().await else { return };
    assert!(load(&world.store).await.unwrap().is_none());
    save(&world.store, &expired(world.pleo.environment())).await.unwrap();
    assert!(load(&world.store).await.unwrap().is_some());
    set_presented(&world.store, true).await;
    assert!(presented_for(&world.store).await.is_some());
    clear(&world.store).await.unwrap();
    assert!(load(&world.store).await.unwrap().is_none());
    assert_eq!(presented_for(&world.store).await, None);
    let text = format!("{:?} {:?}", world.store, world.database.address.tokens(keys()));
    assert!(!text.contains("FAKE") && !text.contains(NAME), "{text}");
}
