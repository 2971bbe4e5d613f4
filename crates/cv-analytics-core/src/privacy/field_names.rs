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

/// The names of a session, without hyphens and underscores.
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

/// The names of a session that count at the top level of an event without `sessionId`, first come.
pub(crate) const TOP_LEVEL_SESSIONS: [&str; 14] = SESSIONS;

/// Headers by their whole name. Those of addresses are told by their words.
const HEADERS: [&str; 22] = [
    "useragent",
    "ua",
    "referer",
    "referrer",
    "cookie",
    "cookies",
    "setcookie",
    "cookie2",
    "authorization",
    "auth",
    "proxyauthorization",
    "authorizationheader",
    "xapikey",
    "xauthtoken",
    "forwarded",
    "remoteaddr",
    "remoteaddress",
    "remotehost",
    "clientaddr",
    "clientaddress",
    "peeraddr",
    "peeraddress",
];

/// Names of a visitor's address that are written as one word.
const ADDRESSES: [&str; 18] = [
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

const SECRETS: [&str; 17] = [
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
];

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
        let (first, last) = (words.first().map(String::as_str), words.last().map(String::as_str));
        let is_header = HEADERS.contains(&bare)
            || ADDRESSES.contains(&bare)
            || bare.contains("useragent")
            || bare.starts_with("secchua")
            || bare.starts_with("xforwarded")
            || words.iter().any(|word| word == "referer" || word == "referrer")
            || [first, last].into_iter().flatten().any(is_address)
            || words
                .windows(2)
                .any(|pair| matches!(pair, [a, b] if a == "remote" && b.starts_with("addr")));
        if is_header {
            Self::Header
        } else if SESSIONS.contains(&bare) {
            Self::Session
        } else if SECRETS.contains(&bare) {
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

fn is_address(word: &str) -> bool {
    word == "ip" || ADDRESSES.contains(&word)
}

/// A name's words in small letters: `clientIP`, `client-ip` and `client_ip` are two.
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

/// Whether a field of that name holds a visitor's session.
pub(crate) fn is_session(name: &str) -> bool {
    FieldKind::of(name) == FieldKind::Session
}

/// A session's name as [`TOP_LEVEL_SESSIONS`] has it.
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
            ],
        );
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
                "x.sid",
            ][..7],
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
        check(FieldKind::Secret, &["password", "apiKey", "access_token"]);
        check(FieldKind::Text, &["note", "userComment", "answer", "phone", "contact"]);
        check(FieldKind::Other, &["experiment", "locale", "tokens", "sourcesUsed"]);
    }
}
