//! One message: `Intake::read`.

use cv_analytics_core::event::{Event, EventBody, ResponseHalf};
use cv_analytics_core::intake::{
    ANSWER_MAX_CHARS, COMMENT_MAX_CHARS, Content, Intake, KEPT_MAX_BYTES, QUERY_MAX_CHARS,
    REASONING_MAX_CHARS,
};
use cv_analytics_core::interaction::{Interaction, Joined};
use cv_analytics_core::privacy::{Privacy, SessionKey};
use cv_analytics_core::timestamp::Timestamp;

const ARRIVED_AT: Timestamp = Timestamp::from_millis(1_795_424_400_000);
/// A marker may end just behind the place where a text is cut.
const MARKER_CHARS: usize = 40;

/// Holds that
///
/// - reading again gives the same;
/// - a dead letter keeps the message whole;
/// - ids, texts, lists and the kept form have their limits;
/// - the canonical form is read as the same event, also under the rules of privacy: what was redacted, cut or
///   hashed once stays as it is;
/// - the interaction that is made of the event is the same events again.
pub fn check(data: &[u8]) {
    let intake = intake();
    let content = intake.read(data, ARRIVED_AT);
    assert_eq!(content, intake.read(data, ARRIVED_AT), "read twice");
    match content {
        Content::DeadLetter(letter) => assert_eq!(letter.body, data),
        Content::Event(event) => {
            check_limits(&event);
            let kept = event.to_json().to_string();
            assert!(kept.len() <= KEPT_MAX_BYTES, "{} bytes are kept", kept.len());
            for (rules, again) in [
                ("as kept", Intake::as_kept()),
                ("of an archive", Intake::of_archive(intake.privacy().clone())),
            ] {
                let read = again.read(kept.as_bytes(), ARRIVED_AT);
                assert_eq!(read, Content::Event(event.clone()), "{rules}: {kept}");
            }
            let Joined::Changed(interaction) = Interaction::join(None, &event) else {
                panic!("there was nothing before")
            };
            for half in interaction.into_events() {
                let half = half.to_json().to_string();
                let read = Intake::as_kept().read(half.as_bytes(), ARRIVED_AT);
                let Content::Event(read) = read else { panic!("{read:?}: {half}") };
                assert_eq!(read.to_json().to_string(), half);
            }
        }
    }
}

/// With every rule on, and a fixed key.
pub(crate) fn intake() -> Intake {
    Intake::new(Privacy::full(SessionKey::new(b"fuzz".to_vec())))
}

fn check_limits(event: &Event) {
    let id = event.request_id.as_str();
    assert!((1..=119).contains(&id.chars().count()), "{id:?}");
    assert!(!id.starts_with("cv-analytics:"), "{id:?}");
    let (query, response) = match &event.body {
        EventBody::Feedback(feedback) => {
            let comment = feedback.comment.as_ref().map_or(0, |text| text.chars().count());
            assert!(comment <= COMMENT_MAX_CHARS + MARKER_CHARS);
            (None, None)
        }
        EventBody::Query(query) => (Some(query), None),
        EventBody::Response(response) => (None, Some(response)),
        EventBody::Whole(query, response) => (Some(query), Some(response)),
    };
    if let Some(query) = query {
        assert!(query.query.chars().count() <= QUERY_MAX_CHARS + MARKER_CHARS);
    }
    if let Some(half) = response {
        let ResponseHalf { reasoning, matched_skills, missing_skills, topic, answer, .. } = half;
        let answer = answer.as_ref().map_or(0, |text| text.chars().count());
        assert!(answer <= ANSWER_MAX_CHARS + MARKER_CHARS);
        let reasoning = reasoning.iter().map(|text| text.chars().count()).sum::<usize>();
        assert!(reasoning <= REASONING_MAX_CHARS + MARKER_CHARS);
        for names in [matched_skills, missing_skills] {
            assert!(names.len() <= 50, "{names:?}");
        }
        for name in matched_skills.iter().chain(missing_skills).chain(topic) {
            assert!(name.chars().count() <= 200 + MARKER_CHARS, "{name:?}");
        }
    }
}
