//! Tables that are missing or not those that are needed: a sentence, and no message given up.

use cv_analytics_aws::tables::error::TableError;
use cv_analytics_aws::{TableNames, Tables};
use cv_analytics_core::event::RequestId;
use cv_analytics_harness::emulators::tables::{create_keyed, create_query_events};

use crate::on_emulator::emulated_tables::{authority, client, new_names, query, store};

async fn problem(tables: &Tables) -> String {
    match tables.check().await.unwrap_err() {
        TableError::Misconfigured { problem, .. } => problem,
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn tables_as_the_templates_make_them_are_right() {
    store().tables().check().await.unwrap();
}

#[tokio::test]
async fn a_missing_table_is_named() {
    let tables = Tables::new(client(), new_names());
    let error = tables.check().await.unwrap_err().to_string();
    assert!(error.contains(&tables.names().query_events), "{error}");
    assert!(error.contains("unknown table in this region"), "{error}");
    let read = tables.read_row(&RequestId::new("r").unwrap()).await.unwrap_err();
    assert!(matches!(read, TableError::Misconfigured { .. }), "{read}");
}

#[tokio::test]
async fn another_key_and_a_missing_index_are_named() {
    let (client, names) = (client(), new_names());
    create_query_events(authority(), &names.query_events).unwrap();
    create_query_events(authority(), &names.analytics).unwrap();
    let tables = Tables::new(client.clone(), names.clone());
    assert!(problem(&tables).await.contains("missing index `week-index`"));

    let mut other = names;
    other.query_events += "-other";
    create_keyed(authority(), &other.query_events, "id", "N").unwrap();
    let tables = Tables::new(client, other);
    let problem = problem(&tables).await;
    assert!(
        problem.contains("`id` (HASH, N)") && problem.contains("`requestId` (String)"),
        "{problem}"
    );
    // A write fails as a fault of the table, not of the message.
    let half = match query("r").body {
        cv_analytics_core::event::EventBody::Query(query) => {
            cv_analytics_aws::item::row::Half::Query(query)
        }
        other => panic!("{other:?}"),
    };
    let now = cv_analytics_core::timestamp::Timestamp::from_millis(0);
    let id = RequestId::new("r").unwrap();
    let error = tables.add_half(&id, &half, now, now).await.unwrap_err();
    assert!(matches!(error, TableError::Misconfigured { .. }), "{error}");
}

#[tokio::test]
async fn an_item_that_is_too_large_is_refused_for_good() {
    let store = store();
    let mut query = match query("r").body {
        cv_analytics_core::event::EventBody::Query(query) => query,
        other => panic!("{other:?}"),
    };
    query.query = "x".repeat(450 * 1024);
    let half = cv_analytics_aws::item::row::Half::Query(query);
    let now = cv_analytics_core::timestamp::Timestamp::from_millis(0);
    let id = RequestId::new("r").unwrap();
    let error = store.tables().add_half(&id, &half, now, now).await.unwrap_err();
    assert!(matches!(error, TableError::Refused { .. }), "{error}");
}

#[tokio::test]
async fn a_table_that_cannot_be_reached_is_a_passing_fault() {
    let config = cv_analytics_aws::clients::function_config(|name| {
        Some(match name {
            "AWS_ENDPOINT_URL" => "http://127.0.0.1:9".to_owned(),
            "AWS_CA_BUNDLE" => return None,
            _ => "x".to_owned(),
        })
    });
    let client = aws_sdk_dynamodb::Client::new(&config.unwrap());
    let tables = Tables::new(client, TableNames::default());
    let read = tables.read_row(&RequestId::new("r").unwrap()).await.unwrap_err();
    assert!(matches!(read, TableError::Unavailable { .. }), "{read}");
}
