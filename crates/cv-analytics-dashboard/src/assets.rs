//! The files beside the pages: two stylesheets, two scripts, one picture.

use axum::body::Body;
use axum::extract::Path;
use axum::http::{HeaderValue, Response, header};

use crate::page::PageError;

const FILES: [(&str, &str, &str); 5] = [
    ("tokens.css", "text/css; charset=utf-8", include_str!("../assets/tokens.css")),
    ("dashboard.css", "text/css; charset=utf-8", include_str!("../assets/dashboard.css")),
    ("copy.js", "text/javascript; charset=utf-8", include_str!("../assets/copy.js")),
    ("live.js", "text/javascript; charset=utf-8", include_str!("../assets/live.js")),
    ("icon.svg", "image/svg+xml", include_str!("../assets/icon.svg")),
];

pub(crate) async fn file(Path(name): Path<String>) -> Result<Response<Body>, PageError> {
    let file = FILES.iter().find(|(known, ..)| *known == name);
    let Some((_, kind, text)) = file else {
        return Err(PageError::NotFound("unknown file"));
    };
    let mut response = Response::new(Body::from(*text));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    // Short, as a new version of the program brings new ones under the same names.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=300"));
    Ok(response)
}
