//! The forms that change the CV list, aliases, topics and exclusions: what stands in them, what the owner typed, and
//! what was changed last.

use std::collections::{BTreeMap, BTreeSet};

use cv_analytics_core::event::{RequestId, SessionDigest};
use cv_analytics_core::store::Store;
use cv_analytics_insights::settings::FigureSettings;
use cv_analytics_insights::settings::parts::{PartChange, SettingsPart, last_change};
use cv_analytics_insights::view::changes::some;
use cv_analytics_insights::view::text::capitalised;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::form::Form;
use crate::page::PageError;
use crate::times::{Moment, Times};

/// How long after a change the page offers to undo it.
const UNDO_WITHIN_MS: i64 = 24 * 3600 * 1000;
/// Bytes of a text, as a form sends it, beside what else is in the form.
const MAX_ENCODED_TEXT_BYTES: usize = 60 * 1024;

/// What the owner typed for a part.
#[derive(Clone, Debug)]
pub(crate) struct Typed {
    pub(crate) part: SettingsPart,
    pub(crate) text: String,
    /// Of the excluded conversations those that stay, by their digest.
    pub(crate) sessions: BTreeSet<String>,
    /// An interaction whose conversation is left out from now on.
    pub(crate) conversation_of: String,
    /// What is wrong with it.
    pub(crate) error: Option<String>,
}

/// The form of a part.
#[derive(Debug, Serialize)]
pub(crate) struct Editor {
    part: &'static str,
    name: &'static str,
    form: String,
    text: String,
    /// Digest, short name, and whether it stays.
    sessions: Vec<(String, String, bool)>,
    conversation_of: String,
    error: Option<String>,
    /// Whether it is being written.
    is_open: bool,
    /// What is set is more than a form takes.
    is_too_large: bool,
}

/// What was changed last, and the button that undoes it.
#[derive(Debug, Serialize)]
pub(crate) struct ChangedView {
    name: String,
    text: String,
    when: Moment,
    /// Names the change.
    at: String,
}

impl Typed {
    pub(crate) fn of(part: SettingsPart, form: &Form) -> Result<Self, PageError> {
        let text = form.get("text");
        Ok(Self {
            part,
            text: text.ok_or_else(|| PageError::BadRequest("missing field: text".into()))?.into(),
            sessions: form.all("session").map(str::to_owned).collect(),
            conversation_of: form.get("conversation-of").unwrap_or_default().trim().to_owned(),
            error: None,
        })
    }

    /// The part that was typed, in place of that of `current`; or what is wrong with it.
    pub(crate) async fn read(
        &self,
        store: &dyn Store,
        current: &FigureSettings,
    ) -> Result<Result<FigureSettings, String>, PageError> {
        // A field that was emptied removes what was set.
        let mut read = if self.text.trim().is_empty() {
            FigureSettings::default()
        } else {
            match self.part.read(&self.text) {
                Ok(read) => read,
                Err(error) => return Ok(Err(error.to_string())),
            }
        };
        if self.part != SettingsPart::Exclusions {
            return Ok(Ok(read));
        }
        let stays =
            |session: &&String| self.sessions.contains(&SessionDigest::of(session).to_string());
        read.exclusions.sessions =
            current.exclusions.sessions.iter().filter(stays).cloned().collect();
        if !self.conversation_of.is_empty() {
            match session_of(store, &self.conversation_of).await? {
                Ok(session) => {
                    read.exclusions.sessions.insert(session);
                }
                Err(error) => return Ok(Err(error.to_owned())),
            }
        }
        Ok(Ok(read))
    }
}

/// The session of an interaction, as the store keeps it.
async fn session_of(
    store: &dyn Store,
    request_id: &str,
) -> Result<Result<String, &'static str>, PageError> {
    let found = match RequestId::new(request_id) {
        Ok(id) => store.interaction(&id).await?,
        Err(_) => None,
    };
    let Some(found) = found else {
        return Ok(Err(
            "unknown request ID: no interaction has it, so its conversation cannot be excluded",
        ));
    };
    let of_query = found.query.and_then(|query| query.session);
    let session = of_query.or_else(|| found.response.and_then(|response| response.session));
    Ok(session
        .map(|session| session.as_str().to_owned())
        .ok_or("missing session: that interaction has none; enter its request ID above instead"))
}

