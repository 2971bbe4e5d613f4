//! DynamoDB, SQS and SES as far as a report asks them: made-up interactions in pages, as they are projected.
#![expect(clippy::indexing_slicing, reason = "of JSON values, which gives null or a new field")]

use std::collections::HashMap;
use std::io::{BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use anyhow::{Context, Result, bail};
use cv_analytics_core::week::IsoWeek;
use cv_analytics_harness::connection::HttpResponse;
use cv_analytics_harness::lambda::http_request::HttpRequest;
use serde_json::{Map, Value, json};

use crate::filled_store::{WEEK, interaction};

pub(crate) const QUERY_EVENTS: &str = "CV-Analytics-QueryEvents";
pub(crate) const ANALYTICS: &str = "CV-Analytics";
/// Weeks of a report.
const WEEKS: usize = 8;
/// Days that an interim row stays, and those of eight weeks.
const ROW_DAYS: usize = 20;
const DAYS: usize = 56;
/// What a page holds before it is projected
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.Pagination.html>).
const PAGE_BYTES: usize = 1 << 20;
/// What a visitor reads of an agent, mostly.
const ANSWER: &str = "Yes: three of the projects on this CV run on it in production. The largest serves some forty \
    services to two teams, with its own monitoring and a rehearsed upgrade each quarter. Have a look at the second \
    project for how the clusters are set up, and ask about costs, which were halved in the first year.";

/// A server; it ends with the program.
pub(crate) struct StandIn {
    pub(crate) url: String,
    tables: Arc<MadeUpTables>,
}

/// The interactions 0 to `count`, in the order of their questions.
struct MadeUpTables {
    count: usize,
    records_per_page: usize,
    rows_per_page: usize,
    /// The product's own state, by key.
    own_state: Mutex<HashMap<String, Value>>,
}

impl StandIn {
    /// Serves `count` interactions of the eight weeks that end with [`WEEK`].
    pub(crate) fn start(count: usize) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let url = format!("http://{}", listener.local_addr()?);
        let tables = Arc::new(MadeUpTables {
            count,
            records_per_page: per_page(|number| record(number, count)),
            rows_per_page: per_page(|number| row(number, count)),
            own_state: Mutex::default(),
        });
        let served = Arc::clone(&tables);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let tables = Arc::clone(&served);
                thread::spawn(move || {
                    if let Err(error) = serve(stream, &tables) {
                        eprintln!("stand-in for AWS: {error:#}");
                    }
                });
            }
        });
        Ok(Self { url, tables })
    }

    /// Interactions of the week that is reported.
    pub(crate) fn of_the_last_week(&self) -> Result<usize> {
        Ok(self.tables.count - self.tables.first_of(WEEK.parse()?))
    }
}

fn serve(mut stream: TcpStream, tables: &MadeUpTables) -> Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream.try_clone()?);
    // A function that ends cuts its last request off.
    while let Ok(Some(request)) = HttpRequest::read(&mut reader) {
        let answer = match request.header("x-amz-target") {
            Some(target) => {
                let call = target.rsplit('.').next().unwrap_or_default();
                tables.answer(call, &serde_json::from_slice(&request.body)?)?
            }
            None => json!({"MessageId": "made-up"}),
        };
        let answer = HttpResponse { status: 200, body: serde_json::to_vec(&answer)? };
        stream.write_all(&answer.to_aws_client())?;
    }
    Ok(())
}

impl MadeUpTables {
    fn answer(&self, call: &str, input: &Value) -> Result<Value> {
        let table = input.get("TableName").and_then(Value::as_str).unwrap_or_default();
        Ok(match call {
            "DescribeTable" => json!({"Table": description(table)}),
            "GetQueueAttributes" => json!({"Attributes": {"ApproximateNumberOfMessages": "0"}}),
            "GetItem" => match self.own_state(|state| state.get(&key_of(input, "Key")).cloned())? {
                Some(item) => json!({"Item": item}),
                None => json!({}),
            },
            "PutItem" => {
                let item = input.get("Item").cloned().unwrap_or_default();
                self.own_state(|state| state.insert(key_of(input, "Item"), item))?;
                json!({})
            }
            "Query" if input.get("Select").is_some() => json!({"Count": 0, "ScannedCount": 0}),
            "Query" => self.week(input)?,
            "Scan" => {
                let first = self.count - self.count * ROW_DAYS / DAYS;
                let start = after(input).unwrap_or(first);
                let end = self.count.min(start + self.rows_per_page);
                page(input, start..end, self.count, row)
            }
            "BatchGetItem" => self.batch(input),
            _ => bail!("a report does not call {call}"),
        })
    }

    fn own_state<T>(&self, with: impl FnOnce(&mut HashMap<String, Value>) -> T) -> Result<T> {
        let mut state = self.own_state.lock().ok().context("no thread fails with the lock")?;
        Ok(with(&mut state))
    }

