//! What a field's name says of its value: a header of HTTP, a session, an id, a text.

/// What a field holds by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FieldKind {
    /// A header that says who or where the visitor is, or what lets an agent in.
    Header,
    /// A session of the visitor.
    Session,
    /// A password, a key or a token.
    Secret,
    /// An id, a model, a hash or a version.
    Id,
    /// A text that people write, a phone number among them.
    Text,
    /// Anything else: its value tells.
    Other,
}

/// The names of a request's id, without hyphens and underscores.
const REQUESTS: [&str; 2] = ["requestid", "correlationid"];
/// The names of a session, without hyphens and underscores; where there are several, the first counts.
const SESSIONS: [&str; 14] = [
    "sessionid",
    "session",
    "sessid",
    "sid",
    "sessionkey",
    "sessiontoken",
    "sessionuuid",
    "chatsession",
    "chatsessionid",
    "usersession",
    "usersessionid",
    "conversationid",
    "chatid",
    "threadid",
];

/// Headers by their whole name. Those of addresses and cookies are told by their words.
const HEADERS: [&str; 22] = [
    "useragent",
    "ua",
    "referer",
    "referrer",
    "setcookie",
    "setcookie2",
    "auth",
    "authorizationheader",
    "authorizationvalue",
    "xapikey",
    "xauthtoken",
    "forwarded",
    "forwardedfor",
    "xoriginalforwardedfor",
    "xff",
    "remoteaddr",
    "remoteaddress",
    "remotehost",
    "clientaddr",
    "clientaddress",
    "peeraddr",
    "peeraddress",
];

/// Words for a visitor's address, by itself or within a name.
const ADDRESSES: [&str; 26] = [
    "ip",
    "ipaddrs",
    "clientipaddress",
    "useripaddress",
    "remoteipaddress",
    "ipinfo",
    "ipcountry",
    "geoip",
    "clientip",
    "userip",
    "visitorip",
    "remoteip",
    "realip",
    "sourceip",
    "srcip",
    "originip",
    "hostip",
    "peerip",
    "publicip",
    "iphash",
    "ipaddr",
    "ipaddress",
    "ipaddresses",
    "ipv4",
    "ipv6",
    "ips",
];

const SECRETS: [&str; 18] = [
    "password",
    "passwd",
    "pwd",
    "passphrase",
    "secret",
    "clientsecret",
    "apikey",
    "accesskey",
    "secretkey",
    "privatekey",
    "secretaccesskey",
    "accesstoken",
    "authtoken",
    "refreshtoken",
    "idtoken",
    "bearertoken",
    "token",
    "jwt",
];

/// Words before "token" that make it a credential; other tokens are counts or separators.
const TOKENS: [&str; 12] = [
    "access", "api", "auth", "bearer", "bot", "csrf", "id", "jwt", "refresh", "reset", "security",
    "xsrf",
];

/// The most words of the name of a secret.
const MAX_SECRET_WORDS: usize = 3;

/// Last words of the names of ids and the like.
const IDS: [&str; 28] = [
    "id",
    "ids",
    "uuid",
    "guid",
    "ulid",
    "hash",
    "sha",
    "sha1",
    "sha256",
    "md5",
    "digest",
    "checksum",
    "etag",
    "fingerprint",
    "model",
    "models",
    "version",
    "versions",
    "revision",
    "commit",
    "build",
    "release",
    "deployment",
    "traceparent",
    "tracestate",
    "cursor",
    "ray",
    "nonce",
];

/// Words in the names of texts that people write, and of ways to reach them.
const TEXTS: [&str; 42] = [
    "text",
    "texts",
    "note",
    "notes",
    "comment",
    "comments",
    "message",
    "messages",
    "question",
    "questions",
    "query",
    "answer",
    "answers",
    "response",
    "reply",
    "prompt",
    "description",
    "title",
    "subject",
    "content",
    "body",
    "summary",
    "feedback",
    "reason",
    "reasoning",
    "explanation",
    "input",
    "output",
    "transcript",
    "snippet",
    "quote",
    "contact",
    "email",
    "mail",
    "phone",
    "telephone",
    "tel",
    "mobile",
    "cell",
    "fax",
    "whatsapp",
    "callback",
];

impl FieldKind {
    /// What a field of that name holds.
    pub(super) fn of(name: &str) -> Self {
        let words = words(name);
        let joined = words.concat();
        let bare = joined.strip_prefix("http").filter(|_| words.len() > 1).unwrap_or(&joined);
        let last = words.last().map(String::as_str);
        let is_header = HEADERS.contains(&bare)
            || ADDRESSES.contains(&bare)
            || last == Some("authorization")
            || ["useragent", "ipv4", "ipv6"].iter().any(|part| bare.contains(part))
            || bare.starts_with("secchua")
            || bare.starts_with("xforwarded")
            || words.iter().any(|word| {
                ["referer", "referrer", "cookie", "cookies", "cookie2"].contains(&word.as_str())
                    || ADDRESSES.contains(&word.as_str())
            })
            || words
                .windows(2)
                .any(|pair| matches!(pair, [a, b] if a == "remote" && b.starts_with("addr")));
        if is_header {
            Self::Header
        } else if SESSIONS.contains(&bare) {
            Self::Session
        } else if is_secret(&words) {
            Self::Secret
        } else if last.is_some_and(|last| IDS.contains(&last)) {
            Self::Id
        } else if words.iter().any(|word| TEXTS.contains(&word.as_str())) {
            Self::Text
        } else {
            Self::Other
        }
    }
}