/// The forms of every part; what was typed stands in that of its part.
pub(crate) fn editors(
    settings: &FigureSettings,
    mut typed: Option<Typed>,
) -> BTreeMap<&'static str, Editor> {
    let editor = |part: SettingsPart| {
        let typed = typed.take_if(|typed| typed.part == part);
        let is_open = typed.is_some();
        let shown = part.to_text(settings);
        let is_too_large = encoded_bytes(&shown) > MAX_ENCODED_TEXT_BYTES;
        let sessions = settings.exclusions.sessions.iter().map(|session| {
            let session = SessionDigest::of(session);
            let (digest, short) = (session.to_string(), session.short());
            let stays = typed.as_ref().is_none_or(|typed| typed.sessions.contains(&digest));
            (digest, short, stays)
        });
        let sessions =
            if part == SettingsPart::Exclusions { sessions.collect() } else { Vec::new() };
        let (text, conversation_of, error) = match typed {
            Some(Typed { text, conversation_of, error, .. }) => (text, conversation_of, error),
            None if is_too_large => Default::default(),
            None => (shown, String::new(), None),
        };
        Editor {
            part: part.code(),
            name: part.name(),
            form: as_sentence(part.form()),
            text,
            sessions,
            conversation_of,
            error,
            is_open,
            is_too_large: is_too_large && !is_open,
        }
    };
    let editors = SettingsPart::ALL.into_iter().map(editor);
    editors.map(|editor| (editor.part, editor)).collect()
}

/// A sentence of the command line for a page: with a capital, and quotation marks for backquotes.
pub(crate) fn as_sentence(sentence: &str) -> String {
    let mut words = String::new();
    for (place, part) in sentence.split('`').enumerate() {
        words += match place {
            0 => "",
            place if place % 2 == 1 => "“",
            _ => "”",
        };
        words += part;
    }
    capitalised(&words)
}

fn encoded_bytes(text: &str) -> usize {
    form_urlencoded::byte_serialize(text.as_bytes()).map(str::len).sum()
}

impl ChangedView {
    /// The last change, where it holds and is not long ago.
    pub(crate) async fn of(
        store: &dyn Store,
        settings: &FigureSettings,
        times: &Times,
    ) -> Result<Option<Self>, PageError> {
        let now = times.now;
        let is_new = |change: &PartChange| now.as_millis() - change.at.as_millis() < UNDO_WITHIN_MS;
        let change = last_change(store, settings).await?.filter(is_new);
        Ok(change.map(|PartChange { part, before, after, at }| {
            let what = difference(part, &before, &after).unwrap_or_default();
            let what =
                what.into_iter().map(|(what, names)| format!("{} {names}", what.to_lowercase()));
            Self {
                name: capitalised(part.name()),
                text: what.collect::<Vec<_>>().join("; "),
                when: times.moment(at),
                at: at.to_string(),
            }
        }))
    }
}

/// What is in the part now and was not, and the other way round; `None` where it is the same.
pub(crate) fn difference(
    part: SettingsPart,
    before: &FigureSettings,
    after: &FigureSettings,
) -> Option<Vec<(&'static str, String)>> {
    if part.is_same(before, after) {
        return None;
    }
    let (was, is) = (part.entries(before), part.entries(after));
    let without = |all: &BTreeMap<String, String>, others: &BTreeMap<String, String>| {
        all.keys().filter(|name| !others.contains_key(*name)).cloned().collect::<Vec<_>>()
    };
    let altered = is.iter().filter(|(name, words)| was.get(*name).is_some_and(|was| was != *words));
    let all = [
        ("Added", without(&is, &was)),
        ("Removed", without(&was, &is)),
        ("Changed", altered.map(|(name, _)| name.clone()).collect()),
    ];
    let mut told: Vec<_> = all
        .into_iter()
        .filter(|(_, names)| !names.is_empty())
        .map(|(what, names)| (what, some(&names)))
        .collect();
    if told.is_empty() {
        told.push(("Changed", "the order".to_owned()));
    }
    Some(told)
}

/// Names what is in the part, so that a change knows what it replaces.
pub(crate) fn base(part: SettingsPart, settings: &FigureSettings) -> Result<String, PageError> {
    Ok(hex::encode(Sha256::digest(part.only(settings).to_json()?.as_bytes())))
}
