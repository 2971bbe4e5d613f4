//! Keys, tokens and passwords: by the forms that vendors document, by the name before them, and by
//! how random they look.

use std::ops::Range;
use std::sync::LazyLock;

use regex::{Captures, Match, Regex};

use super::findings::{API_KEY, CREDENTIALS, Findings};

/// The forms of keys that their makers document (GitHub's list of secret scanning patterns names
/// most), JSON Web Tokens (RFC 7519) and private keys (RFC 7468).
static KNOWN_FORMS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?x)
        -----BEGIN\ [A-Z0-9\ ]*PRIVATE\ KEY(?:\ BLOCK)?-----[\s\S]*?(?:-----END\ [A-Z0-9\ ]*PRIVATE\ KEY(?:\ BLOCK)?-----|\z)
        | AGE-SECRET-KEY-1[A-Z0-9]{20,}
        | (?-u:\b)(?:
            (?:AKIA|ASIA|AROA|AIDA|AGPA|ANPA|ABIA|ACCA)[A-Z0-9]{16}
          | gh[pousr]_[A-Za-z0-9]{20,} | github_pat_[A-Za-z0-9_]{20,}
          | gl(?:pat|ptt|dt|rt|soat|cbt|ft|agent|oas|imt)-[A-Za-z0-9_-]{16,}
          | xox[abeoprs]-[A-Za-z0-9-]{10,} | xapp-[0-9]-[A-Za-z0-9-]{10,}
          | AIza[A-Za-z0-9_-]{30,} | ya29\.[A-Za-z0-9_-]{20,} | GOCSPX-[A-Za-z0-9_-]{20,}
          | (?:sk|pk|rk)_(?:live|test)_[A-Za-z0-9]{8,} | whsec_[A-Za-z0-9+/]{20,}
          | npm_[A-Za-z0-9]{30,} | pypi-[A-Za-z0-9_-]{16,} | rubygems_[a-f0-9]{32,} | cio[A-Za-z0-9]{32}
          | SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,} | hf_[A-Za-z0-9]{20,} | (?:AC|SK)[0-9a-f]{32}
          | xkeysib-[a-f0-9]{32,}[A-Za-z0-9-]* | key-[0-9a-f]{32} | [0-9a-f]{32}-us[0-9]{1,2} | re_[A-Za-z0-9_]{24,}
          | sq0(?:atp|csp|idp)-[A-Za-z0-9_-]{20,} | shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}
          | do[opr]_v1_[a-f0-9]{32,} | dapi[a-f0-9]{32} | dp\.(?:pt|st|ct|sa)\.[A-Za-z0-9_.-]{20,}
          | lin_api_[A-Za-z0-9]{20,} | (?:secret|ntn)_[A-Za-z0-9]{40,} | PMAK-[A-Za-z0-9-]{20,} | pul-[a-f0-9]{40}
          | [A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_-]{20,} | hv[sbr]\.[A-Za-z0-9_-]{20,} | gl(?:c|sa)_[A-Za-z0-9_+/=-]{20,}
          | gsk_[A-Za-z0-9]{20,} | xai-[A-Za-z0-9]{20,} | pplx-[A-Za-z0-9]{20,} | r8_[A-Za-z0-9]{20,} | sbp_[a-f0-9]{20,}
          | figd_[A-Za-z0-9_-]{20,} | pat[A-Za-z0-9]{14}\.[a-f0-9]{20,} | ATATT3[A-Za-z0-9_=-]{20,} | HRKU-[A-Za-z0-9_-]{20,}
          | NRAK-[A-Z0-9]{20,} | sntry[su]_[A-Za-z0-9_=+/-]{20,} | dckr_pat_[A-Za-z0-9_-]{20,} | nfp_[A-Za-z0-9]{20,}
          | sl\.[A-Za-z0-9_-]{40,} | lsv2_[a-z]{2}_[A-Za-z0-9_]{20,} | tvly-[A-Za-z0-9-]{20,} | phc_[A-Za-z0-9]{30,}
          | [0-9]{8,10}:AA[A-Za-z0-9_-]{30,} | [MNO][A-Za-z0-9_-]{23,25}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,}
          | [A-Za-z0-9_~.-]{3}[0-9]Q~[A-Za-z0-9_~.-]{31,34}
          | eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)*
        )[A-Za-z0-9_-]*",
    )
    .ok()
});

/// Keys that begin as ordinary words may: they have to hold a digit as well.
static MIXED_FORMS: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?-u:\b)(?:sk|pk|rk)[-_][A-Za-z0-9_-]{16,}").ok());

