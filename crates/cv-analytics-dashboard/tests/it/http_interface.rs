//! `/api` and the schemas: what programs read, and the same as a page.

use axum::http::StatusCode;
use serde_json::Value;

use crate::rig::Rig;

#[tokio::test]
async fn the_page_has_every_operation_of_the_document_with_its_example() {
    let rig = Rig::new().await;
    let page = rig.page("/api").await;
    let document: Value = serde_json::from_str(&rig.page("/schemas/openapi.json").await).unwrap();
    let (mut operations, mut examples) = (0, 0);
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let method = method.to_uppercase();
            let address = format!("<span class=\"method\">{method}</span> {path}</code>");
            let written = address.replace("{path}", path);
            let after = page.replace("&#x2f;", "/");
            let (_, row) = after.split_once(&written).expect(&written);
            let (row, _) = row.split_once("</tr>").unwrap();
            let summary = operation["summary"].as_str().unwrap().replace('\'', "&#x27;");
            assert!(row.contains(&summary), "{method} {path}: {row}");
            operations += 1;
            if let Some(source) = operation["x-codeSamples"][0]["source"].as_str() {
                assert!(row.contains("<pre>curl "), "{source}: {row}");
                examples += 1;
            }
        }
    }
    assert!(operations > 30 && examples > 5, "{operations}, {examples}");
}

#[tokio::test]
async fn schemas_are_json_and_for_the_owner() {
    let rig = Rig::new().await;
    for name in ["openapi.json", "event.json", "report.json"] {
        let path = format!("/schemas/{name}");
        let answered = rig.get(&path).await;
        assert_eq!(answered.status, StatusCode::OK, "{name}");
        assert_eq!(answered.header("content-type"), "application/json");
        let schema: Value = serde_json::from_str(&answered.body).unwrap();
        assert!(schema.is_object(), "{name}");
    }
    assert_eq!(rig.get("/schemas/other.json").await.status, StatusCode::NOT_FOUND);
}
