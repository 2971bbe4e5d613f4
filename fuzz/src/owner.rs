//! What the owner writes: the CV list and the mail's template.

use std::sync::LazyLock;

use cv_analytics_insights::SkillDictionary;
use cv_analytics_insights::model::Report;
use cv_analytics_insights::skills::cv_list::CvList;
use cv_analytics_insights::view::render::owner_template::{
    MAX_MAIL_BYTES, MailContext, MailTemplate, TemplateFile,
};

static DICTIONARY: LazyLock<SkillDictionary> = LazyLock::new(SkillDictionary::built_in);

static REPORT: LazyLock<Report> = LazyLock::new(|| {
    let sample = include_str!("../../fixtures/reports/rich-week.json");
    serde_json::from_str(sample).expect("the fixture is a report")
});

/// Holds that the entries of a list, written as JSON, are the same entries again, none of them blank or twice, and
/// that every skill in them has the owner's words for it.
pub fn check_cv_list(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let read = CvList::read_entries(text);
    assert_eq!(read, CvList::read_entries(text), "read twice");
    let Ok(entries) = read else { return };
    assert!(!entries.is_empty() && entries.iter().all(|entry| !entry.trim().is_empty()));
    for (index, entry) in entries.iter().enumerate() {
        assert!(!entries[..index].contains(entry), "{entry:?} twice");
    }
    let written = serde_json::to_string(&entries).expect("texts can be written");
    assert_eq!(CvList::read_entries(&written).as_ref(), Ok(&entries), "{written}");
    let list = CvList::new(&DICTIONARY, &entries);
    for skill in list.skills() {
        let words = list.words(skill);
        assert!(!words.is_empty() && words.iter().all(|word| !word.trim().is_empty()));
    }
}

/// Holds that a template is read twice alike, and that one that is taken yields for the week that it was tried
/// on a mail within its bounds, in either form, without giving way to the built-in one.
pub fn check_mail_template(data: &[u8]) {
    let Ok(source) = std::str::from_utf8(data) else { return };
    let file = || Some(TemplateFile { name: "fuzz".to_owned(), source: source.to_owned() });
    for (html, text) in [(file(), None), (None, file())] {
        let is_html = html.is_some();
        let template = match MailTemplate::read(html.clone(), text.clone(), None) {
            Ok(template) => template,
            Err(error) => {
                let again = MailTemplate::read(html, text, None).expect_err("refused before");
                assert_eq!(again, error);
                continue;
            }
        };
        let context = MailContext::default();
        let body = template.render(&REPORT, &context).expect("the built-in form can be filled in");
        assert_eq!(body.warnings, []);
        let written = if is_html { &body.html } else { &body.text };
        assert!(!written.trim().is_empty() && written.len() <= MAX_MAIL_BYTES);
        assert_eq!(
            template.render(&REPORT, &context).as_ref().ok(),
            Some(&body),
            "filled in twice"
        );
    }
}