    /// The first interaction of a week, or of a later one.
    fn first_of(&self, week: IsoWeek) -> usize {
        let week = week.to_string();
        let (mut low, mut high) = (0, self.count);
        while low < high {
            let middle = usize::midpoint(low, high);
            if week_of(&record(middle, self.count)) < week {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    /// One page of a week.
    fn week(&self, input: &Value) -> Result<Value> {
        let week = input.pointer("/ExpressionAttributeValues/:week/S").and_then(Value::as_str);
        let week: IsoWeek = week.context("a query names its week")?.parse()?;
        let week_end = self.first_of(week.later(1));
        let start = after(input).unwrap_or_else(|| self.first_of(week));
        let end = week_end.min(start + self.records_per_page);
        let mut answer = page(input, start..end, self.count, record);
        if end == week_end
            && let Some(answer) = answer.as_object_mut()
        {
            answer.remove("LastEvaluatedKey");
        }
        Ok(answer)
    }

    fn batch(&self, input: &Value) -> Value {
        let requested = input.get("RequestItems").and_then(Value::as_object);
        let responses = requested.into_iter().flatten().map(|(table, asked)| {
            let keys = asked.get("Keys").and_then(Value::as_array).into_iter().flatten();
            let numbers = keys.filter_map(|key| number_in(key.pointer("/requestId/S")?.as_str()?));
            let made = if table == ANALYTICS { record } else { row };
            let items: Vec<Value> =
                numbers.map(|number| Value::Object(made(number, self.count))).collect();
            (table.clone(), json!(items))
        });
        json!({"Responses": responses.collect::<Map<String, Value>>()})
    }
}

/// Those items, as the call projects them, and where the next page begins, if there is one.
fn page(
    input: &Value,
    numbers: std::ops::Range<usize>,
    count: usize,
    made: fn(usize, usize) -> Map<String, Value>,
) -> Value {
    let paths = projected_paths(input);
    let end = numbers.end;
    let items: Vec<Value> = numbers
        .map(|number| {
            let item = made(number, count);
            Value::Object(
                paths.as_ref().map_or_else(|| item.clone(), |paths| project(&item, paths)),
            )
        })
        .collect();
    let mut answer = json!({"Count": items.len(), "ScannedCount": items.len(), "Items": items});
    if end < count {
        let last = made(end.saturating_sub(1), count).remove("requestId");
        answer["LastEvaluatedKey"] = json!({"requestId": last});
    }
    answer
}

/// The paths of a projection expression; `None` where everything is asked for.
fn projected_paths(input: &Value) -> Option<Vec<Vec<String>>> {
    let expression = input.get("ProjectionExpression")?.as_str()?;
    let names = input.get("ExpressionAttributeNames")?;
    let name = |short: &str| Some(names.get(short)?.as_str()?.to_owned());
    expression.split(',').map(|path| path.trim().split('.').map(name).collect()).collect()
}

fn project(item: &Map<String, Value>, paths: &[Vec<String>]) -> Map<String, Value> {
    let mut projected = Map::new();
    for path in paths {
        match &path[..] {
            [name] => {
                projected.extend(item.get(name).map(|value| (name.clone(), value.clone())));
            }
            [map, name] => {
                let value = item.get(map).and_then(|value| value.get("M")?.get(name));
                if let Some(value) = value {
                    let there = projected.entry(map.clone()).or_insert_with(|| json!({"M": {}}));
                    there["M"][name] = value.clone();
                }
            }
            _ => {}
        }
    }
    projected
}

/// The number after the key with which a page ended; `None` at the first page.
fn after(input: &Value) -> Option<usize> {
    let last = input.pointer("/ExclusiveStartKey/requestId/S")?.as_str()?;
    Some(number_in(last)? + 1)
}

fn number_in(request_id: &str) -> Option<usize> {
    request_id.rsplit('-').next()?.parse().ok()
}

fn key_of(input: &Value, place: &str) -> String {
    let key = input.get(place).and_then(|place| place.pointer("/requestId/S")?.as_str());
    key.unwrap_or_default().to_owned()
}

fn week_of(record: &Map<String, Value>) -> String {
    let week = record.get("week").and_then(|week| week.get("S")?.as_str());
    week.unwrap_or_default().to_owned()
}

/// How many items of a kind fill a page, by what the first hundred take up.
fn per_page(made: impl Fn(usize) -> Map<String, Value>) -> usize {
    let bytes: usize = (0..100).map(|number| Value::Object(made(number)).to_string().len()).sum();
    // JSON's marks and types around each attribute are no part of an item's size.
    PAGE_BYTES * 100 / (bytes * 3 / 4).max(1)
}

/// The item of an interaction, as `cv-analytics-aws` writes it.
fn record(number: usize, count: usize) -> Map<String, Value> {
    let events = interaction(number, count, WEEKS);
    let asked = Asked::of(&events);
    let week = IsoWeek::containing(cv_analytics_core::timestamp::Timestamp::from_millis(asked.at));
    let mut item = attributes(json!({
        "requestId": {"S": asked.request_id}, "week": {"S": week.to_string()}, "timestamp": {"N": asked.at.to_string()},
        "query": {"S": asked.text}, "queryExtra": {"S": asked.metadata},
    }));
    item.extend(
        asked.session.clone().map(|session| ("sessionId".to_owned(), json!({"S": session}))),
    );
    let response = events.iter().find(|event| event.get("matchType").is_some());
    let Some(response) = response else {
        item.insert("awaits".to_owned(), json!({"S": "response"}));
        return item;
    };
    let match_type = response.get("matchType").and_then(Value::as_str).unwrap_or_default();
    let outcome = if match_type == "none" { "no_match" } else { "answered" };
    item.extend(attributes(json!({
        "responseTimestamp": {"N": (asked.at + 3_000).to_string()}, "matchType": {"S": match_type},
        "matchScore": {"N": response["matchScore"].to_string()}, "outcome": {"S": outcome},
        "outcomeImplied": {"BOOL": true}, "reasoning": {"S": response["reasoning"]}, "answer": {"S": ANSWER},
        "totalTimeMs": {"N": response["performance"]["totalTime"].to_string()},
        "responseExtra": {"S": json!({
            "metadata": {"matchQuality": 0.72, "matchSource": "model", "sourcesUsed": ["Docker"]},
            "model": "@cf/meta/llama-3.3-70b-instruct-fp8-fast",
            "performance": {"cacheHit": false, "llmTime": 700, "retrievalTime": 80}, "tokens": 412, "vectorMatches": 5,
        }).to_string()},
    })));
    for name in ["matchedSkills", "missingSkills"] {
        let skills = response.get(name).and_then(Value::as_array).into_iter().flatten();
        let skills: Vec<Value> = skills.map(|skill| json!({"S": skill})).collect();
        if !skills.is_empty() {
            item.insert(name.to_owned(), json!({"L": skills}));
        }
    }
    item.extend(
        asked.session.map(|session| ("responseSessionId".to_owned(), json!({"S": session}))),
    );
    if response.get("query").is_some() {
        item.insert("responseForm".to_owned(), json!({"S": "self_contained"}));
    }
    item
}

/// The interim row that its query event left.
fn row(number: usize, count: usize) -> Map<String, Value> {
    let events = interaction(number, count, WEEKS);
    let asked = Asked::of(&events);
    let mut half = attributes(json!({
        "timestamp": {"N": asked.at.to_string()}, "arrivedAt": {"N": (asked.at + 500).to_string()},
        "query": {"S": asked.text}, "queryExtra": {"S": asked.metadata},
    }));
    half.extend(asked.session.map(|session| ("sessionId".to_owned(), json!({"S": session}))));
    attributes(json!({
        "requestId": {"S": asked.request_id}, "queryHalf": {"M": half},
        "ttl": {"N": (asked.at / 1_000 + 1_728_000).to_string()},
    }))
}

/// The question of an interaction.
struct Asked {
    request_id: String,
    at: i64,
    text: String,
    session: Option<String>,
    metadata: String,
}

impl Asked {
    fn of(events: &[Value]) -> Self {
        let first = events.first().cloned().unwrap_or_default();
        let text =
            |name: &str| first.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let at = first.get("queryTimestamp").or(first.get("timestamp")).and_then(Value::as_i64);
        // Sessions are stored as a hash.
        let session = text("sessionId");
        let hashed = |session: &str| {
            let number: u128 = session.rsplit('-').next()?.parse().ok()?;
            Some(format!(
                "hashed:{:032x}",
                number.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)
            ))
        };
        Self {
            request_id: text("requestId"),
            at: at.unwrap_or_default(),
            text: text("query"),
            session: (session != "anonymous").then(|| hashed(&session)).flatten(),
            metadata:
                json!({"metadata": {"userAgent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/145.0"}})
                    .to_string(),
        }
    }
}

fn attributes(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

/// The table as the check wants it.
fn description(table: &str) -> Value {
    let key = |name: &str, kind: &str| json!({"AttributeName": name, "KeyType": kind});
    let attribute = |name: &str, kind: &str| json!({"AttributeName": name, "AttributeType": kind});
    let mut description = json!({
        "TableName": table, "TableStatus": "ACTIVE", "KeySchema": [key("requestId", "HASH")],
        "AttributeDefinitions": [attribute("requestId", "S"), attribute("week", "S"), attribute("timestamp", "N")],
    });
    if table == ANALYTICS {
        description["GlobalSecondaryIndexes"] = json!([{
            "IndexName": "week-index", "KeySchema": [key("week", "HASH"), key("timestamp", "RANGE")],
            "Projection": {"ProjectionType": "ALL"}, "IndexStatus": "ACTIVE",
        }]);
    }
    description
}
