//! Halves written as the events of the contract again: what an export holds.
//!
//! Reading the written form gives the same halves back; a test holds that.

use serde_json::{Map, Value, json};

use crate::event::{
    Event, EventBody, Feedback, QueryHalf, RequestId, ResponseForm, ResponseHalf, SessionId,
    Traffic,
};

impl Event {
    /// The event in the contract's canonical form, one JSON object.
    pub fn to_json(&self) -> Value {
        let fields = match &self.body {
            EventBody::Query(query) => query_fields(&self.request_id, query),
            EventBody::Response(response) => response_fields(&self.request_id, response),
            EventBody::Whole(query, response) => {
                let mut fields = response_fields(&self.request_id, response);
                fields.insert("query".to_owned(), json!(query.query));
                mark_cut(&mut fields, "query", query.query_cut);
                if response.form == ResponseForm::Combined {
                    fields.insert("eventType".to_owned(), json!("query"));
                } else {
                    fields.insert("queryTimestamp".to_owned(), json!(query.timestamp));
                }
                fields
            }
            EventBody::Feedback(feedback) => feedback_fields(&self.request_id, feedback),
        };
        Value::Object(fields)
    }
}

impl Feedback {
    /// The canonical form as text, without what was tolerated on reading, so that one word in two spellings is the
    /// same: of feedback given at one moment the lesser stands.
    pub fn canonical_bytes(&self, request_id: &RequestId) -> String {
        let mut fields = feedback_fields(request_id, self);
        fields.remove("tolerated");
        Value::Object(fields).to_string()
    }
}

fn feedback_fields(request_id: &RequestId, feedback: &Feedback) -> Map<String, Value> {
    let mut fields = feedback.unknown.clone();
    fields.insert("eventType".to_owned(), json!("feedback"));
    fields.insert("requestId".to_owned(), json!(request_id));
    fields.insert("timestamp".to_owned(), json!(feedback.timestamp));
    fields.insert("rating".to_owned(), json!(feedback.rating.code()));
    if let Some(comment) = &feedback.comment {
        fields.insert("comment".to_owned(), json!(comment));
        mark_cut(&mut fields, "comment", feedback.comment_cut);
    }
    origin(&mut fields, None, Traffic::Visitor, &feedback.tolerated);
    fields
}

fn query_fields(request_id: &RequestId, query: &QueryHalf) -> Map<String, Value> {
    let mut fields = query.unknown.clone();
    fields.insert("eventType".to_owned(), json!("query"));
    fields.insert("requestId".to_owned(), json!(request_id));
    fields.insert("timestamp".to_owned(), json!(query.timestamp));
    fields.insert("query".to_owned(), json!(query.query));
    mark_cut(&mut fields, "query", query.query_cut);
    origin(&mut fields, query.session.as_ref(), query.traffic, &query.tolerated);
    fields
}

fn response_fields(request_id: &RequestId, response: &ResponseHalf) -> Map<String, Value> {
    let mut fields = response.unknown.clone();
    fields.insert("eventType".to_owned(), json!("response"));
    fields.insert("requestId".to_owned(), json!(request_id));
    fields.insert("timestamp".to_owned(), json!(response.timestamp));
    if let Some(match_type) = response.match_type {
        fields.insert("matchType".to_owned(), json!(match_type.code()));
    }
    if let Some(score) = response.match_score {
        fields.insert("matchScore".to_owned(), whole_where_it_is(score.value()));
    }
    if let Some(outcome) = response.named_outcome {
        fields.insert("outcome".to_owned(), json!(outcome.code()));
    }
    if let Some(reasoning) = &response.reasoning {
        fields.insert("reasoning".to_owned(), json!(reasoning));
        mark_cut(&mut fields, "reasoning", response.reasoning_cut);
    }
    for (name, skills) in
        [("matchedSkills", &response.matched_skills), ("missingSkills", &response.missing_skills)]
    {
        if !skills.is_empty() {
            fields.insert(name.to_owned(), json!(skills));
        }
    }
    if let Some(topic) = &response.topic {
        fields.insert("topic".to_owned(), json!(topic));
    }
    if let Some(answer) = &response.answer {
        fields.insert("answer".to_owned(), json!(answer));
        mark_cut(&mut fields, "answer", response.answer_cut);
    }
    if let Some(total) = response.total_time_ms {
        let performance = fields.entry("performance").or_insert_with(|| json!({}));
        if let Value::Object(performance) = performance {
            performance.insert("totalTime".to_owned(), whole_where_it_is(total));
        }
    }
    origin(&mut fields, response.session.as_ref(), response.traffic, &response.tolerated);
    fields
}

fn origin(
    fields: &mut Map<String, Value>,
    session: Option<&SessionId>,
    traffic: Traffic,
    tolerated: &[String],
) {
    if let Some(session) = session {
        fields.insert("sessionId".to_owned(), json!(session));
    }
    if traffic != Traffic::Visitor {
        let metadata = fields.entry("metadata").or_insert_with(|| json!({}));
        if let Value::Object(metadata) = metadata {
            metadata.insert("traffic".to_owned(), json!(traffic.code()));
        }
    }
    if !tolerated.is_empty() {
        fields.insert("tolerated".to_owned(), json!(tolerated));
    }
}

fn mark_cut(fields: &mut Map<String, Value>, name: &str, cut: bool) {
    if cut && let Value::Array(names) = fields.entry("cut").or_insert_with(|| json!([])) {
        names.push(json!(name));
    }
}

/// `72` rather than `72.0`.
#[expect(clippy::cast_possible_truncation, reason = "only whole numbers under 2^53 are cast")]
fn whole_where_it_is(number: f64) -> Value {
    if number.fract() == 0.0 && number.abs() < 9e15 { json!(number as i64) } else { json!(number) }
}
