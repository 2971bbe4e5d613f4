//! What stands beside a number: words that announce a phone, names of standards, currencies, units.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

/// What the text around a run of numbers says of it.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a separate fact about the text beside a number"
)]
pub(super) struct Context {
    /// The bytes of a plus and of brackets before the first digit.
    pub(super) sign_length: usize,
    /// The bytes of an extension after the last digit.
    pub(super) extension_length: usize,
    pub(super) has_plus: bool,
    pub(super) has_bracket: bool,
    /// A letter stands directly before it, or directly after it.
    pub(super) glued_before: bool,
    pub(super) glued_after: bool,
    /// The token that it is part of goes on with letters and other digits.
    pub(super) is_mixed_token: bool,
    pub(super) after_comma: bool,
    pub(super) after_colon: bool,
    pub(super) before_colon: bool,
    pub(super) after_currency: bool,
    /// A currency follows.
    pub(super) before_money: bool,
    /// A currency or the name of what is counted follows.
    pub(super) is_counted: bool,
    /// A word such as "call" is before it.
    pub(super) is_announced: bool,
    /// A word such as "order" is before it.
    pub(super) is_id: bool,
    /// The name of a standard is before it.
    pub(super) is_standard: bool,
}

/// How far before a number the words are that tell what it is, in characters.
const MAX_CONTEXT_CHARS: usize = 48;

/// What announces a phone number, up to four words before it.
static ANNOUNCING: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?xi)
        (?: (?-u:\b)(?:tel|telefon|telephone|phone|(?:tele)?fax|mobile|mob|mobil|cell|cellphone|handy|handynummer|whats\s?app|telegram|signal|viber
            |wechat|sms|rufnummer|telefonnummer|telefono|telefone|celular|celulare|móvil|movil|teléfono|téléphone|portable|telefoon|telefoonnummer
            |gsm|cep|puhelin|puh|telefonu|telefonom|komórka|komórkowy|mobiilinumero|kontaktnummer|hotline|imessage|facetime|ph|hp|tlf)(?-u:\b)
          | (?-u:\b)(?:call|ring|dial|text|reach|phone|buzz)\s(?:me|us|him|her|them|my|back|at|on|now|today)(?-u:\b) | (?-u:\b)call(?:ed|ing)?\s*:?
          | (?-u:\b)(?:ruf|ruft|rufen|anruf|anrufen|erreichbar|erreichen|llámame|llame|llamar|llámeme|appelez|appelle|joindre|chiamami|chiama|chiamare
            |bel|bellen|ligue|ligar|liga|zadzwoń|dzwonić|ring|ringa|soita|hívjon|zavolejte|ara|arayın)(?-u:\b)
          | тел | телефон | позвони | звоните | моб | номер | 电话 | 電話 | 手机 | 手機 | 致电 | 拨打 | 联系 | 携帯 | 连絡 | 連絡 | 微信 | 전화 | 연락 | 휴대폰 | 번호
          | هاتف | اتصل | جوال | رقمي | موبايل | تلفن | फ़ोन | फोन | मोबाइल | नंबर | কল | ফোন | טלפון | נייד | τηλ | κινητό | โทร | มือถือ
        )
        [^\n0-9]{0,24}$",
    )
    .ok()
});

/// What says whose a number is, where no other thing is named.
static OWN: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?xi)(?-u:\b)(?:my|mein[e]?|meiner|mi|mon|il\smio|mijn|meu|moj|mój|můj)\s(?:\w+\s)?
          (?:number|nummer|numero|número|numéro|numer|telefonszám|nr)[^\n0-9]{0,24}$",
    )
    .ok()
});

/// What names a thing by its number: the last word, or the one before "number".
static NAMING: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?xi)
        (?: \# | (?-u:\b)(?:id|ids|uid|guid|order|ticket|issue|case|job|req|requisition|posting|vacancy|ref|reference|invoice|build|commit|revision|rev
            |version|ver|v|port|ports|pid|error|code|errno|timestamp|epoch|unix|patent|article|pmid|doi|arxiv|isbn|issn|ean|gtin|upc|sku|serial|seed|hash
            |pr|bug|case|task|story|jira|kb|cve|cwe|orcid|siret|siren|nip|regon|krs|vat|hrb|model|part|batch|lot|page|pages|line|lines|zip|plz|matricule|run|job-id
            |jobid|kennziffer|referenz|bestellung|auftrag|rechnung|steuernummer|population|byte|bytes|offset|index
            |barcode|product|produkt|producto|produit|prodotto|item|parcel|tracking|shipment|asin|artículo|articolo|pedido|commande|ordine|bestelling
            |zamówienia|zamówienie|zlecenie|faktura|faktury|facture|factura|fattura|dossier|expediente|sprawa|objednávka|beställning
            |(?:artikel|auftrags|bestell|kunden|produkt|rechnungs|referenz|sendungs|serien|stellen|ticket|vorgangs)-?(?:nummer|nr)(?:\s(?:ist|lautet))?)
          (?: [\s_-]?(?:number|num|nr|no|nummer|id|code|ids)\.? (?:\s(?:is|was|ist|lautet))? )? )
        [\s:=\#.]{0,3}$",
    )
    .ok()
});

