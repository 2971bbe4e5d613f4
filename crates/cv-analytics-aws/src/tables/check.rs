//! Whether the tables are those that the product needs: keys, index, time to live.

use aws_sdk_dynamodb::types::{
    AttributeDefinition, KeySchemaElement, KeyType, ProjectionType, ScalarAttributeType,
    TableDescription,
};

use crate::item::attributes::REQUEST_ID;
use crate::item::{TIMESTAMP, WEEK};
use crate::tables::error::TableError;
use crate::tables::{Tables, WEEK_INDEX};

impl Tables {
    /// Looks at both tables; a sentence names the first difference. One call a table, which also
    /// opens the connection.
    ///
    /// # Errors
    /// [`TableError::Misconfigured`] where a table is missing or has other keys.
    pub async fn check(&self) -> Result<(), TableError> {
        let names = self.names();
        let (query_events, analytics) = futures_util::future::join(
            self.describe(&names.query_events),
            self.describe(&names.analytics),
        )
        .await;
        check_keys(&query_events?).map_err(wrong(&names.query_events))?;
        let analytics = analytics?;
        check_keys(&analytics)
            .and_then(|()| check_index(&analytics))
            .map_err(wrong(&names.analytics))
    }

    /// Checks only the records' table, the one with an index: what a function does when
    /// it starts, where each call counts and the connection has to be opened.
    ///
    /// # Errors
    /// As [`Tables::check`].
    pub async fn check_analytics(&self) -> Result<(), TableError> {
        let name = &self.names().analytics;
        let table = self.describe(name).await?;
        check_keys(&table).and_then(|()| check_index(&table)).map_err(wrong(name))
    }

    /// What AWS tells of one table.
    ///
    /// # Errors
    /// [`TableError::Misconfigured`] where there is no such table.
    pub async fn describe(&self, table: &str) -> Result<TableDescription, TableError> {
        let answer = self.client().describe_table().table_name(table).send().await;
        let answer = answer.map_err(|error| TableError::from_sdk(table, "DescribeTable", error))?;
        answer.table.ok_or_else(|| TableError::Misconfigured {
            table: table.to_owned(),
            problem: "AWS describes no such table".to_owned(),
        })
    }
}

fn wrong(table: &str) -> impl FnOnce(String) -> TableError {
    move |problem| TableError::Misconfigured { table: table.to_owned(), problem }
}

/// Whether the table's key is the one that is needed.
///
/// # Errors
/// A sentence that says what it is, and what to do.
pub fn check_keys(table: &TableDescription) -> Result<(), String> {
    let wanted = [(REQUEST_ID, KeyType::Hash, ScalarAttributeType::S)];
    match_keys(table.key_schema(), table.attribute_definitions(), &wanted).map_err(|found| {
        format!(
            "its key is {found}, where partition key `requestId` (String) is needed: make it anew from the template"
        )
    })
}

/// Whether the table has the index over weeks, with its keys and every attribute.
///
/// # Errors
/// A sentence that says what is wrong, and what to do.
pub fn check_index(table: &TableDescription) -> Result<(), String> {
    let index = table
        .global_secondary_indexes()
        .iter()
        .find(|index| index.index_name() == Some(WEEK_INDEX))
        .ok_or_else(|| format!("missing index `{WEEK_INDEX}`: add it as in the template"))?;
    let wanted = [
        (WEEK, KeyType::Hash, ScalarAttributeType::S),
        (TIMESTAMP, KeyType::Range, ScalarAttributeType::N),
    ];
    match_keys(index.key_schema(), table.attribute_definitions(), &wanted).map_err(|found| {
        format!(
            "the key of its index `{WEEK_INDEX}` is {found}, where `week` (String) and `timestamp` (Number) are needed"
        )
    })?;
    let projection = index.projection().and_then(|projection| projection.projection_type());
    if projection != Some(&ProjectionType::All) {
        return Err(format!("its index `{WEEK_INDEX}` has to project all attributes"));
    }
    Ok(())
}

/// Whether the keys are those that are wanted; else what they are.
fn match_keys(
    schema: &[KeySchemaElement],
    definitions: &[AttributeDefinition],
    wanted: &[(&str, KeyType, ScalarAttributeType)],
) -> Result<(), String> {
    let type_of = |name: &str| {
        definitions
            .iter()
            .find(|definition| definition.attribute_name() == name)
            .map(|definition| definition.attribute_type().clone())
    };
    let found: Vec<_> = schema
        .iter()
        .map(|key| (key.attribute_name(), key.key_type().clone(), type_of(key.attribute_name())))
        .collect();
    let same = found.len() == wanted.len()
        && wanted.iter().all(|(name, kind, of)| {
            found.iter().any(|(found_name, found_kind, found_of)| {
                found_name == name && found_kind == kind && found_of.as_ref() == Some(of)
            })
        });
    if same {
        return Ok(());
    }
    let words: Vec<String> = found
        .iter()
        .map(|(name, kind, of)| {
            let of = of.as_ref().map_or("?", ScalarAttributeType::as_str);
            format!("`{name}` ({}, {of})", kind.as_str())
        })
        .collect();
    Err(words.join(" and "))
}
