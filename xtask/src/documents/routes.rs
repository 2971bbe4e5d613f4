//! The routes of the server, and the tables that list them.

use std::collections::BTreeSet;

use super::{Span, ending, files, page, rows, spans};

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

#[test]
fn the_table_of_addresses_lists_every_route_and_no_other() {
    let server = page("docs/operate/server.md");
    let listed = rows(&server, "## Every address").into_iter().flat_map(spans);
    let listed: BTreeSet<String> = listed
        .filter_map(|span| if let Span::Code(route) = span { Some(route.to_owned()) } else { None })
        .collect();
    assert_eq!(listed, routes(), "docs/operate/server.md, \"Every address\", and the routes");
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
