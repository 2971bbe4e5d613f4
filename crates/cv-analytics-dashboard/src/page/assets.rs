//! The files beside the pages: two stylesheets, two scripts, one picture.

use axum::body::Body;
use axum::extract::Path;
use axum::http::{HeaderValue, Response, header};

use crate::page::PageError;

const FILES: [(&str, &str, &str); 5] = [
    ("tokens.css", "text/css; charset=utf-8", include_str!("../../assets/tokens.css")),
    ("dashboard.css", "text/css; charset=utf-8", include_str!("../../assets/dashboard.css")),
    ("copy.js", "text/javascript; charset=utf-8", include_str!("../../assets/copy.js")),
    ("live.js", "text/javascript; charset=utf-8", include_str!("../../assets/live.js")),
    ("icon.svg", "image/svg+xml", include_str!("../../assets/icon.svg")),
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether a size is written out in place of a token: a number with its unit.
    fn is_raw(word: &str) -> bool {
        let number = word.strip_suffix("rem").or_else(|| word.strip_suffix("px"));
        number.is_some_and(|number| number.parse::<f64>().is_ok())
    }

    #[test]
    fn every_size_and_colour_is_a_token() {
        let text =
            |name: &str| FILES.iter().find(|(known, ..)| *known == name).map(|(.., text)| *text);
        let (sheet, tokens) =
            (text("dashboard.css").unwrap_or(""), text("tokens.css").unwrap_or(""));
        let mut used = 0;
        for line in sheet.lines().filter(|line| !line.starts_with("@media")) {
            let raw = line
                .split(|sign: char| !sign.is_ascii_alphanumeric() && sign != '.')
                .find(|word| is_raw(word));
            assert_eq!(raw, None, "{line}");
            for name in line.split("var(").skip(1) {
                let name = name.split([')', ',']).next().unwrap_or_default();
                let set = format!(" {name}:");
                assert!(tokens.contains(&set) || sheet.contains(&set), "{name} is not set");
                used += 1;
            }
        }
        assert!(used > 100, "{used}");
    }
}