/// Names of standards and of bodies that set them.
static STANDARDS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?x)
        (?-u:\b)(?:(?i:iso|iec|ieee|rfcs?|din|nist|fips|gost|isbn|issn|pep|jsr|etsi|ansi)|ISO(?:/[A-Z]{2,4}){0,2}|IEC|EN|DIN|VDE|VDI|IEEE|ANSI|RFC|BCP|STD|NIST|SP|BS|PAS|ASTM|ASME|ECMA|ITU|ITU-T|ETSI|3GPP|TS|TR|UL|CSA|FIPS|MIL|STD
          |DO|SAE|ARINC|EUROCAE|ED|GOST|ГОСТ|GB|GB/T|JIS|KS|AS|NZS|NF|UNI|UNE|SS|OSHA|CFR|PEP|JEP|JSR|KIP|EIP|ERC|BIP|PCI|SOC|ISAE|SSAE|HIPAA|EU|EC|AR|XEP|AUTOSAR|CE
          |Regulation|Directive|Verordnung|Richtlinie|MDR|FIX|SWIFT|MT|NORSOK|API|IPC|JEDEC|CISPR|OIML|VDA|IATF|NFPA|ATEX|ICAO|IATA|ISBN|ISSN)
        (?:[\ /-]?(?:ISO|IEC|EN|T|STD|SP|RP|Nr|No)\.?){0,3} [\s:/.-]{0,2}$",
    )
    .ok()
});

static CURRENCY_BEFORE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?i)(?:\p{Sc}|(?-u:\b)(?:eur|usd|gbp|chf|inr|rs|aud|cad|nzd|sgd|hkd|jpy|cny|rmb|krw|pln|czk|huf|ron|sek|nok|dkk|rub|uah|try|brl|mxn|zar|aed|sar|ils|thb|idr|php|myr|vnd|ngn|kes|egp|euro?s?|dollars?|rm|r|kr|zł|salary|gehalt|salaire|salario|budget|revenue|umsatz))[.:]?\s{0,2}$").ok()
});

/// A currency, or a unit: a plural of English counts as one where it follows directly.
static COUNTED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?xi)^[\s\u{a0}]{0,2}-?(?:
        (?<money>\p{Sc}|(?:eur|usd|gbp|chf|inr|aud|cad|nzd|sgd|hkd|jpy|cny|rmb|krw|pln|czk|huf|ron|sek|nok|dkk|rub|uah|try|brl|mxn|zar|aed|sar|ils|thb|idr|php|myr
          |vnd|ngn|kes|egp|euros?|dollars?|pounds?|rupees?|francs?|yen|yuan|won|złotych|zł|kč|ft|kr|kronor|kroner|lei|lira|tl|р|руб|₽|元|円|원|万|萬|만|lakhs?|crores?|reais|pesos|rand)(?-u:\b)
          |元|円|원|万|萬|만)
        | % | ‰ | °
        | (?:k|m|mio|mrd|bn|b|kb|mb|gb|tb|pb|kib|mib|gib|tib|ms|ns|us|s|sec|min|h|hz|khz|mhz|ghz|px|em|pt|kg|g|t|km|cm|mm|l|w|kw|mw|v|a|loc|sloc|qps|rps|tps|dau|mau|ips|bps|kbps|mbps|gbps|wpm|pa|p\.a)(?-u:\b)
        | (?:million|billion|thousand|hundred|millionen|milliarden|tausend|mille|millions|users?|customers?|clients?|visitors?|subscribers?|followers?
            |requests?|queries|calls|events?|messages?|mails?|emails?|rows?|records?|entries|items?|files?|documents?|images?|tokens?|parameters?|params|samples?|points?|lines?|locs?|commits?|tests?|tickets?|transactions?|payments?|orders?
            |people|persons?|employees?|engineers?|developers?|devs|students?|members?|nodes?|servers?|cores?|instances?|pods?|containers?|machines?|devices?|sensors?|stores?|shops?|sites?|pages?|countries|cities|languages?
            |bytes?|bits?|seconds?|minutes?|hours?|days?|weeks?|months?|years?|yrs?|times|cycles?|iterations?|steps?|epochs?|downloads?|installs?|stars?|per|a\ year|a\ month|a\ day|an\ hour
            |nutzer|kunden|anfragen|zeilen|jahre|jahren|monate|tage|stunden|mitarbeiter|menschen|pro|brutto|netto|ans|années|utilisateurs|clients|lignes|años|usuarios|filas|años|anni|utenti|jaar|gebruikers|lat|użytkowników|лет|пользователей|строк)(?-u:\b)
        | 人 | 年 | 月 | 日 | 行 | 件 | 個 | 个 | 명 | 개
        )",
    )
    .ok()
});