/// Keys after what announces them.
static ANNOUNCED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?xi)
        (?-u:\b)bearer\s+(?<token>[A-Za-z0-9._~+/-]{16,}=*)
        | (?-u:\b)authorization:\s*(?:token|key|apikey|digest)\s+(?<other>[^\s,]{8,})
        | (?-u:\b)(?:set-)?cookie:\s*(?<cookie>[A-Za-z0-9_.-]+=[^\s;]{6,}(?:;\s*[^\s;=]+=[^\s;]+)*)
        | (?-u:\b)(?:api|secret|access)[_\ -]?(?:key|token)\s+(?<bare>[A-Za-z0-9_-]{16,})
        | (?-u:\b)authorization:\s*basic\s+(?<basic>[A-Za-z0-9+/]{6,}=*)
        | (?-u:\b)curl(?:\s[^\n]*?)?\s(?:-u|--user)[\s=]*(?<login>[^\s:$\x22]+:[^\s$]+)
        | (?:AccountKey|SharedAccessKey|SharedAccessSignature)=(?<azure>[A-Za-z0-9+/=%&_-]{20,})
        | hooks\.slack\.com/(?:services|workflows)/(?<slack>[A-Za-z0-9/_-]{12,})
        | discord(?:app)?\.com/api/webhooks/(?<discord>[0-9]+/[A-Za-z0-9_-]{16,})
        | api\.telegram\.org/bot(?<telegram>[0-9]+:[A-Za-z0-9_-]{16,})",
    )
    .ok()
});

/// A name for a secret and what leads from it to the value: a mark, a verb, or no more than a blank.
static HEADS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r#"(?xi)
        (?:(?<key>api[_\ -]?key|apikey|(?:access|account|private|signing|encryption|secret|master|license)[_-]?(?:access[_-]?)?key
              | (?:auth|access|refresh|bearer|session|security|personal|id)?[_\ -]?(?:access[_-])?token
              | client[_\ -]?secret|(?:app|webhook|shared)[_\ -]?secret|secret)
          | (?<pin>(?-u:\b)pin(?-u:\b)|geheimzahl)
          | (?<word>(?-u:\b)pwd(?-u:\b)|(?-u:\b)pw(?-u:\b)|(?-u:\b)mdp(?-u:\b)
              | (?:p[a4]ss[_\ -]?w[oö0]r[dt]|passwd|pass[_\ -]?phrase|passcode|kennwort|zugangscode|zugangsdaten
                | contrase[ñn]a|contrasenya|mot\ de\ passe|(?-u:\b)senha|palavra-passe|parola\ (?:d'ordine|chiave)|codice\ segreto|hasł[oa]
                | wachtwoord|l[öo]senord|adgangskode|(?-u:\b)kodeord|passord|salasana|[şs][iİ]fre|jelsz[óo]|jelszav
                | (?-u:\b)(?:heslo|geslo|lozinka|parool|pasahitza)|slaptažod|lykilorð|mật\ khẩu|kata\ sandi
                | парол|лозинк|κωδικ[όο]ς?(?:\ πρόσβασης)?|密码|密碼|口令|パスワ[ー-]ド|暗証番号|비밀번호|암호|รหัสผ่าน
                | كلمة\ السر|كلمة\ المرور|पासवर्ड|סיסמה)\p{L}{0,3}?)
          | (?<weak>(?-u:\b)pass(?-u:\b)|(?-u:\b)(?:clave|parol[ae]|sandi)\p{L}{0,3}?))
        ["'`*]{0,3}
        (?: (?: \s+(?:for|of|f[üu]rs?|vom|von|zum|para|del?|du|pour|per|voor|till?|dla|для|от)\s+(?:\S+\s+){0,2}?\S+?
              | \s+(?:mitt|min|mea|saya|мій|שלי) | \s*\([^\s()]+\) )?
            (?: \s*(?<mark>=>|:=|[=:→]|->)
              | (?<said> (?: 's | \s+(?:is|was|ist|war|wäre|lautet|lauten|hei(?:ß|ss)t|luidt|c?'?est|és?|es|è|jest|brzmi|är|este|είναι|это|là|adalah|هي|היא|है)
                    (?:\s+(?:now|jetzt|ab\ heute))? )
                (?: \s*(?:[:=]|->) | \s )
              | \s*(?:是|为|為|は、?|는|은|คือ) )
              | \s+(?:to|on|er|je|ir|е|је|-{1,2})\s )
          | \s )
        \s*["'`*(\[<&„‚«»]{0,3}"#,
    )
    .ok()
});

