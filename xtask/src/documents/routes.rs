//! The routes of the server, and what lists them: two tables, and `openapi.json`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Span, ending, files, page, rows, spans};

const OPENAPI: &str = "docs/schemas/openapi.json";

/// Every route of the program as `GET /weeks/{week}`.
fn routes() -> BTreeSet<String> {
    let sources = files("crates").into_iter().filter(|file| ending(file) == "rs");
    let sources = sources.filter(|file| !file.contains("/tests"));
    let mut routes = BTreeSet::new();
    for source in sources.map(|file| page(&file)) {
        for route in source.split(".route(\"").skip(1) {
            let (path, rest) = route.split_once('"').expect("a path");
            let handlers = rest.split_once('\n').map_or(rest, |(line, _)| line);
            for method in ["get", "post"] {
                let call = format!("{method}(");
                if handlers.contains(&format!(" {call}")) || handlers.contains(&format!(".{call}"))
                {
                    routes.insert(format!("{} {path}", method.to_uppercase()));
                }
            }
        }
    }
    routes
}

/// The routes of the table of addresses, each with who may call it.
fn listed() -> BTreeMap<String, String> {
    let server = page("docs/operate/server.md");
    let mut listed = BTreeMap::new();
    for row in rows(&server, "## Every address") {
        let (who, _) = row.trim_start_matches("| ").split_once(" |").expect("two cells");
        for span in spans(row) {
            if let Span::Code(route) = span {
                listed.insert(route.to_owned(), who.to_owned());
            }
        }
    }
    listed
}

/// The operations of `openapi.json` by their route, `GET /weeks/{week}`.
fn operations() -> BTreeMap<String, Value> {
    let document: Value = serde_json::from_str(&page(OPENAPI)).expect("JSON");
    let mut operations = BTreeMap::new();
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("methods") {
            operations.insert(format!("{} {path}", method.to_uppercase()), operation.clone());
        }
    }
    operations
}

#[test]
fn the_table_of_addresses_lists_every_route_and_no_other() {
    let listed: BTreeSet<String> = listed().into_keys().collect();
    assert_eq!(listed, routes(), "docs/operate/server.md, \"Every address\", and the routes");
}

#[test]
fn the_openapi_document_describes_every_route_and_says_as_the_table_who_may_call_it() {
    let who = |operation: &Value| operation["tags"][0].as_str().unwrap_or_default().to_owned();
    let described: BTreeMap<String, String> =
        operations().iter().map(|(route, one)| (route.clone(), who(one))).collect();
    assert_eq!(described, listed(), "{OPENAPI} and docs/operate/server.md");
}

#[test]
fn the_openapi_document_names_each_part_of_a_path_and_asks_for_what_its_tag_says() {
    let document: Value = serde_json::from_str(&page(OPENAPI)).expect("JSON");
    for (route, operation) in operations() {
        let resolved = |parameter: &Value| -> Value {
            let reference = parameter["$ref"].as_str().and_then(|name| name.strip_prefix('#'));
            reference.map_or(parameter, |place| document.pointer(place).expect(place)).clone()
        };
        let parameters = operation["parameters"].as_array().into_iter().flatten().map(resolved);
        let named: BTreeSet<String> = parameters
            .filter(|parameter| parameter["in"] == "path")
            .map(|parameter| parameter["name"].as_str().expect("a name").to_owned())
            .collect();
        let parts = route.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
        assert_eq!(named, parts.map(str::to_owned).collect(), "{route}");
        let asked: BTreeSet<&str> = operation["security"]
            .as_array()
            .expect("security")
            .iter()
            .flat_map(|one| one.as_object().expect("a scheme").keys().map(String::as_str))
            .collect();
        let expected: &[&str] = match operation["tags"][0].as_str().expect("a tag") {
            "anyone" | "with the link of a mail" => &[],
            "a sender who signs with the server's key" => &["signature"],
            "with the bearer token" => &["token"],
            _ => &["session", "token"],
        };
        assert_eq!(asked, expected.iter().copied().collect(), "{route}");
    }
}

#[test]
fn every_page_that_the_dashboards_table_lists_is_a_route() {
    let dashboard = page("docs/use/dashboard.md");
    let table = dashboard.lines().skip_while(|line| *line != "| page | what |").skip(2);
    let routes = routes();
    let mut count = 0;
    for row in table.take_while(|line| line.starts_with('|')) {
        let Some(Span::Code(address)) = spans(row).into_iter().next() else { panic!("{row}") };
        let address = address.split('?').next().unwrap_or_default();
        count += 1;
        let is_same = |route: &String| {
            let route = route.strip_prefix("GET ").unwrap_or_default();
            let parts = || route.split('/').zip(address.split('/'));
            route.split('/').count() == address.split('/').count()
                && parts().all(|(route, part)| route == part || route.starts_with('{'))
        };
        assert!(
            routes.iter().any(is_same),
            "docs/use/dashboard.md lists {address}, which is not a route"
        );
    }
    assert!(count > 10, "{count} pages");
}