/// Whether the last words of a name are those of a secret: `openai_api_key`, `dbPassword`.
fn is_secret(words: &[String]) -> bool {
    if let [.., before, last] = words
        && last == "token"
    {
        return TOKENS.contains(&before.as_str());
    }
    (1..=MAX_SECRET_WORDS).any(|count| {
        let last = words.len().checked_sub(count).and_then(|from| words.get(from..));
        last.is_some_and(|last| SECRETS.contains(&last.concat().as_str()))
    })
}

/// A name's words in lower case: `clientIP`, `client-ip` and `client_ip` are two.
fn words(name: &str) -> Vec<String> {
    let letters: Vec<char> = name.chars().collect();
    let mut words = vec![String::new()];
    for (place, letter) in letters.iter().enumerate() {
        if matches!(letter, '_' | '-' | '.' | ' ' | ':') {
            words.push(String::new());
            continue;
        }
        let before = place.checked_sub(1).and_then(|before| letters.get(before));
        let after = letters.get(place + 1);
        let begins = letter.is_uppercase()
            && (before.is_some_and(|before| before.is_lowercase() || before.is_ascii_digit())
                || (before.is_some_and(|before| before.is_uppercase())
                    && after.is_some_and(|after| after.is_lowercase())));
        if begins {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.extend(letter.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Whether a field of that name says to which request a message belongs, however its words are parted.
pub(crate) fn is_request(name: &str) -> bool {
    REQUESTS.contains(&bare_name(name).as_str())
}

/// Whether a field of that name holds a visitor's session.
pub(crate) fn is_session(name: &str) -> bool {
    FieldKind::of(name) == FieldKind::Session
}

/// The place of a field's name among the names of a session; `None` for any other.
pub(crate) fn session_rank(name: &str) -> Option<usize> {
    let bare = bare_name(name);
    SESSIONS.iter().position(|session| *session == bare)
}

/// A field's name in lower case, without what parts its words.
pub(crate) fn bare_name(name: &str) -> String {
    words(name).concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(kind: FieldKind, names: &[&str]) {
        for name in names {
            assert_eq!(FieldKind::of(name), kind, "{name}");
        }
    }

    #[test]
    fn headers_are_told_by_their_words_in_any_spelling() {
        check(
            FieldKind::Header,
            &[
                "ip",
                "IP",
                "clientIp",
                "client_ip",
                "clientIP",
                "remoteAddr",
                "REMOTE_ADDR",
                "cf-connecting-ip",
                "CF-Connecting-IP",
                "x-forwarded-for",
                "X-Forwarded-For",
                "HTTP_X_FORWARDED_FOR",
                "x-real-ip",
                "forwarded",
                "true-client-ip",
                "ipAddress",
                "IPAddress",
                "ip_address",
                "ipv6",
                "userAgent",
                "user-agent",
                "User-Agent",
                "user_agent",
                "HTTP_USER_AGENT",
                "browserUserAgent",
                "referer",
                "Referrer",
                "documentReferrer",
                "cookie",
                "Set-Cookie",
                "authorization",
                "Proxy-Authorization",
                "x-api-key",
                "ip-country",
                "clientip",
                "X-Real-IP",
                "X_REAL_IP",
                "x-client-ip",
                "Fastly-Client-IP",
                "X-Azure-ClientIP",
                "CF-IPCountry",
                "visitor_ip_address",
                "clientIpAddr",
                "userIPAddress",
                "clientIPv4",
                "IPv6Address",
                "remoteIpV6",
                "ipHash",
                "geoip",
                "X-Original-Forwarded-For",
                "forwardedFor",
                "xForwardedHost",
                "REFERRER",
                "http_referer",
                "userAgentString",
                "USERAGENT",
                "ua",
                "sec-ch-ua-platform",
                "cookies",
                "HTTP_COOKIE",
                "cookieHeader",
                "requestCookies",
                "set_cookie",
                "Cookie2",
                "x-authorization",
                "Authorization ",
                "request.headers.authorization",
                "remote-address",
            ],
        );
    }

    #[test]
    fn a_word_that_only_holds_a_headers_name_is_no_header() {
        for name in [
            "zip",
            "zipCode",
            "description",
            "recipe",
            "ipsum",
            "tip",
            "ship",
            "script",
            "author",
            "equipment",
            "skip_reason",
            "pipeline",
            "pipelineId",
            "relationship",
            "membership",
            "participants",
            "principal",
            "multiple",
            "shipAddress",
            "tooltip",
            "trip",
            "vip",
            "clips",
            "street_address",
            "addressee",
            "authorName",
            "authenticated",
            "preferred",
            "forwarded_to_team",
            "quality",
            "guard",
        ] {
            assert_ne!(FieldKind::of(name), FieldKind::Header, "{name}");
        }
    }

    #[test]
    fn sessions_ids_secrets_and_texts_are_told_by_their_names() {
        check(
            FieldKind::Session,
            &[
                "sessionId",
                "session_id",
                "sessionID",
                "session",
                "SESSION-ID",
                "conversationId",
                "chat_id",
            ],
        );
        check(
            FieldKind::Id,
            &[
                "requestId",
                "traceId",
                "span_id",
                "userID",
                "model",
                "llmModel",
                "commitHash",
                "cvVersion",
                "id",
            ],
        );
        check(
            FieldKind::Secret,
            &[
                "password",
                "apiKey",
                "access_token",
                "OPENAI_API_KEY",
                "x-goog-api-key",
                "dbPassword",
                "webhookSecret",
                "aws_secret_access_key",
                "csrfToken",
                "x-csrf-token",
                "jwt",
            ],
        );
        check(FieldKind::Text, &["note", "userComment", "answer", "phone", "contact"]);
        check(
            FieldKind::Other,
            &["experiment", "locale", "tokens", "sourcesUsed", "stop_token", "nextToken", "key"],
        );
    }
}