/// Long runs of letters and digits.
static RUNS: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?-u:\b)[A-Za-z0-9+/_-]{20,}={0,2}").ok());

/// Words that follow a name for a secret in questions about secrets, without hyphens.
const TECHNIQUES: [&str; 25] = [
    "2fa",
    "aes128",
    "aes256",
    "argon2",
    "argon2i",
    "argon2id",
    "base32",
    "base58",
    "base64",
    "ed25519",
    "es256",
    "fido2",
    "hs256",
    "hmacsha256",
    "md5",
    "oauth1",
    "oauth2",
    "oauth2.0",
    "oauth2.1",
    "pbkdf2",
    "rs256",
    "sha1",
    "sha256",
    "sha512",
    "web3",
];

/// Whether `text` may name a secret, by the very forms that are searched for afterwards.
pub(super) fn may_be_named(text: &str) -> bool {
    !text.is_ascii()
        || [&HEADS, &ANNOUNCED]
            .into_iter()
            .any(|forms| forms.as_ref().is_some_and(|forms| forms.is_match(text)))
}

pub(super) fn find_known_forms(findings: &mut Findings<'_>) {
    let text = findings.text;
    for found in KNOWN_FORMS.iter().flat_map(|forms| forms.find_iter(text)) {
        findings.replace(found.range(), API_KEY);
    }
    let mixed = MIXED_FORMS.iter().flat_map(|forms| forms.find_iter(text));
    for found in mixed.filter(|found| holds_digit(found.as_str())) {
        findings.replace(found.range(), API_KEY);
    }
    for captures in ANNOUNCED.iter().flat_map(|announced| announced.captures_iter(text)) {
        for (name, marker) in [("basic", CREDENTIALS), ("login", CREDENTIALS)].into_iter().chain(
            ["token", "other", "cookie", "bare", "azure", "slack", "discord", "telegram"]
                .map(|name| (name, API_KEY)),
        ) {
            if let Some(value) =
                captures.name(name).filter(|value| name != "bare" || holds_digit(value.as_str()))
            {
                findings.replace(value.range(), marker);
            }
        }
    }
}

/// Finds secrets after their names, as in `password: …` and `token=…`. A word that cannot be the value is read again: it may
/// be a name itself.
pub(super) fn find_named(findings: &mut Findings<'_>) {
    let text = findings.text;
    let Some(heads) = HEADS.as_ref() else { return };
    let mut at = 0;
    while let Some(head) = heads.captures_at(text, at) {
        let Some(named) = Named::new(text, &head) else { return };
        at = named.name.end();
        let value = text.get(named.value.clone()).unwrap_or_default();
        let marker = match named.kind {
            Kind::Key if named.is_key(value) => API_KEY,
            Kind::Word | Kind::Weak | Kind::Pin if named.is_password(value) => CREDENTIALS,
            _ => continue,
        };
        at = named.value.end;
        findings.replace(named.value, marker);
    }
}

/// What a name announces.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A key or a token.
    Key,
    /// A number.
    Pin,
    /// A password, where the word does not mean something else ("clave", "pass").
    Weak,
    /// A password.
    Word,
}

/// What leads from a name to the value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lead {
    /// `name=value`, as in a file of settings.
    Assigned,
    /// A colon and the like.
    Marked,
    /// A verb.
    Said,
    /// A blank, or a word that means much else.
    Loose,
}

/// A name for a secret, and what may be its value.
struct Named<'t> {
    kind: Kind,
    lead: Lead,
    name: Match<'t>,
    value: Range<usize>,
    before: &'t str,
}

impl<'t> Named<'t> {
    fn new(text: &'t str, head: &Captures<'t>) -> Option<Self> {
        let (kind, name) =
            [("key", Kind::Key), ("pin", Kind::Pin), ("weak", Kind::Weak), ("word", Kind::Word)]
                .into_iter()
                .find_map(|(group, kind)| head.name(group).map(|name| (kind, name)))?;
        let start = head.get(0)?.end();
        let mark = head.name("mark");
        let assigned = mark.is_some_and(|mark| {
            mark.as_str() == "="
                && mark.end() == start
                && !text.get(..mark.start()).unwrap_or_default().ends_with(' ')
        });
        let lead = match mark {
            Some(_) if assigned => Lead::Assigned,
            Some(_) => Lead::Marked,
            None if head.name("said").is_some() => Lead::Said,
            None => Lead::Loose,
        };
        Some(Self {
            kind,
            lead,
            name,
            value: value_range(text, start, assigned || kind == Kind::Key),
            before: text.get(..name.start()).unwrap_or_default(),
        })
    }

