//! Redaction as a whole; the corpora are in `tests/privacy_corpus.rs`.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn privacy() -> Privacy {
    Privacy::full(SessionKey::new(b"key".to_vec()))
}

fn check(text: &str, expect: &str) {
    assert_eq!(privacy().text(text), expect);
}

#[test]
fn e_mail_addresses_become_a_marker() {
    check("write to jane.o'hara+cv@mail.example.co.uk, please", "write to [email], please");
    check("jörg@münchen.example", "[email]");
    check("a@b and @handle stay", "a@b and @handle stay");
}

#[test]
fn phone_numbers_become_a_marker() {
    check("call +44 20 7946 0958 now", "call [phone] now");
    check("(020) 7946 0958", "[phone]");
    check("415-555-2671 or (415) 555-2671 or 4155552671", "[phone] or [phone] or [phone]");
    check("0171/1234567", "[phone]");
    check("my number is 07700 900123.", "my number is [phone].");
    check("+1-415-555-2671", "[phone]");
}

#[test]
fn phone_numbers_in_a_row_or_beside_a_date_become_markers() {
    check("07911123456 07911123457", "[phone] [phone]");
    check("07911 123456 020 7946 0958", "[phone] [phone]");
    check("+44 7911 123456 +44 7922 123456 or 07922 123456", "[phone] [phone] or [phone]");
    check("2026-11-24 07911123456", "2026-11-24 [phone]");
    check("on 24/11/2026 555-1234 at ten", "on 24/11/2026 [phone] at ten");
    check("07911123456 2026-11-24 10:00", "[phone] 2026-11-24 10:00");
    check("12345678901 99999", "[phone] 99999");
    check(&"07911 123456 ".repeat(150), &"[phone] ".repeat(150));
}

#[test]
fn other_numbers_stay() {
    for text in [
        "2019-2024",
        "between 2019 2020 2021",
        "80 000 - 100 000 EUR",
        "100,000 to 120,000",
        "192.168.100.200",
        "192.168.100.200 8080",
        "2026-11-24 2026-11-25 10:00",
        "24/11/2026 25/11/2026",
        "2019 2020 2021 2022 2023 2024",
        "100 000 120 000 150 000 180 000",
        "1763000000000123456",
        "on 2026-11-16 or 16-11-2026 at 10:30",
        "version 1.2.3",
        "10 years, 20 people, 300 servers, 4000 users",
        "401k and 24/7",
        "salary 85000 to 95000",
        "ISO 27001, RFC 2104, port 8080",
    ] {
        check(text, text);
    }
}