static EXTENSION: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?i)^\s{0,2}[,;(]?\s{0,2}(?:extension|ext|extn|xtn|x|#|durchwahl|dw|poste|доб|anexo|ramal|interno|int|wew|内线|內線|転|转|轉|내선)\.?\s{0,2}[:.#]?\s{0,2}[0-9]{1,6}\b\)?",
    )
    .ok()
});

impl Context {
    /// What stands beside the numbers in `range` of `text`.
    pub(super) fn of(text: &str, range: Range<usize>) -> Self {
        let before = text.get(..range.start).unwrap_or_default();
        let after = text.get(range.end..).unwrap_or_default();
        let reach =
            before.char_indices().rev().nth(MAX_CONTEXT_CHARS).map_or(0, |(start, _)| start);
        let reach = before.get(reach..).unwrap_or_default();
        let line = reach.rsplit('\n').next().unwrap_or_default();
        let unsigned = before.trim_end_matches([' ', '(', '+']);
        let sign = before.get(unsigned.len()..).unwrap_or_default();
        let plus = sign.rfind('+').filter(|_| {
            !unsigned.ends_with(|letter: char| letter.is_ascii_digit()) || sign.starts_with(' ')
        });
        let has_plus = plus.is_some() && !sign.contains("++") && !sign.ends_with("  ");
        let has_bracket =
            sign.trim_end().ends_with('(') || (has_plus && sign.trim_start().starts_with('('));
        let signs = sign.trim_start();
        let directly = before.chars().next_back().filter(|_| signs.is_empty());
        let next = after.chars().next();
        let is = |pattern: &LazyLock<Option<Regex>>, text: &str| {
            pattern.as_ref().is_some_and(|pattern| pattern.is_match(text))
        };
        let unsigned_line = line.get(..line.len() - sign.len().min(line.len())).unwrap_or_default();
        let is_named = is(&NAMING, unsigned_line);
        let is_announced = is(&ANNOUNCING, unsigned_line) || (is(&OWN, unsigned_line) && !is_named);
        let counted = COUNTED.as_ref().and_then(|counted| counted.captures(window(after)));
        let glued = directly.is_some_and(|letter| letter == '_' || is_latin(letter));
        let hyphenated = before
            .strip_suffix(['-', '_', '/'])
            .and_then(|rest| rest.chars().next_back())
            .is_some_and(|letter| letter.is_ascii_alphanumeric());
        let extension = EXTENSION.as_ref().and_then(|extension| extension.find(window(after)));
        Self {
            sign_length: if has_plus || has_bracket { signs.len() } else { 0 },
            extension_length: extension.map_or(0, |extension| extension.len()),
            has_plus,
            has_bracket,
            glued_before: (glued || hyphenated) && !is_announced,
            glued_after: next.is_some_and(|letter| letter == '_' || is_latin(letter))
                && counted.is_none()
                && extension.is_none(),
            is_mixed_token: after
                .chars()
                .take(MAX_CONTEXT_CHARS)
                .take_while(char::is_ascii_alphanumeric)
                .any(|letter| letter.is_ascii_digit()),
            after_comma: signs.is_empty() && ends_in_number_and(before, &[',', '\'', '.']),
            after_colon: signs.is_empty() && ends_in_number_and(before, &[':']),
            before_colon: after
                .strip_prefix(':')
                .is_some_and(|rest| rest.starts_with(|letter: char| letter.is_ascii_digit())),
            after_currency: is(&CURRENCY_BEFORE, unsigned_line),
            before_money: counted.as_ref().is_some_and(|counted| counted.name("money").is_some()),
            is_counted: counted.is_some(),
            is_announced,
            is_id: is_named && !is_announced && !has_plus,
            is_standard: is(&STANDARDS, unsigned_line) && !has_plus,
        }
    }
}

/// The next characters that a unit or an extension may have.
fn window(after: &str) -> &str {
    after.char_indices().nth(24).map_or(after, |(end, _)| after.get(..end).unwrap_or_default())
}

fn is_latin(letter: char) -> bool {
    letter.is_alphabetic() && letter < '\u{530}'
}

fn ends_in_number_and(before: &str, signs: &[char]) -> bool {
    before
        .strip_suffix(signs)
        .is_some_and(|rest| rest.ends_with(|letter: char| letter.is_ascii_digit()))
}
