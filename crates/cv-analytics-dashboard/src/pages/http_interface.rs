//! `/api`: every address of the server, out of `openapi.json`; `/schemas/{file}`: that document, and the schemas
//! that it refers to.

use std::collections::BTreeMap;

use axum::Extension;
use axum::body::Body;
use axum::extract::Path;
use axum::http::{Response, StatusCode};
use cv_analytics_insights::view::text::capitalised;
use serde::{Deserialize, Serialize};

use crate::page::owner::Owner;
use crate::page::{PageError, answer, render};

const OPENAPI: &str = include_str!("../../../../docs/schemas/openapi.json");
const SCHEMAS: [(&str, &str); 3] = [
    ("openapi.json", OPENAPI),
    ("event.json", include_str!("../../../../docs/schemas/event.json")),
    ("report.json", include_str!("../../../../docs/schemas/report.json")),
];

/// What the page shows of the document.
#[derive(Deserialize)]
struct Document {
    /// Who may call an address.
    tags: Vec<Tag>,
    /// The operations by path, then by method.
    paths: BTreeMap<String, BTreeMap<String, Operation>>,
}

#[derive(Deserialize)]
struct Tag {
    name: String,
    #[serde(default)]
    description: String,
}

#[derive(Deserialize)]
struct Operation {
    tags: Vec<String>,
    summary: String,
    #[serde(default)]
    description: String,
    #[serde(default, rename = "x-codeSamples")]
    samples: Vec<Sample>,
}

#[derive(Deserialize, Serialize)]
struct Sample {
    source: String,
}

#[derive(Serialize)]
struct InterfaceView {
    groups: Vec<GroupView>,
}

/// The addresses that the same may call.
#[derive(Serialize)]
struct GroupView {
    who: String,
    how: String,
    addresses: Vec<AddressView>,
}

#[derive(Serialize)]
struct AddressView {
    method: String,
    path: String,
    summary: String,
    description: String,
    samples: Vec<Sample>,
}

impl InterfaceView {
    fn of(document: Document) -> Self {
        let mut groups: Vec<GroupView> = Vec::new();
        let mut places = BTreeMap::new();
        for (place, Tag { name, description }) in document.tags.into_iter().enumerate() {
            groups.push(GroupView {
                who: capitalised(&name),
                how: description,
                addresses: Vec::new(),
            });
            places.insert(name, place);
        }
        for (path, operations) in document.paths {
            for (method, Operation { tags, summary, description, samples }) in operations {
                let place = tags.first().and_then(|tag| places.get(tag));
                if let Some(group) = place.and_then(|place| groups.get_mut(*place)) {
                    let (method, path) = (method.to_uppercase(), path.clone());
                    group.addresses.push(AddressView {
                        method,
                        path,
                        summary,
                        description,
                        samples,
                    });
                }
            }
        }
        Self { groups }
    }
}

pub(crate) async fn page(Extension(owner): Extension<Owner>) -> Result<Response<Body>, PageError> {
    let document = serde_json::from_str(OPENAPI)
        .map_err(|error| PageError::Template(format!("cannot read openapi.json: {error}")))?;
    render("api.html", ("HTTP interface", "settings"), &owner, &InterfaceView::of(document))
}

pub(crate) async fn schema(Path(name): Path<String>) -> Result<Response<Body>, PageError> {
    let known = SCHEMAS.iter().find(|(known, _)| *known == name);
    let (_, text) = known.ok_or(PageError::NotFound("unknown schema"))?;
    Ok(answer(StatusCode::OK, "application/json", *text))
}