    fn is_key(&self, value: &str) -> bool {
        let fewest = if self.name.as_str().eq_ignore_ascii_case("secret") { 6 } else { 8 };
        self.lead != Lead::Loose
            && value.len() >= fewest
            && holds_digit(value)
            && !is_technique(value)
    }

    /// Whether `value` is a password, and not the next word of a question.
    fn is_password(&self, value: &str) -> bool {
        // The sentence's end says nothing.
        let inner = value.trim_end_matches(['!', '?', '.']);
        if is_technique(inner) {
            return false;
        }
        let digits = inner.bytes().all(|byte| byte.is_ascii_digit());
        if self.kind == Kind::Pin {
            return self.lead != Lead::Loose && digits && (4..=8).contains(&inner.len());
        }
        let letters = inner.chars().any(char::is_alphabetic);
        let lower = inner.chars().any(char::is_lowercase);
        let symbols = inner.contains(['!', '@', '#', '$', '%', '^', '&', '*', '~', '?']);
        let mixed = letters && (holds_digit(inner) || symbols);
        let shown = match (self.lead, self.kind) {
            (Lead::Assigned, _) if value.len() >= 6 => true,
            (Lead::Loose, Kind::Weak) => false,
            (Lead::Loose, _) => {
                let word = lower
                    && inner.starts_with(char::is_alphabetic)
                    && inner.chars().all(char::is_alphanumeric)
                    && !is_version(inner);
                inner.len() >= 6 && (digits || (mixed && holds_digit(inner) && (symbols || word)))
            }
            (_, Kind::Weak) => mixed && !is_version(inner),
            (lead, _) => {
                let inner_upper = lower && inner.chars().skip(1).any(char::is_uppercase);
                (mixed && !is_count(inner))
                    || (holds_digit(inner) && inner.len() >= 6 && !letters)
                    || (inner_upper && lead != Lead::Said)
            }
        };
        let marked = matches!(self.lead, Lead::Marked | Lead::Assigned);
        shown || (marked && inner.len() >= 4 && self.is_owned())
    }

    /// Whether the words before say whose password it is: then it may be any word.
    fn is_owned(&self) -> bool {
        let start =
            self.before.char_indices().rev().nth(MAX_SECRET_CHARS).map_or(0, |(start, _)| start);
        let lower = self.before.get(start..).unwrap_or_default().to_lowercase();
        let tail = lower.trim_end();
        ["my", "mein", "mi", "mon", "minha", "mijn", "мой"]
            .iter()
            .any(|mine| ends_with_word(tail, mine))
            || ["user", "login", "username", "benutzer", "usuario", "логин"]
                .iter()
                .any(|login| lower.contains(login))
    }
}

/// The most characters of a password.
const MAX_SECRET_CHARS: usize = 200;
/// The fewest bytes of one.
const MIN_SECRET_BYTES: usize = 4;

/// The value of a secret at `start` without the sentence's end after it; one that no query can hold goes on to the next
/// blank. Empty where it is too short.
fn value_range(text: &str, start: usize, in_query: bool) -> Range<usize> {
    let rest = text.get(start..).unwrap_or_default();
    let rest = rest
        .char_indices()
        .nth(MAX_SECRET_CHARS)
        .map_or(rest, |(end, _)| rest.get(..end).unwrap_or_default());
    let ends = |letter: char| {
        letter.is_whitespace() || matches!(letter, '"' | '\'' | '`' | ';' | ',' | '«' | '»' | '‘')
    };
    let short = rest
        .find(|letter| {
            ends(letter)
                || matches!(letter, '&' | ':' | '[' | ']' | '<' | '>' | '(' | ')' | '{' | '}')
        })
        .unwrap_or(rest.len());
    if short < MIN_SECRET_BYTES {
        return start..start;
    }
    let length = if in_query { short } else { rest.find(ends).unwrap_or(rest.len()) };
    let value = rest.get(..length).unwrap_or_default();
    let kept = value
        .trim_end_matches(['.', ':', '|', '/', ')', ']', '}', '>', '*'])
        .trim_end_matches("?!")
        .trim_end_matches('?');
    start..start + kept.len()
}