#[test]
fn credentials_and_keys_become_a_marker() {
    check("see https://me:secret@host.example/x", "see https://[credentials]@host.example/x");
    check("postgres://u:p%40ss@db:5432/cv", "postgres://[credentials]@db:5432/cv");
    check("key sk-proj-abcdEFGH1234abcdEFGH1234 works", "key [api key] works");
    check("AKIAIOSFODNN7EXAMPLE", "[api key]");
    check("ghp_abcdefghijklmnopqrstuvwxyz0123456789", "[api key]");
    check("Authorization: Bearer abcdefghijklmnop.qrstuv", "Authorization: Bearer [api key]");
    check("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.sig", "[api key]");
    check("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "[api key]");
    check("-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----", "[api key]");
}

#[test]
fn what_each_replacement_lays_bare_is_found_however_long_the_chain() {
    let mut text = "07700 900123jane@example.com".repeat(80);
    privacy().redact_and_cut(&mut text, 2_000);
    assert_eq!(privacy().text(&text), text);
    assert!(!text.contains("900123"), "{text}");
    check(&"jane@example.com 07700 900123 ".repeat(66), &"[email] [phone] ".repeat(66));
}

#[test]
fn named_secrets_become_a_marker() {
    check("https://h/?api_key=abcdef0123456789&x=1", "https://h/?api_key=[api key]&x=1");
    check("password: hunter2hunter2", "password: [credentials]");
    check("Das Passwort lautet Sommer2024!", "Das Passwort lautet [credentials]");
    check("the secret: persistence", "the secret: persistence");
    check("glpat-fI4f-j6rfmZn9rZzpP5v", "[api key]");
}

#[test]
fn long_words_are_no_keys() {
    check(
        "internationalizationandlocalizationengineering",
        "internationalizationandlocalizationengineering",
    );
    check("id 550e8400-e29b-41d4-a716-446655440000", "id 550e8400-e29b-41d4-a716-446655440000");
}

#[test]
fn unknown_fields_are_redacted_where_they_hold_free_text() {
    let Value::Object(mut fields) = json!({
        "a@b.example": {"deep": ["x@y.example", 7, null]},
        "note": "call 07911123456",
        "phone": "07911123456",
        "reference": "07911123456",
        "free": "on 07911123456 or so",
        "model": "claude-opus-4-5-20251101",
        "traceId": "4bf92f3577b34da6a3ce929d0e0e4736",
        "requestId": "07911123456",
        "userId": "jane@example.com",
        "apiKey": "abc",
        "session_id": "abc",
        "nested": [{"conversationId": "abc", "session": {"id": "abc", "pages": 2}}],
        "hash": "Zx9Qw3Er7Ty1Ui5Op8As2Df6",
        "tokens": 412
    }) else {
        unreachable!()
    };
    privacy().fields(&mut fields);
    let kept = privacy().session("abc").unwrap();
    assert_eq!(
        Value::Object(fields),
        json!({
            "[email]": {"deep": ["[email]", 7, null]},
            "note": "call [phone]",
            "phone": "[phone]",
            "reference": "07911123456",
            "free": "on [phone] or so",
            "model": "claude-opus-4-5-20251101",
            "traceId": "4bf92f3577b34da6a3ce929d0e0e4736",
            "requestId": "07911123456",
            "userId": "[email]",
            "apiKey": "[api key]",
            "session_id": kept,
            "nested": [{"conversationId": kept, "session": {"id": kept, "pages": 2}}],
            "hash": "Zx9Qw3Er7Ty1Ui5Op8As2Df6",
            "tokens": 412
        })
    );
}

#[test]
fn a_session_is_a_keyed_hash_that_is_not_hashed_again() {
    let kept = privacy().session("abc").unwrap();
    assert!(is_hashed(kept.as_str()), "{kept:?}");
    assert_eq!(privacy().session(kept.as_str()), Some(kept.clone()));
    assert_ne!(Privacy::full(SessionKey::new(b"other".to_vec())).session("abc"), Some(kept));
    assert_eq!(privacy().session("anonymous"), None);
    assert_eq!(privacy().session("  "), None);
}

#[test]
fn each_rule_can_be_switched_off() {
    let open = Privacy { redact_text: false, hash_sessions: false, ..privacy() };
    assert_eq!(open.text("a@b.example"), "a@b.example");
    assert_eq!(open.session("abc").unwrap().as_str(), "abc");
}

proptest! {
    #[test]
    fn no_tail_of_a_key_survives(
        prefix in prop::sample::select(vec!["sk-ant-api03-", "sk-proj-", "sk_live_", "pk_test_"]),
        secret in "[A-Za-z0-9_-]{40}[0-9][A-Za-z0-9_-]{50}",
    ) {
        let text = format!("my key is {prefix}{secret} ok?");
        prop_assert_eq!(privacy().text(&text), "my key is [api key] ok?");
    }

    #[test]
    fn redaction_never_panics_and_is_idempotent(
text in proptest::string::string_regex(concat!(
            "(?s).{0,80}|[ 0-9@.+()a-z:/-]{0,80}|[0-9 ./()+-]{0,60}|[\\u{0660}-\\u{0669}\\u{ff10}-\\u{ff19} \\u{a0}\\u{2011}]{0,40}",
            "|(07700 900123|AKIAIOSFODNN7EXAMPLE|a@b\\.co|token=|password: |\\[phone\\]|\\[api key\\]|at|dot| com|\\(at\\)|https://|\\?|[0-9]{1,5}|[ :=/.@+,-]|ext){0,14}",
            "|(My Password Is |PASSWORT LAUTET|password for |clave|pin|пароль|密码是|token|Vue3|Sommer2024!|hunter2xyz|482193|\\[credentials\\]|[ :=\"'(\\[&?!,-]){0,10}"
        )).unwrap(),
    ) {
        let once = privacy().text(&text).into_owned();
        let twice = privacy().text(&once).into_owned();
        prop_assert_eq!(&twice, &once);
    }

    #[test]
    fn no_address_survives(name in "[a-z]{1,10}", host in "[a-z]{1,10}", before in "[ a-z]{0,10}", after in "[ ,.!?]{0,5}") {
        let text = format!("{before} {name}@{host}.example{after}");
        prop_assert!(!privacy().text(&text).contains('@'));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn fields_are_not_changed_again(
        pieces in prop::collection::vec(
            prop::sample::select(vec![
                "07700 900123", "AKIAIOSFODNN7EXAMPLE", "jane@example.com", "token=", "password: hunter2", "[phone]", "(at)", " ",
                " ", "   ", "(dot) com", "https://", "1", "12", "x", "ß", "DE89 3704 0044 0532 0130 00", "jane @ example . com",
            ]),
            1..40,
        ),
        times in 1_usize..200,
        long in 0_usize..700,
    ) {
        let text = format!("x {}{} y", pieces.concat().repeat(times), "7".repeat(long));
        let Value::Object(mut once) = json!({"note": text, "other": {"deep": [text]}, "answer": " ".repeat(long * 5) + &text}) else {
            unreachable!()
        };
        privacy().fields(&mut once);
        let mut twice = once.clone();
        prop_assert_eq!(privacy().fields(&mut twice).len(), 0);
        prop_assert_eq!(&twice, &once);
        for text in [&once["note"], &once["other"]["deep"][0], &once["answer"]] {
            prop_assert!(text.as_str().is_some_and(|text| !text.trim().is_empty() && text.chars().count() <= 2_000));
        }
    }
}

/// A text of `length` letters that ends in `ending`.
fn padded(length: usize, ending: &str) -> String {
    let words = "what have you done with it ".repeat(length / 27 + 1);
    format!("{} {ending}", &words[..length - ending.len() - 1])
}

#[test]
fn nothing_of_a_number_or_secret_is_visible_at_a_cut() {
    let secrets = [
        "07911 123456",
        "+44 20 7946 0958",
        "jane.doe@mail.example.com",
        "sk-proj-abcdEFGH1234abcdEFGH1234",
        "4111 1111 1111 1111",
        "DE89 3704 0044 0532 0130 00",
        "https://me:secret@host.example/x",
        "password: hunter2hunter2",
    ];
    for secret in secrets {
        for length in 2_000..2_000 + secret.len() + 2 {
            let mut text = padded(length, secret) + " and more of it".repeat(60).as_str();
            assert!(privacy().redact_and_cut(&mut text, 2_000), "{secret}");
            assert!(text.chars().count() <= 2_000);
            let tail: String =
                text.chars().rev().take(60).collect::<String>().chars().rev().collect();
            assert!(
                !tail.contains(|letter: char| letter.is_ascii_digit()),
                "{secret} at {length}: {tail}"
            );
            assert!(
                !tail.contains("jane") && !tail.contains("hunter") && !tail.contains("sk-"),
                "{tail}"
            );
            let again = privacy().text(&text).into_owned();
            assert_eq!(again, text);
        }
    }
}

#[test]
fn a_text_is_read_no_further_than_a_little_behind_its_limit() {
    for ending in [
        "07911 123456 ",
        "4111 1111 1111 1111 ",
        "jane@example.com ",
        "Zx9Qw3Er7Ty1Ui5Op8As2Df6 ",
        "1 ",
    ] {
        let mut text = ending.repeat(2_000);
        assert!(privacy().redact_and_cut(&mut text, 2_000));
        assert!(text.chars().count() <= 2_000 && text.len() >= 800, "{ending}: {}", text.len());
        assert!(!text.trim_end().ends_with("07911") && !text.contains("4111"), "{text}");
    }
    let mut text = "w".repeat(5_000);
    assert!(privacy().redact_and_cut(&mut text, 2_000));
    assert_eq!(text.len(), 2_000);
    let mut text = "7".repeat(5_000);
    assert!(privacy().redact_and_cut(&mut text, 2_000));
    assert!(text.len() <= 2_000);
}