/// A name and its version, such as `Vue3` and `Terraform1.7`.
fn is_version(value: &str) -> bool {
    let version = value.trim_start_matches(|letter: char| !letter.is_ascii_digit());
    let name = value.strip_suffix(version).unwrap_or_default();
    let mut parts = version.split('.');
    let short = |part: &str| {
        (1..=2).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    name.chars().all(|letter| letter.is_alphabetic() || matches!(letter, '+' | '#' | '-' | '.'))
        && parts.all(short)
}

/// A number of something, such as `2-factor` and `90-day`.
fn is_count(value: &str) -> bool {
    value.split_once('-').is_some_and(|(count, thing)| {
        count.bytes().all(|byte| byte.is_ascii_digit())
            && thing.chars().all(|letter| letter.is_lowercase() || letter == '-')
    })
}

fn ends_with_word(text: &str, word: &str) -> bool {
    text.strip_suffix(word).is_some_and(|rest| !rest.ends_with(char::is_alphanumeric))
}

fn is_technique(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    let known = |part: &str| TECHNIQUES.contains(&part.replace('-', "").as_str());
    let plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'-');
    // `argon2-hashed` as well.
    let begins = |part: &str| {
        known(part) || part.rsplit_once('-').is_some_and(|(name, rest)| known(name) && plain(rest))
    };
    let parts = || lower.split(['/', '+', '|']);
    parts().any(begins) && parts().all(|part| begins(part) || plain(part))
}

/// Finds long runs of letters and digits that mix them as words do not.
pub(super) fn find_random(findings: &mut Findings<'_>) {
    let text = findings.text;
    for found in RUNS.iter().flat_map(|runs| runs.find_iter(text)) {
        let before = text.get(..found.start()).unwrap_or_default();
        if looks_random(found.as_str()) && !before.ends_with(['.', '@']) {
            findings.replace(found.range(), API_KEY);
        }
    }
}

/// The length of a secret access key of AWS.
const AWS_SECRET_BYTES: usize = 40;

/// Random letters and digits change between capitals, small letters and digits all the time, names in code a few times.
/// Digests and UUIDs, which have base 16, the digests of npm and ULIDs are not secrets.
fn looks_random(run: &str) -> bool {
    #[derive(PartialEq, Clone, Copy)]
    enum Kind {
        Upper,
        Lower,
        Digit,
    }
    let kinds: Vec<Kind> = run
        .bytes()
        .filter_map(|byte| match byte {
            b'A'..=b'Z' => Some(Kind::Upper),
            b'a'..=b'z' => Some(Kind::Lower),
            b'0'..=b'9' => Some(Kind::Digit),
            _ => None,
        })
        .collect();
    let count = |kind: Kind| kinds.iter().filter(|each| **each == kind).count();
    let (upper, lower, digits) = (count(Kind::Upper), count(Kind::Lower), count(Kind::Digit));
    let changes = kinds.windows(2).filter(|pair| pair.first() != pair.last()).count();
    let base_16 = run.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
        && (upper == 0 || lower == 0);
    let ulid =
        run.len() == 26 && lower == 0 && run.starts_with(|letter| ('0'..='7').contains(&letter));
    let digest =
        ["sha1-", "sha256-", "sha384-", "sha512-"].iter().any(|name| run.starts_with(name));
    if base_16 || ulid || digest || digits == 0 || run.contains("//") {
        return false;
    }
    // Of 62 letters and digits six in ten neighbours are of two kinds, of 36 four in ten; of the names
    // in code that have capitals within them three or four.
    let (percent, fewest_digits) = if run.len() == AWS_SECRET_BYTES && upper >= 8 && lower >= 8 {
        (30, 1)
    } else if upper > 0 && lower > 0 {
        (45, 2)
    } else {
        (25, 4)
    };
    !(upper > 0 && is_name_in_code(run))
        && upper + lower > 0
        && digits >= fewest_digits
        && changes * 100 >= kinds.len() * percent
        && has_long_part(run)
}

/// Names in code are made of words: nearly half of them is in runs of three small letters and more, of
/// random letters and digits a sixth.
fn is_name_in_code(run: &str) -> bool {
    let lower: usize = run
        .split(|letter: char| !letter.is_ascii_lowercase())
        .map(str::len)
        .filter(|length| *length >= 3)
        .sum();
    lower * 100 >= run.len() * 45
}

/// Words and numbers that hyphens join, as in a model's name, are short; a key has a long part.
fn has_long_part(run: &str) -> bool {
    run.split(['-', '_', '/']).any(|part| part.len() >= 12)
}

fn holds_digit(text: &str) -> bool {
    text.bytes().any(|byte| byte.is_ascii_digit())
}
